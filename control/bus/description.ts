// As which the dispatch centre appears in the city: what it reports, and what may be asked of it.
import type { Description } from '../../telemetry/description.ts';
import { POLICY_NAMES } from './policy.ts';

const MIXED = 'mixed';

export const DISPATCH_DESCRIPTION: Description = {
  kind: 'bus-dispatch',
  label: 'Bus dispatch centre',
  labels: { zh: '公交调度中心' },
  fields: {
    policy: { label: 'Policy', labels: { zh: '调度策略' }, unit: '', type: 'string', enum: [...POLICY_NAMES, MIXED] },
    headwayCv: { label: 'Headway variation', labels: { zh: '车头时距变异系数' }, unit: '', min: 0, resolution: 0.001 },
    excessWaitS: { label: 'Excess wait', labels: { zh: '额外候车时间' }, unit: 's', resolution: 0.1 },
    bunchedShare: { label: 'Bunched buses', labels: { zh: '串车比例' }, unit: '', min: 0, max: 1, resolution: 0.001 },
    heldBuses: { label: 'Buses held now', labels: { zh: '正在控时的车辆' }, unit: '', min: 0, resolution: 1 },
    decisions: { label: 'Decisions', labels: { zh: '调度指令数' }, unit: '', min: 0, resolution: 1 },
    etaErrorS: {
      label: 'Error of arrivals 10 min ahead',
      labels: { zh: '10分钟到站预测误差' },
      unit: 's',
      min: 0,
      resolution: 0.1,
    },
    bus: { label: 'Bus', labels: { zh: '车辆' }, unit: '', type: 'string' },
    action: { label: 'Action', labels: { zh: '指令' }, unit: '', type: 'string' },
    line: { label: 'Line', labels: { zh: '线路' }, unit: '', type: 'string' },
    stop: { label: 'Stop', labels: { zh: '站点' }, unit: '', type: 'string' },
    durationS: { label: 'Duration', labels: { zh: '时长' }, unit: 's', min: 0, resolution: 1 },
    gapS: { label: 'Gap ahead', labels: { zh: '与前车间隔' }, unit: 's', min: 0, resolution: 1 },
    targetS: { label: 'Planned headway', labels: { zh: '计划间隔' }, unit: 's', min: 0, resolution: 1 },
    leader: { label: 'Bus ahead', labels: { zh: '前车' }, unit: '', type: 'string' },
    why: { label: 'Reason', labels: { zh: '原因' }, unit: '', type: 'string' },
  },
  events: { decision: { label: 'Decision', labels: { zh: '调度决策' }, severity: 'info' } },
  commands: {
    setPolicy: {
      label: 'Set the policy',
      labels: { zh: '设置调度策略' },
      args: {
        type: 'object',
        properties: {
          policy: { type: 'string', title: 'Policy', enum: [...POLICY_NAMES], default: 'forward-headway' },
          line: { type: 'string', title: 'Line; all lines when left out' },
        },
        required: ['policy'],
        additionalProperties: false,
      },
    },
  },
};
