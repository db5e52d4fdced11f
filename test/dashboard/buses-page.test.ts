// The Buses view on the real page: a real browser and api, the city's buses and its dispatch centre played by the test. No broker, no models.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtPage } from '../../cli/page.ts';
import type { Description } from '../../telemetry/description.ts';
import type { LineTimetable } from '../../telemetry/timetable.ts';
import { NOW, describeKind, frame, quiet, startCity } from '../api/city.ts';
import type { TestCity } from '../api/city.ts';
import { launchBrowser } from '../browser.ts';
import { eventually } from '../city-process.ts';
import { describeWith } from '../parts.ts';

const STOPS = ['Railway Station', 'Renmin Road', 'Sanyang Plaza', 'Nanchan Temple'];
const STOP_EVERY_M = 2000;
const SPEED_MPS = 10;
const PLANNED_S = 300;
/** Buses follow each other by these in turn, s: far from even. */
const GAPS_S = [60, 540];
const TRIPS = 10;
const FIRST_MS = NOW - 50 * 60_000;

const placeOf = (alongM: number) => ({ lat: 31.57, lon: 120.25 + alongM / 95_000 });

const timetable: LineTimetable = {
  line: '608',
  label: 'Railway Station – Nanchan Temple',
  labels: { zh: '火车站 – 南禅寺' },
  color: '#3b9ae1',
  utcOffsetMin: 480,
  stops: STOPS.map((label, index) => ({ id: `stop-${index}`, label, ...placeOf(index * STOP_EVERY_M) })),
  patterns: [
    {
      direction: 'out',
      headsign: STOPS.at(-1)!,
      shape: [0, STOP_EVERY_M * (STOPS.length - 1)].map((alongM) => [placeOf(alongM).lat, placeOf(alongM).lon]),
      stops: STOPS.map((_, stop) => ({ stop, alongM: stop * STOP_EVERY_M })),
    },
  ],
  plans: [STOPS.map((_, index) => (index * STOP_EVERY_M) / SPEED_MPS)],
  services: [],
};

const number = (unit = '', limits = {}) => ({ label: unit, unit, ...limits });
const text = { label: 'text', unit: '', type: 'string' as const };
const bus: Description = {
  kind: 'bus',
  label: 'Bus',
  fields: {
    ...Object.fromEntries(['lat', 'lon', 'headingDeg'].map((name) => [name, number('deg')])),
    ...Object.fromEntries(['line', 'direction', 'nextStop', 'status', 'trip'].map((name) => [name, text])),
    ...Object.fromEntries(['delayS', 'headwayS', 'targetHeadwayS'].map((name) => [name, number('s')])),
    ...Object.fromEntries(
      ['stopSequence', 'boarded', 'alighted', 'denied', 'occupancyRatio'].map((of) => [of, number()]),
    ),
    load: number('', { min: 0, max: 80 }),
    speedMps: number('m/s'),
    alongM: number('m'),
  },
};
const centre: Description = {
  kind: 'bus-dispatch',
  label: 'Bus dispatch centre',
  fields: {
    ...Object.fromEntries(['policy', 'bus', 'action', 'line', 'stop', 'leader', 'why'].map((name) => [name, text])),
    ...Object.fromEntries(['etaErrorS', 'durationS', 'gapS', 'targetS'].map((name) => [name, number('s')])),
  },
  events: { decision: { label: 'Decision', severity: 'info' } },
  commands: {
    setPolicy: {
      label: 'Set the policy',
      args: {
        type: 'object',
        properties: { policy: { type: 'string', enum: ['timetable', 'forward-headway'] }, line: { type: 'string' } },
        required: ['policy'],
        additionalProperties: false,
      },
    },
  },
};

const collection = { type: 'FeatureCollection', features: [] };
const MAP = {
  id: 'wuxi',
  name: { en: 'Wuxi', zh: '无锡' },
  center: [120.3, 31.57],
  bounds: [120.2, 31.5, 120.4, 31.65],
  note: 'a test',
  layers: Object.fromEntries(
    ['land', 'water', 'parks', 'streets', 'busLines', 'stops', 'labels'].map((layer) => [layer, collection]),
  ),
};

describeWith(['chromium'], 'the Buses view', () => {
  let city: TestCity;
  let browser: Browser;
  let page: Page;
  let seq = 0;

  beforeAll(async () => {
    const staticFolder = await builtPage(quiet as unknown as Parameters<typeof builtPage>[0]);
    city = await startCity({ map: MAP, ...(staticFolder === undefined ? {} : { staticFolder }) });
    await city.api.take(describeKind(bus));
    await city.api.take(describeKind(centre));
    await city.api.take(frame('city/wuxi/timetable/608', timetable));
    tellTime(FIRST_MS);
    await liveAnHour();
    tellCentre({ ts: NOW, policy: 'timetable', etaErrorS: 62 });
    browser = await launchBrowser();
    page = await open('view=bus&lang=en');
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await city?.api.close();
  });

  async function open(query: string): Promise<Page> {
    // Less motion: the map is drawn once a second, which leaves the processor to the test.
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      locale: 'en-GB',
      reducedMotion: 'reduce',
    });
    const opened = await context.newPage();
    await opened.goto(`${city.base}/?${query}`);
    await opened.getByTestId('bus-kpis').waitFor();
    return opened;
  }
  function tellTime(simTimeMs: number): void {
    const message = { simTimeMs, utcOffsetMin: 480, speed: 1, trueSpeed: 1, scenario: 'demo', seed: 7 };
    void city.api.take(frame('city/wuxi/clock', message));
  }
  function tellCentre(record: object): void {
    void city.api.take(frame('city/wuxi/bus-dispatch/bus-dispatch/telemetry', { seq: ++seq, ...record }));
  }
  function tellBus(trip: number, ts: number, alongM: number, more: object): void {
    const stop = Math.min(STOPS.length - 1, Math.ceil(alongM / STOP_EVERY_M));
    const record = {
      ts,
      seq: ++seq,
      ...placeOf(alongM),
      speedMps: SPEED_MPS,
      headingDeg: 90,
      line: '608',
      direction: 'out',
      trip: `608-${trip}`,
      alongM,
      nextStop: `stop-${stop}`,
      stopSequence: stop,
      status: 'inTransitTo',
      load: 20,
      occupancyRatio: 0.25,
      delayS: 90,
      ...more,
    };
    void city.api.take(frame(`city/wuxi/bus/bus-${String(trip).padStart(4, '0')}/telemetry`, record));
  }

  /** Every position of every trip up to now, in the order of time, as the city would have sent them. */
  async function liveAnHour(): Promise<void> {
    const starts = Array.from({ length: TRIPS }, (_, trip) => {
      const gapS = Array.from({ length: trip }, (_, of) => GAPS_S[of % 2]!).reduce((sum, of) => sum + of, 0);
      return FIRST_MS + 1000 * gapS;
    });
    const lengthM = STOP_EVERY_M * (STOPS.length - 1);
    for (let ts = FIRST_MS; ts <= NOW; ts += 10_000) {
      if ((ts - FIRST_MS) % 60_000 === 0) tellTime(ts);
      starts.forEach((startMs, trip) => {
        const alongM = ((ts - startMs) / 1000) * SPEED_MPS;
        if (alongM < 0 || alongM > lengthM) return;
        const isStop = alongM % STOP_EVERY_M === 0;
        const headway = trip === 0 ? {} : { headwayS: (startMs - starts[trip - 1]!) / 1000 };
        const departure = { ...headway, targetHeadwayS: PLANNED_S, boarded: 4, alighted: 2, denied: 0 };
        tellBus(trip, ts, alongM, isStop ? departure : {});
      });
    }
    tellTime(NOW);
    await eventually('departures', async () => (await lines())[0]?.headwayCv ?? undefined);
  }
  const lines = async () => (await city.get('/api/lines')).body.items as { headwayCv: number | null }[];
  const textOf = (testId: string) => page.getByTestId(testId).first().innerText();
  const saying = (testId: string, pattern: RegExp) =>
    eventually(`${testId} saying ${pattern}`, async () => (pattern.test(await textOf(testId)) ? true : undefined));
  /** The next command of the page. */
  const nextCommand = async () => (await eventually('a command', () => city.published.shift())).message;

  it('draws the trips of the last hour and says in words what the strip shows', async () => {
    const strip = page.getByTestId('strip-out');
    await strip.waitFor();
    await eventually('the past', async () =>
      Number(await strip.getAttribute('data-runs')) === TRIPS ? true : undefined,
    );
    expect(await strip.getAttribute('aria-label')).toMatch(/to Nanchan Temple.*Line 608.*variation \d\.\d\d/);
    const drawn = await strip.evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((value, index) => index % 4 === 3 && value > 0).length;
    });
    expect(drawn).toBeGreaterThan(2000);
  });

  it('shows the variation that the api counts, and its level', async () => {
    await page.getByTestId('scope-line').click();
    const cv = (await lines())[0]!.headwayCv!;
    expect(cv).toBeGreaterThan(0.75);
    await saying('gauge-cv', new RegExp(`${cv.toFixed(2)}\\s*F`));
    await saying('gauge-delay', /1\.5\s*min/);
    await saying('gauge-eta', /62\s*s/);
  });

  it('has a table of the same trips', async () => {
    await page.getByTestId('dock-table').click();
    const table = await textOf('strip-table');
    expect(table).toMatch(/bus-0009\s+608-9[^]*5 mins/);
    expect(table.match(/608-\d/g)).toHaveLength(TRIPS);
    expect(page.url()).toMatch(/line=608&dock=table/);
  });

  it('shows the load at each stop and opens the board of one', async () => {
    await page.getByTestId('dock-loads').click();
    await page.getByRole('button', { name: /^Sanyang Plaza: 20/ }).click();
    await saying('stop-panel', /Sanyang Plaza[^]*Stop stop-2/);
    await page.keyboard.press('Escape');
  });

  it('tells a decision in a sentence as soon as it is taken', async () => {
    const decision = {
      action: 'hold',
      bus: 'bus-0009',
      line: '608',
      stop: 'stop-1',
      durationS: 40,
      gapS: 60,
      targetS: PLANNED_S,
    };
    const event = { ts: NOW, seq: ++seq, name: 'decision', ...decision, leader: 'bus-0008', policy: 'forward-headway' };
    void city.api.take(frame('city/wuxi/bus-dispatch/bus-dispatch/event', event));
    await saying(
      'decisions',
      /08:00\s+held bus-0009 at Renmin Road for 40 secs: 60 secs behind bus-0008, planned 5 mins/,
    );
  });

  it('switches the policy of the line and shows how far that has come, and numbers around it', async () => {
    await page.getByTestId('policy-choice').selectOption('forward-headway');
    await page.getByTestId('policy-send').click();
    const { id, name, args } = await nextCommand();
    expect({ name, args }).toEqual({ name: 'setPolicy', args: { policy: 'forward-headway', line: '608' } });
    for (const state of ['accepted', 'done'])
      void city.api.take(frame('city/wuxi/bus-dispatch/bus-dispatch/ack', { id, state, ts: NOW - 20 * 60_000 }));
    await saying('policy-switch', /sent\s+accepted\s+done/);
    await saying('policy-effect', /Since Forward headway \(07:40\)[^]*Headway variation\s+\d\.\d\d\s+\d\.\d\d/);
  });

  it('keeps line, tab and colour in the address', async () => {
    await page.getByTestId('colour-occupancyRatio').click();
    await page.getByTestId('dock-loads').click();
    expect(page.url()).toMatch(/line=608&dock=loads&colour=occupancyRatio/);
    const again = await open(page.url().split('?')[1]!);
    await again.getByTestId('loads').waitFor();
    expect(await again.getByTestId('colour-occupancyRatio').getAttribute('aria-pressed')).toBe('true');
    expect(await again.getByTestId('scope-line').getAttribute('aria-pressed')).toBe('true');
    await again.context().close();
  });

  it('keeps the list of all buses within reach', async () => {
    await page.getByTestId('fleet-tab').click();
    expect(await textOf('panel')).toMatch(/bus-0009/);
  });

  it('says that the dispatch centre is silent, for how long, and what to do', async () => {
    tellTime(NOW + 4 * 60_000);
    const later = await open('view=bus&lang=en');
    const box = later.getByTestId('centre-silent');
    await box.waitFor();
    expect(await box.innerText()).toMatch(/silent for 4 mins[^]*citytwin control/);
    await later.context().close();
  });

  it('says how to run the first experiment', async () => {
    await page.getByTestId('rail-experiments').click();
    await saying('no-experiments', /citytwin experiment bus-line --seeds 40/);
  });
});
