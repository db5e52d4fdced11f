// A city bus: drives the trips of its line's fixed timetable, carries the people who wait, and drifts into its neighbours unless someone holds
// it. Where a street is closed it is waved through, slowly. Every driver obeys (real compliance is nearer 80 %); no short turns, no skipped
// stops. A record at a departure still names the stop that the bus leaves: there, and only there, it carries the passenger counts and the
// headway. How it lives stands in simulator/bus, beginning with buses.ts.
import { BREAKDOWN } from '../bus/breakdowns.ts';
import { Buses } from '../bus/buses.ts';
import { COMMANDS } from '../bus/holds.ts';
import { CAPACITY } from '../bus/state.ts';
import type { Model } from '../fleet.ts';

export const model: Model = {
  description: {
    kind: 'bus',
    label: 'Bus',
    labels: { zh: '公交车' },
    fields: {
      lat: { label: 'Latitude', labels: { zh: '纬度' }, unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
      lon: { label: 'Longitude', labels: { zh: '经度' }, unit: 'deg', min: -180, max: 180, resolution: 1e-7 },
      speedMps: { label: 'Speed', labels: { zh: '速度' }, unit: 'm/s', min: 0, max: 30, resolution: 0.1, sensor: {} },
      headingDeg: { label: 'Heading', labels: { zh: '航向' }, unit: 'deg', min: 0, max: 360, resolution: 1 },
      line: { label: 'Line', labels: { zh: '线路' }, unit: '', type: 'string' },
      direction: { label: 'Direction', labels: { zh: '方向' }, unit: '', type: 'string', enum: ['out', 'back'] },
      nextStop: { label: 'Stop', labels: { zh: '站点' }, unit: '', type: 'string' },
      stopSequence: { label: 'Stop number', labels: { zh: '站序' }, unit: '', min: 0, resolution: 1 },
      trip: { label: 'Trip', labels: { zh: '班次' }, unit: '', type: 'string' },
      alongM: { label: 'Way of the trip so far', labels: { zh: '班次已行驶' }, unit: 'm', min: 0, resolution: 1 },
      status: {
        label: 'Status',
        labels: { zh: '状态' },
        unit: '',
        type: 'string',
        enum: ['inTransitTo', 'stoppedAt', 'holding', 'layover', 'deadhead', 'depot', 'broken'],
      },
      load: {
        label: 'Passengers on board',
        labels: { zh: '车上人数' },
        unit: '',
        min: 0,
        max: CAPACITY,
        resolution: 1,
      },
      occupancyRatio: { label: 'Occupancy', labels: { zh: '满载率' }, unit: '', min: 0, max: 1, resolution: 0.01 },
      delayS: { label: 'Delay', labels: { zh: '晚点' }, unit: 's', resolution: 1 },
      odometerM: { label: 'Odometer', labels: { zh: '里程' }, unit: 'm', min: 0, resolution: 1 },
      fuelL: { label: 'Diesel since the start', labels: { zh: '累计油耗' }, unit: 'L', min: 0, resolution: 0.01 },
      doorOpen: { label: 'Door open', labels: { zh: '车门打开' }, unit: '', type: 'boolean' },
      boarded: { label: 'Boarded at the stop', labels: { zh: '上车人数' }, unit: '', min: 0, resolution: 1 },
      alighted: { label: 'Alighted at the stop', labels: { zh: '下车人数' }, unit: '', min: 0, resolution: 1 },
      denied: { label: 'Left behind at the stop', labels: { zh: '滞留人数' }, unit: '', min: 0, resolution: 1 },
      headwayS: {
        label: 'Time since the bus ahead left',
        labels: { zh: '车头时距' },
        unit: 's',
        min: 0,
        resolution: 1,
      },
      targetHeadwayS: { label: 'Planned headway', labels: { zh: '计划间隔' }, unit: 's', min: 0, resolution: 1 },
      headwayRatio: {
        label: 'Headway of the planned one',
        labels: { zh: '间隔比' },
        unit: '',
        min: 0,
        resolution: 0.01,
      },
      dwellS: { label: 'Time at the stop', labels: { zh: '停站时间' }, unit: 's', min: 0, resolution: 1 },
      holdS: { label: 'Held at the stop', labels: { zh: '控制等待' }, unit: 's', min: 0, resolution: 1 },
      co2Kg: { label: 'CO2 since the start', labels: { zh: '累计碳排放' }, unit: 'kg', min: 0, resolution: 0.01 },
    },
    events: {
      breakdown: { label: 'Breakdown', labels: { zh: '车辆故障' }, severity: 'critical' },
      crowded: { label: 'Crowded', labels: { zh: '车厢拥挤' }, severity: 'warning' },
      tripCancelled: { label: 'Trip cancelled for want of a bus', labels: { zh: '班次取消' }, severity: 'warning' },
      bunching: { label: 'Too close to the bus ahead', labels: { zh: '串车' }, severity: 'info' },
    },
    commands: COMMANDS,
  },
  happenings: { breakdown: BREAKDOWN },
  interacts: true,
  // Measured over a day, with 12 and with 120 buses: at most half of these. Streets and demand change once a tick; delays are around zero.
  tickTolerance: {
    speedMps: 0.01,
    headingDeg: 0.005,
    stopSequence: 0.01,
    load: 0.01,
    occupancyRatio: 0.01,
    delayS: 0.5,
    odometerM: 0.001,
    fuelL: 0.005,
    doorOpen: 0.01,
    boarded: 0.01,
    alighted: 0.01,
    denied: 0.1,
    headwayS: 0.01,
    headwayRatio: 0.01,
    dwellS: 0.01,
    alongM: 0.01,
    targetHeadwayS: 0.005,
    co2Kg: 0.01,
  },
  hidden: {
    trueLat: { label: 'True latitude', labels: { zh: '真实纬度' }, unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
    trueLon: {
      label: 'True longitude',
      labels: { zh: '真实经度' },
      unit: 'deg',
      min: -180,
      max: 180,
      resolution: 1e-7,
    },
  },
  qos: 0,
  demoCount: 120,
  sources: [
    'Transit Capacity and Quality of Service Manual (doors, alighting); Shockley, Salinas & Taylor, smart cards and dwell time (boarding)',
    'Newell & Potts, Maintaining a bus schedule, 1964; Daganzo, A headway-based approach to eliminate bus bunching, Transp. Res. B 43, 2009',
    'Zhang et al., Applied Energy 113, 2014 (32.6 L/100 km at 16 km/h, more when slower); Madrid PEMS study, Applied Energy, 2020 (load)',
    'Wuxi bus company, 2012 (2.1 boardings per km of service); Kunming transport annual report, 2019 (17…18 km/h at the peak)',
  ],
  createFleet: (context) => new Buses(context),
};
