// What a bus offers on the wire.
import type { Model } from '../fleet.ts';

export const busDescription: Model['description'] = {
  kind: 'bus',
  label: 'Bus',
  labels: { zh: '公交车' },
  fields: {
    lat: { label: 'Latitude', labels: { zh: '纬度' }, unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
    lon: { label: 'Longitude', labels: { zh: '经度' }, unit: 'deg', min: -180, max: 180, resolution: 1e-7 },
    speedMps: { label: 'Speed', labels: { zh: '速度' }, unit: 'm/s', min: 0, max: 40, resolution: 0.01 },
    headingDeg: { label: 'Heading', labels: { zh: '航向' }, unit: 'deg', min: 0, max: 360, resolution: 0.1 },
    line: { label: 'Line', labels: { zh: '线路' }, unit: '', type: 'string' },
    direction: { label: 'Direction', labels: { zh: '方向' }, unit: '', type: 'string', enum: ['out', 'back'] },
    nextStop: { label: 'Stop', labels: { zh: '站点' }, unit: '', type: 'string' },
    stopSequence: { label: 'Number of the stop', labels: { zh: '站序' }, unit: '', min: 0, max: 200, resolution: 1 },
    status: {
      label: 'Status',
      labels: { zh: '状态' },
      unit: '',
      type: 'string',
      enum: ['inTransitTo', 'stoppedAt', 'holding', 'layover', 'broken'],
    },
    load: { label: 'Passengers', labels: { zh: '载客数' }, unit: '', min: 0, max: 80, resolution: 1 },
    boarded: { label: 'Boarded at the stop', labels: { zh: '上车人数' }, unit: '', min: 0, max: 200, resolution: 1 },
    alighted: { label: 'Alighted at the stop', labels: { zh: '下车人数' }, unit: '', min: 0, max: 200, resolution: 1 },
    denied: {
      label: 'Left behind at the stop',
      labels: { zh: '未能上车人数' },
      unit: '',
      min: 0,
      max: 10_000,
      resolution: 1,
    },
    headwayS: {
      label: 'Headway at the stop',
      labels: { zh: '车头时距' },
      unit: 's',
      min: 0,
      max: 1_000_000,
      resolution: 1,
    },
    delayS: { label: 'Delay', labels: { zh: '晚点' }, unit: 's', min: -100_000, max: 100_000, resolution: 1 },
    odometerM: { label: 'Odometer', labels: { zh: '里程' }, unit: 'm', min: 0, max: 1e10, resolution: 1 },
    fuelL: { label: 'Diesel since the start', labels: { zh: '油耗' }, unit: 'l', min: 0, max: 1e6, resolution: 0.001 },
    doorOpen: { label: 'Door open', labels: { zh: '车门开启' }, unit: '', type: 'boolean' },
  },
  events: {
    breakdown: { label: 'Breakdown', labels: { zh: '故障' }, severity: 'critical' },
    crowded: { label: 'Full', labels: { zh: '满载' }, severity: 'warning' },
    bunching: { label: 'Right behind its leader', labels: { zh: '串车' }, severity: 'info' },
  },
  commands: {
    hold: {
      label: 'Hold at the stop',
      labels: { zh: '驻站等待' },
      args: {
        type: 'object',
        properties: { durationS: { type: 'integer', minimum: 1, maximum: 600, default: 30, title: 'Seconds' } },
        required: ['durationS'],
        additionalProperties: false,
      },
    },
    departNow: {
      label: 'End the hold',
      labels: { zh: '立即发车' },
      args: { type: 'object', properties: {}, additionalProperties: false },
    },
  },
};
