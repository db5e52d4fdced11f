// How long the machine needs for a frame: drawing goes on beside the script, so a fence says when it is done. A machine without a graphics
// card can so be left half of its time for everything else.

export class Pace {
  private gl: WebGL2RenderingContext | undefined;
  private fence: WebGLSync | null = null;
  private begunMs = 0;
  private costMs = 0;

  /** The commands of a frame have been given. */
  given(gl: WebGL2RenderingContext): void {
    if (this.fence !== null) return;
    this.gl = gl;
    this.begunMs = performance.now();
    this.fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
  }

  /** Ms that the last frame took; undefined: it is still being drawn. */
  get frameMs(): number | undefined {
    const { gl, fence } = this;
    if (gl === undefined || fence === null) return this.costMs;
    if (!gl.isContextLost() && gl.getSyncParameter(fence, gl.SYNC_STATUS) !== gl.SIGNALED) return undefined;
    gl.deleteSync(fence);
    this.fence = null;
    return (this.costMs = performance.now() - this.begunMs);
  }
}
