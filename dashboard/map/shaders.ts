// The two shaders of the device layer. The vertex shader moves every mark by its velocity exactly as live/motion.ts does; the fragment
// shader draws shapes by signed distance, so they stay crisp at every size.

/** Numbers of the shapes, as the fragment shader knows them. */
export const SHAPE = { disc: 0, dart: 1, capsule: 2, slot: 3, gauge: 4, tile: 5, mark: 6, halo: 7 } as const;

export const VERTEX_SHADER = `#version 300 es
precision highp float;
layout(location = 0) in vec2 corner;
layout(location = 1) in vec2 position;
layout(location = 2) in vec2 velocity;
layout(location = 3) in vec2 correction;
layout(location = 4) in vec2 times;       // of report (simulated), of correction (wall): seconds from the epochs
layout(location = 5) in vec4 look;        // heading rad, shape, share, opacity
layout(location = 6) in vec3 size;        // half length m, least half length px, half width / half length
layout(location = 7) in vec4 colour;
uniform mat4 matrix;
uniform vec2 now;                         // simulated, wall: seconds from the epochs
uniform vec2 viewport;                    // px
uniform float pxPerM;
uniform float aheadLimitS;
uniform float blendS;
out vec2 local;                           // px from the centre, x forward
out vec2 halfSize;
flat out vec4 fill;
flat out vec3 mark;                       // shape, share, opacity
void main() {
  float dt = clamp(now.x - times.x, 0.0, aheadLimitS);
  float blend = 1.0 - smoothstep(0.0, 1.0, (now.y - times.y) / blendS);
  vec4 centre = matrix * vec4(position + velocity * dt + correction * blend, 0.0, 1.0);
  float halfLength = max(size.y, size.x * pxPerM);
  halfSize = vec2(halfLength, halfLength * size.z);
  local = corner * (halfSize + 2.0);
  float c = cos(look.x), s = sin(look.x);
  vec2 forward = vec2(s, c);
  vec2 side = vec2(c, -s);
  vec2 px = forward * local.x + side * local.y;
  gl_Position = centre + vec4(px * 2.0 / viewport * centre.w, 0.0, 0.0);
  fill = colour;
  mark = look.yzw;
}`;

export const FRAGMENT_SHADER = `#version 300 es
precision highp float;
in vec2 local;
in vec2 halfSize;
flat in vec4 fill;
flat in vec3 mark;
uniform vec3 outline;
out vec4 result;
float box(vec2 p, vec2 b, float r) { vec2 q = abs(p) - b + r; return min(max(q.x, q.y), 0.0) + length(max(q, 0.0)) - r; }
float dart(vec2 p, vec2 b) {
  p.y = abs(p.y);
  vec2 tip = vec2(b.x, 0.0), wing = vec2(-b.x, b.y), notch = vec2(-b.x * 0.45, 0.0);
  vec2 n1 = normalize(vec2(wing.y - tip.y, tip.x - wing.x));
  vec2 n2 = normalize(vec2(-(wing.y - notch.y), -(notch.x - wing.x)));
  return max(dot(p - tip, n1), dot(p - notch, n2));
}
vec4 paint(vec3 colour, float distance, float alpha) { return vec4(colour, alpha * clamp(0.5 - distance, 0.0, 1.0)); }
vec4 over(vec4 a, vec4 b) { float k = a.a + b.a * (1.0 - a.a); return k <= 0.0 ? vec4(0.0) : vec4((a.rgb * a.a + b.rgb * b.a * (1.0 - a.a)) / k, k); }
void main() {
  int shape = int(mark.x + 0.5);
  vec4 seen = vec4(0.0);
  float rim = clamp(halfSize.y * 0.28, 0.7, 1.6);
  if (shape == 0) {
    float d = length(local) - halfSize.x;
    seen = over(paint(fill.rgb, d + rim, 1.0), paint(outline, d, 0.75));
  } else if (shape == 1) {
    float d = dart(local, halfSize);
    seen = over(paint(fill.rgb, d + 0.5, 1.0), paint(outline, d - 0.6, 0.8));
  } else if (shape == 2) {
    float d = box(local, halfSize, halfSize.y);
    vec4 nose = paint(outline, length(local - vec2(halfSize.x - halfSize.y, 0.0)) - halfSize.y * 0.42, 0.85);
    seen = over(nose, over(paint(fill.rgb, d + rim, 1.0), paint(outline, d, 0.95)));
  } else if (shape == 3) {
    float d = box(local, halfSize, 1.5);
    vec4 edge = paint(fill.rgb, abs(d + 0.8) - 0.8, 1.0);
    seen = mark.y > 0.5 ? over(edge, paint(fill.rgb, d, 0.85)) : over(edge, paint(fill.rgb, d, 0.12));
  } else if (shape == 4) {
    float r = length(local);
    float width = max(2.5, halfSize.x * 0.3);
    float ring = abs(r - halfSize.x + width * 0.5) - width * 0.5;
    float turn = fract(atan(local.y, local.x) / 6.2831853 + 1.0);
    seen = paint(fill.rgb, ring, turn <= mark.y ? 1.0 : 0.28);
    seen = over(seen, paint(outline, r - halfSize.x - 1.0, 0.72));
  } else if (shape == 5) {
    seen = paint(fill.rgb, box(local, halfSize - 0.75, 2.0), 0.78);
  } else if (shape == 6) {
    float r = length(local);
    seen = over(paint(fill.rgb, r - halfSize.x * 0.52, 1.0), over(paint(outline, r - halfSize.x + 1.6, 1.0), paint(fill.rgb, r - halfSize.x, 1.0)));
  } else {
    float r = length(local);
    seen = over(paint(fill.rgb, abs(r - halfSize.x + 1.5) - 1.5, 0.95), paint(fill.rgb, r - halfSize.x, 0.16));
  }
  float alpha = seen.a * mark.z * fill.a;
  result = vec4(seen.rgb * alpha, alpha);
}`;
