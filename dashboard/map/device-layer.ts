// One WebGL2 layer inside the map for every device: instance buffers by kind, uploaded only when a fleet changed; between uploads the
// vertex shader moves them for nothing.
import type { CustomLayerInterface, CustomRenderMethodInput } from 'maplibre-gl';
import type { Rgb } from './colour.ts';
import { MARK_WORDS, type MarkBuffer } from './marks.ts';
import { AHEAD_LIMIT_S, BLEND_S, type DrawTime } from '../live/motion.ts';
import { FRAGMENT_SHADER, VERTEX_SHADER } from './shaders.ts';
import type { Pace } from './pace.ts';

const UNIFORMS = ['matrix', 'now', 'viewport', 'pxPerM', 'aheadLimitS', 'blendS', 'outline'] as const;
/** First word and number of words of each attribute from location 1; the colour (location 7) is four bytes. */
const ATTRIBUTES = [
  [0, 2],
  [2, 2],
  [4, 2],
  [6, 2],
  [8, 4],
  [12, 3],
] as const;
const COLOUR_LOCATION = 7;
const COLOUR_WORD = 15;

export interface LayerFrame {
  readonly time: DrawTime;
  readonly simEpochMs: number;
  readonly wallEpochMs: number;
  readonly origin: { readonly x: number; readonly y: number };
  readonly pxPerM: number;
  readonly outline: Rgb;
  /** Kinds in drawing order, lowest first. */
  readonly order: readonly string[];
}

interface Group {
  readonly vao: WebGLVertexArrayObject;
  readonly buffer: WebGLBuffer;
  count: number;
  capacity: number;
}

export class DeviceLayer implements CustomLayerInterface {
  readonly id = 'devices';
  readonly type = 'custom';
  readonly renderingMode = '2d';
  private gl: WebGL2RenderingContext | undefined;
  private program: WebGLProgram | undefined;
  private corners: WebGLBuffer | undefined;
  private readonly groups = new Map<string, Group>();
  private readonly locations = new Map<string, WebGLUniformLocation | null>();
  private readonly frame: () => LayerFrame;
  private readonly pace: Pace;

  constructor(frame: () => LayerFrame, pace: Pace) {
    this.frame = frame;
    this.pace = pace;
  }

  onAdd(_map: unknown, context: WebGLRenderingContext | WebGL2RenderingContext): void {
    const gl = context as WebGL2RenderingContext;
    this.gl = gl;
    this.program = link(gl);
    for (const name of UNIFORMS) this.locations.set(name, gl.getUniformLocation(this.program, name));
    this.corners = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.corners);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
    // After a lost context or a new style the old buffers are gone.
    this.groups.clear();
  }

  onRemove(): void {
    this.gl = undefined;
    this.groups.clear();
  }

  get ready(): boolean {
    return this.gl !== undefined;
  }

  upload(kind: string, marks: MarkBuffer): void {
    const gl = this.gl;
    if (gl === undefined) return;
    const group = this.groups.get(kind) ?? this.addGroup(gl, kind);
    const words = marks.count * MARK_WORDS;
    gl.bindBuffer(gl.ARRAY_BUFFER, group.buffer);
    if (words > group.capacity) {
      group.capacity = marks.floats.length;
      gl.bufferData(gl.ARRAY_BUFFER, group.capacity * 4, gl.DYNAMIC_DRAW);
    }
    if (words > 0) gl.bufferSubData(gl.ARRAY_BUFFER, 0, marks.floats, 0, words);
    group.count = marks.count;
    gl.bindBuffer(gl.ARRAY_BUFFER, null);
  }

  hide(kind: string): void {
    const group = this.groups.get(kind);
    if (group !== undefined) group.count = 0;
  }

  private addGroup(gl: WebGL2RenderingContext, kind: string): Group {
    const group = { vao: gl.createVertexArray(), buffer: gl.createBuffer(), count: 0, capacity: 0 };
    gl.bindVertexArray(group.vao);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.corners!);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, group.buffer);
    ATTRIBUTES.forEach(([word, words], index) => {
      gl.enableVertexAttribArray(index + 1);
      gl.vertexAttribPointer(index + 1, words, gl.FLOAT, false, MARK_WORDS * 4, word * 4);
      gl.vertexAttribDivisor(index + 1, 1);
    });
    gl.enableVertexAttribArray(COLOUR_LOCATION);
    gl.vertexAttribPointer(COLOUR_LOCATION, 4, gl.UNSIGNED_BYTE, true, MARK_WORDS * 4, COLOUR_WORD * 4);
    gl.vertexAttribDivisor(COLOUR_LOCATION, 1);
    gl.bindVertexArray(null);
    this.groups.set(kind, group);
    return group;
  }

  render(context: WebGLRenderingContext | WebGL2RenderingContext, input: CustomRenderMethodInput): void {
    const gl = context as WebGL2RenderingContext;
    const { time, simEpochMs, wallEpochMs, origin, pxPerM, outline, order } = this.frame();
    gl.useProgram(this.program!);
    const at = (name: (typeof UNIFORMS)[number]): WebGLUniformLocation | null => this.locations.get(name) ?? null;
    gl.uniformMatrix4fv(at('matrix'), false, shifted(input.defaultProjectionData.mainMatrix, origin.x, origin.y));
    gl.uniform2f(at('now'), (time.simMs - simEpochMs) / 1000, (time.wallMs - wallEpochMs) / 1000);
    const ratio = gl.drawingBufferWidth / (gl.canvas as HTMLCanvasElement).clientWidth;
    gl.uniform2f(at('viewport'), gl.drawingBufferWidth / ratio, gl.drawingBufferHeight / ratio);
    gl.uniform1f(at('pxPerM'), pxPerM);
    gl.uniform1f(at('aheadLimitS'), AHEAD_LIMIT_S);
    gl.uniform1f(at('blendS'), BLEND_S);
    gl.uniform3f(at('outline'), outline[0] / 255, outline[1] / 255, outline[2] / 255);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    for (const kind of order) {
      const group = this.groups.get(kind);
      if (group === undefined || group.count === 0) continue;
      gl.bindVertexArray(group.vao);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, group.count);
    }
    gl.bindVertexArray(null);
    this.pace.given(gl);
  }
}

/** matrix · translate(x, y, 0) in doubles: float32 alone would shake at street level. */
function shifted(matrix: ArrayLike<number>, x: number, y: number): Float32Array {
  const result = Float64Array.from(matrix);
  for (let row = 0; row < 4; row++) result[12 + row] = matrix[12 + row]! + matrix[row]! * x + matrix[4 + row]! * y;
  return Float32Array.from(result);
}

function link(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX_SHADER],
    [gl.FRAGMENT_SHADER, FRAGMENT_SHADER],
  ] as const) {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (gl.getShaderParameter(shader, gl.COMPILE_STATUS) !== true)
      throw new Error(`shader: ${gl.getShaderInfoLog(shader)}`);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (gl.getProgramParameter(program, gl.LINK_STATUS) !== true)
    throw new Error(`shaders: ${gl.getProgramInfoLog(program)}`);
  return program;
}
