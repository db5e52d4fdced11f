// The `citytwin` command: names the subcommands and their settings, maps mistakes to exit code 2. What they do is in the other files.
import { availableParallelism } from 'node:os';
import { Command, CommanderError } from 'commander';
import { LOAD_TABLE } from './load-options.ts';
import type { LoadSettings } from './load-options.ts';
import { UsageError, optionsFor, readConfig } from './options.ts';
import type { OptionTexts, Settings } from './options.ts';

type Name = keyof Settings;

const EXIT_USAGE = 2;
const STORE: Name[] = [
  'data',
  'store',
  'storeUrl',
  'storeDb',
  'storeUser',
  'storePasswordFile',
  'storeOrg',
  'storeBucket',
  'storeTokenFile',
  'keep',
  'victoriaUrl',
];
const CITY: Name[] = ['gtfs', 'city', 'seed', 'scale', 'speed', 'start', 'connections'];
const COMMON: Name[] = ['json', 'logLevel'];
const TLS: Name[] = ['tlsCert', 'tlsKey'];
const MQTTS: Name[] = ['mqttsPort', 'tlsClientCa', ...TLS];
const ACCESS: Name[] = ['credentials', 'authUrl', 'jwtKey', 'jwtAlgorithm', 'jwtAudience'];
/** Of services without an api. */
const HEALTH_PORT = 'HTTP: /healthz, /readyz, /metrics';
const PROGRESS_FOLDER = 'folder where a backfill keeps how far it has come';
const LOAD_SETTINGS: Name[] = [...(Object.keys(LOAD_TABLE) as (keyof LoadSettings)[]), ...COMMON];

interface Subcommand {
  readonly name: string;
  readonly text: string;
  /** As commander writes it: `<file>` must be given, `[scenario]` may. */
  readonly argument?: readonly [name: string, text: string];
  readonly second?: readonly [name: string, text: string];
  readonly settings: readonly Name[];
  readonly overrides?: Partial<Settings>;
  readonly texts?: OptionTexts;
  readonly examples: readonly string[];
  /** `-h` is the host, as with other MQTT tools; help is `--help` only. */
  readonly hostIsH?: boolean;
  /** What its help has to add, given the words behind the command. */
  readonly explain?: (words: readonly string[]) => Promise<string>;
  /** @returns the exit code of a command that ends by itself */
  run(settings: Settings, argument: string | undefined, second: string | undefined): Promise<number | void>;
}

const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: 'up',
    text: 'the whole city in one process: broker, api, page, simulator, control centre',
    argument: ['[scenario]', 'a shipped scenario or a file; none: the demo city'],
    settings: [
      'port',
      'mqttPort',
      'host',
      'openHttp',
      'hfp',
      'broker',
      'brokerCa',
      ...ACCESS,
      ...MQTTS,
      ...STORE,
      ...CITY,
      'backfill',
      'simulator',
      'control',
      ...COMMON,
    ],
    examples: [
      'citytwin up',
      'citytwin up --speed 60',
      'citytwin up rainstorm --speed 10',
      'citytwin up --backfill 24h',
      'citytwin up --start 17:30 --seed 7',
      'citytwin up --gtfs feed.zip --data ./other-city',
      'citytwin up --store influx1 --store-url http://127.0.0.1:8086',
    ],
    run: async (settings, scenario) => (await import('./up.ts')).up(settings, scenario),
  },
  {
    name: 'broker',
    text: 'the MQTT broker alone',
    settings: ['port', 'mqttPort', 'host', 'awaitApi', ...ACCESS, ...MQTTS, 'city', ...COMMON],
    overrides: { port: 8081 },
    texts: { port: `${HEALTH_PORT}, MQTT over WebSocket; 0 = a free one` },
    examples: [
      'citytwin broker --credentials ./credentials',
      'citytwin broker --await-api',
      'citytwin broker --host 0.0.0.0 --credentials ./credentials --tls-cert cert.pem --tls-key key.pem',
    ],
    run: async (settings) => (await import('./services.ts')).brokerService(settings),
  },
  {
    name: 'api',
    text: 'storage, REST, live stream and page alone',
    texts: { port: 'HTTP: page, API, live stream; 0 = a free one' },
    settings: [
      'port',
      'host',
      'openHttp',
      'hfp',
      'broker',
      'brokerCa',
      ...ACCESS,
      ...TLS,
      ...STORE,
      'gtfs',
      'city',
      ...COMMON,
    ],
    examples: [
      'citytwin api --broker mqtt://127.0.0.1:1883 --credentials ./credentials',
      'citytwin api --store influx1 --store-url http://influxdb:8086',
    ],
    run: async (settings) => (await import('./services.ts')).apiService(settings),
  },
  {
    name: 'simulate',
    text: 'the simulated devices alone',
    argument: ['[scenario]', 'a shipped scenario or a file; none: the demo city'],
    settings: ['port', 'host', 'broker', 'brokerCa', 'credentials', 'data', ...CITY, 'backfill', ...COMMON],
    overrides: { port: 8082 },
    texts: { port: `${HEALTH_PORT}; 0 = a free one`, data: PROGRESS_FOLDER },
    examples: [
      'citytwin simulate --broker mqtt://127.0.0.1:1883 --credentials ./credentials',
      'citytwin simulate --scale 2 --connections none',
      'citytwin simulate --gtfs feed.zip --city my-town',
    ],
    run: async (settings, scenario) => (await import('./services.ts')).simulateService(settings, scenario),
  },
  {
    name: 'control',
    text: 'the control centre alone',
    settings: ['port', 'host', 'broker', 'brokerCa', 'credentials', 'city', ...COMMON],
    overrides: { port: 8083 },
    texts: { port: `${HEALTH_PORT}; 0 = a free one` },
    examples: ['citytwin control --broker mqtt://127.0.0.1:1883 --credentials ./credentials'],
    run: async (settings) => (await import('./services.ts')).controlService(settings),
  },
  {
    name: 'run',
    text: 'a scenario to its end; exit 0: all expectations met, 1: one not met, 2: bad input',
    argument: ['<scenario>', 'a shipped scenario or a file'],
    settings: [
      'seed',
      'scale',
      'speed',
      'workers',
      'pipeline',
      'broker',
      'credentials',
      'connections',
      ...STORE,
      'control',
      'report',
      'junit',
      'record',
      ...COMMON,
    ],
    overrides: { store: 'memory', connections: 'none', logLevel: 'warn' },
    examples: [
      'citytwin run ordinary-day --seed 7',
      'citytwin run rainstorm --report report.json --junit junit.xml',
      'citytwin run ./my-scenario.yaml --workers 2',
      'citytwin run rush-hour --pipeline --speed 60',
    ],
    run: async (settings, scenario) => (await import('./run.ts')).run(settings, scenario!),
  },
  {
    name: 'verify',
    text: 'a report or the log of a live session again; exit 0: the same, 1: different, 2: bad input',
    argument: ['<report>', 'what `run --report` wrote, or a session file of `up`'],
    settings: ['workers', ...COMMON],
    overrides: { logLevel: 'warn' },
    examples: ['citytwin verify report.json', 'citytwin verify report.json --workers 2'],
    run: async (settings, file) => (await import('./verify.ts')).verify(settings, file!),
  },
  {
    name: 'backfill',
    text: 'simulates the time up to now and sends it to a broker, as fast as it is stored; goes on where it was killed',
    argument: ['<duration>', 'how far back, e.g. 12h or 30d'],
    settings: ['broker', 'brokerCa', 'credentials', 'data', 'seed', 'scale', 'start', 'connections', ...COMMON],
    overrides: { connections: 'none', start: 'now' },
    texts: { data: PROGRESS_FOLDER },
    examples: ['citytwin backfill 24h --broker mqtt://127.0.0.1:1883 --scale 0.1'],
    run: async (settings, duration) => (await import('./services.ts')).backfillService(settings, duration!),
  },
  {
    name: 'export',
    text: 'what a city has stored, or a recording, as NDJSON, CSV or Parquet',
    settings: ['from', 'tokenFile', 'data', 'kinds', 'periodStart', 'periodEnd', 'format', 'out', ...COMMON],
    examples: [
      'citytwin export --out city.ndjson.gz',
      'citytwin export --from http://127.0.0.1:8080 --kind bus --out bus.csv',
      'citytwin export --start 2026-05-01 --end 2026-05-02 --format parquet --out may-first/',
      'citytwin export --from city.ndjson.gz --kind bus --out bus.parquet',
    ],
    run: async (settings) => (await import('./export.ts')).exportHistory(settings),
  },
  {
    name: 'replay',
    text: 'sends a recording to a broker again: the same records with the same times, so a store keeps each once',
    argument: ['<file>', 'NDJSON (.gz too), Parquet, a folder of Parquet files, or - for stdin'],
    settings: ['broker', 'brokerCa', 'credentials', 'speed', 'shift', 'kinds', ...COMMON],
    examples: [
      'citytwin replay city.ndjson.gz --speed max',
      'citytwin replay bus.parquet --speed 60 --shift now',
      'citytwin replay may-first/ --kinds bus,vehicle --broker mqtt://127.0.0.1:1883 --credentials ./credentials',
    ],
    run: async (settings, file) => (await import('./replay.ts')).replay(settings, file!),
  },
  {
    name: 'load',
    text: 'a load test of any MQTT broker; exit 0: all that was expected is met, 1: not, or not a valid run, 2: bad input, or a target that lets nobody in',
    argument: ['[profile]', 'what the devices do; --list explains them (default: publish)'],
    settings: LOAD_SETTINGS,
    overrides: { logLevel: 'warn' },
    hostIsH: true,
    examples: [
      'citytwin load publish --rate 5000 --qos 1',
      "citytwin load fan-out --subscribers 500 --expect 'latency.p99<50ms' --report load.html",
      'citytwin load p2p --broker mqtts://broker.example:8883 --user ann --password-file secret.txt',
      'citytwin load --preset fanout-5-1000-5-250K --scale 0.1',
      'citytwin load publish --find-max',
      'citytwin load city --scenario rush-hour --scale 4',
      'citytwin load connect -h 127.0.0.1 -p 1883 -c 5000 -i 5',
    ],
    run: async (settings, profile) => (await import('./load.ts')).load(settings, profile),
  },
  {
    name: 'experiment',
    text: 'a claim about a city, put to the test: arms, paired seeds, 95 % intervals; none named: what there is',
    argument: ['[name]', 'which experiment; NAME --help lists what can be set'],
    settings: ['seeds', 'firstSeed', 'set', 'workers', 'reportFolder', 'check', 'list', 'data', ...COMMON],
    overrides: { workers: Math.min(64, availableParallelism()), logLevel: 'warn' },
    examples: [
      'citytwin experiment',
      'citytwin experiment bus-line --help',
      'citytwin experiment bus-line --seeds 40 --report report/',
      'citytwin experiment bus-line --set buses=18 --set policy=timetable,forward-headway',
    ],
    explain: async (words) => (await import('./experiment.ts')).explanation(words),
    run: async (settings, name) => (await import('./experiment.ts')).experiment(settings, name),
  },
  {
    name: 'credentials',
    text: 'who may come in: add, list and remove users, make tokens for scripts',
    argument: ['<action>', 'add, list, remove or token'],
    second: ['[name]', 'of a user; a device is called KIND/DEVICE'],
    settings: ['credentials', 'role', 'kinds', 'newPasswordFile', 'certificateOnly', 'expires', 'json'],
    overrides: { credentials: './credentials' },
    texts: { kinds: 'kinds that a gateway or integrator speaks for' },
    examples: [
      'citytwin credentials add admin --role admin',
      'citytwin credentials add bus/bus-0007 --role device',
      'citytwin credentials add acme --role integrator --kinds door,gate --password-file secret.txt',
      'citytwin credentials token ann --expires 30d',
      'citytwin credentials remove bus/bus-0007',
      'citytwin credentials list',
    ],
    run: async (settings, action, name) => (await import('./credentials.ts')).credentials(settings, action!, name),
  },
  {
    name: 'kinds',
    text: 'the kinds of device there are',
    settings: ['json'],
    examples: ['citytwin kinds', 'citytwin kinds --json'],
    run: async (settings) => (await import('./kinds.ts')).kinds(settings),
  },
  {
    name: 'doctor',
    text: 'what is wrong with this machine',
    settings: ['port', 'mqttPort', 'host', ...STORE, 'json'],
    examples: ['citytwin doctor', 'citytwin doctor --store influx1 --store-url http://127.0.0.1:8086'],
    run: async (settings) => (await import('./doctor.ts')).doctor(settings),
  },
];

/** Loads what help has to add only where help is asked for. */
async function explanationFor(subcommand: Subcommand, [name, ...words]: readonly string[]): Promise<string> {
  const asked = name === subcommand.name && words.some((word) => word === '--help' || word === '-h');
  return asked ? `\n${(await subcommand.explain?.(words)) ?? ''}` : '';
}

async function program(config: { readonly [name: string]: unknown }): Promise<Command> {
  const root = new Command('citytwin')
    .description('A smart city that runs on a laptop.')
    .addHelpText('before', 'Examples:\n  citytwin up\n  citytwin up --speed 60\n  citytwin doctor\n')
    .addHelpText(
      'after',
      '\nSettings: flag > environment (CITYTWIN_…) > config file (--config, citytwin.config.json) > default.',
    )
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride();
  for (const subcommand of SUBCOMMANDS) {
    const { name, text, argument, second, settings, overrides, texts, examples } = subcommand;
    const named = [argument, second].filter((words) => words !== undefined);
    const command = root
      .command(name)
      .description(text)
      .addHelpText('before', `Examples:\n${examples.map((example) => `  ${example}`).join('\n')}\n`)
      .addHelpText('after', await explanationFor(subcommand, process.argv.slice(2)))
      .option('--config <file>', 'settings as a JSON object, names as in the environment, camelCase')
      .allowExcessArguments(false)
      .action(async (...given: unknown[]) => {
        const [value, further] = given.slice(0, named.length) as (string | undefined)[];
        const code = await subcommand.run(given[named.length] as Settings, value, further);
        if (typeof code === 'number') process.exitCode = code;
      });
    if (subcommand.hostIsH === true) command.helpOption('--help', 'display help for command');
    for (const words of named) command.argument(...words);
    for (const option of optionsFor(settings, config, overrides, texts)) command.addOption(option);
  }
  return root;
}

// `citytwin … | head`: nobody reads on.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  await (await program(readConfig(process.argv))).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  else {
    const mistake = error instanceof UsageError;
    console.error(`citytwin: ${mistake ? error.message : ((error as Error).message ?? String(error))}`);
    process.exit(mistake ? EXIT_USAGE : 1);
  }
}
