// The commands of a bus as they are described to the world. What becomes of them: holds.ts, orders.ts, priority.ts.
import type { CommandDescription, JsonSchema } from '../../telemetry/description.ts';

export const HOLD_MAX_S = 600;
/** Urban bus limit, km/h. */
export const ADVICE_MAX_KMH = 50;

export const COMMANDS: { readonly [name: string]: CommandDescription } = {
  hold: {
    label: 'Hold at the stop',
    labels: { zh: '在站等待' },
    args: argsOf({
      durationS: { type: 'integer', title: 'Duration, s', minimum: 1, maximum: HOLD_MAX_S, default: 60 },
    }),
  },
  departNow: { label: 'Leave now', labels: { zh: '立即发车' }, args: argsOf({}) },
  shortTurn: {
    label: 'Turn short',
    labels: { zh: '区间折返' },
    args: argsOf({ atStop: { type: 'string', title: 'At the stop (id)', minLength: 1, maxLength: 64 } }),
  },
  skip: {
    label: 'Skip stops',
    labels: { zh: '越站' },
    args: argsOf({ stops: { type: 'string', title: 'Stops (ids, with commas)', minLength: 1, maxLength: 1000 } }),
  },
  deadhead: {
    label: 'Run empty to a stop',
    labels: { zh: '空驶到站' },
    args: argsOf({ toStop: { type: 'string', title: 'To the stop (id)', minLength: 1, maxLength: 64 } }),
  },
  speedAdvice: {
    label: 'Drive no faster',
    labels: { zh: '限速建议' },
    args: argsOf({
      speedKmh: { type: 'number', title: 'Speed, km/h', exclusiveMinimum: 0, maximum: ADVICE_MAX_KMH, default: 35 },
    }),
  },
  engineOffAdvice: { label: 'Engine off', labels: { zh: '熄火建议' }, args: argsOf({}) },
  reassign: {
    label: 'Go to another line',
    labels: { zh: '调往他线' },
    args: argsOf({ line: { type: 'string', title: 'Line (id)', minLength: 1, maxLength: 64 } }),
  },
  requestPriority: { label: 'Ask the next light for green', labels: { zh: '请求信号优先' }, args: argsOf({}) },
};

/** All arguments are required. */
function argsOf(properties: { readonly [name: string]: JsonSchema }): JsonSchema {
  const required = Object.keys(properties);
  return {
    type: 'object',
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}
