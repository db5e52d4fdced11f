// The `citytwin` command: names the subcommands and their settings, maps mistakes to exit code 2. What they do is in the other files.
import { Command, CommanderError } from 'commander';
import { UsageError, optionsFor, readConfig } from './options.ts';
import type { Settings } from './options.ts';

type Name = keyof Settings;

const EXIT_USAGE = 2;
const STORE: Name[] = ['data', 'store', 'storeUrl', 'storeDb', 'storeUser', 'storePasswordFile'];
const CITY: Name[] = ['seed', 'scale', 'speed', 'start', 'connections'];
const COMMON: Name[] = ['json', 'logLevel'];

interface Subcommand {
  readonly name: string;
  readonly text: string;
  /** As commander writes it: `<file>` must be given, `[scenario]` may. */
  readonly argument?: readonly [name: string, text: string];
  readonly settings: readonly Name[];
  readonly overrides?: Partial<Settings>;
  readonly examples: readonly string[];
  /** @returns the exit code of a command that ends by itself */
  run(settings: Settings, argument: string | undefined): Promise<number | void>;
}

const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: 'up',
    text: 'the whole city in one process: broker, api, page, simulator, control centre',
    settings: [
      'port',
      'mqttPort',
      'host',
      'openHttp',
      'broker',
      'credentials',
      ...STORE,
      ...CITY,
      'simulator',
      'control',
      ...COMMON,
    ],
    examples: [
      'citytwin up',
      'citytwin up --scale 0.2 --speed 60',
      'citytwin up --start 17:30 --seed 7',
      'citytwin up --store influx1 --store-url http://127.0.0.1:8086',
    ],
    run: async (settings) => (await import('./up.ts')).up(settings),
  },
  {
    name: 'broker',
    text: 'the MQTT broker alone',
    settings: ['port', 'mqttPort', 'host', 'credentials', ...COMMON],
    overrides: { port: 8081 },
    examples: [
      'citytwin broker --credentials ./credentials',
      'citytwin broker --host 0.0.0.0 --credentials ./credentials',
    ],
    run: async (settings) => (await import('./services.ts')).brokerService(settings),
  },
  {
    name: 'api',
    text: 'storage, REST, live stream and page alone',
    settings: ['port', 'host', 'openHttp', 'broker', 'credentials', ...STORE, ...COMMON],
    examples: [
      'citytwin api --broker mqtt://127.0.0.1:1883 --credentials ./credentials',
      'citytwin api --store influx1 --store-url http://influxdb:8086',
    ],
    run: async (settings) => (await import('./services.ts')).apiService(settings),
  },
  {
    name: 'simulate',
    text: 'the simulated devices alone',
    settings: ['port', 'host', 'broker', 'credentials', ...CITY, ...COMMON],
    overrides: { port: 8082 },
    examples: [
      'citytwin simulate --broker mqtt://127.0.0.1:1883 --credentials ./credentials',
      'citytwin simulate --scale 2 --connections none',
    ],
    run: async (settings) => (await import('./services.ts')).simulateService(settings),
  },
  {
    name: 'control',
    text: 'the control centre alone',
    settings: ['port', 'host', 'broker', 'credentials', ...COMMON],
    overrides: { port: 8083 },
    examples: ['citytwin control --broker mqtt://127.0.0.1:1883 --credentials ./credentials'],
    run: async (settings) => (await import('./services.ts')).controlService(settings),
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
    settings: ['port', 'mqttPort', 'host', 'data', 'store', 'storeUrl', 'json'],
    examples: ['citytwin doctor', 'citytwin doctor --store influx1 --store-url http://127.0.0.1:8086'],
    run: async (settings) => (await import('./doctor.ts')).doctor(settings),
  },
];

function program(config: { readonly [name: string]: unknown }): Command {
  const root = new Command('citytwin')
    .description('A smart city that runs on a laptop.')
    .addHelpText('before', 'Examples:\n  citytwin up\n  citytwin up --scale 0.2 --speed 60\n  citytwin doctor\n')
    .addHelpText(
      'after',
      '\nSettings: flag > environment (CITYTWIN_…) > config file (--config, citytwin.config.json) > default.',
    )
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride();
  for (const subcommand of SUBCOMMANDS) {
    const { name, text, argument, settings, overrides, examples } = subcommand;
    const command = root
      .command(name)
      .description(text)
      .addHelpText('before', `Examples:\n${examples.map((example) => `  ${example}`).join('\n')}\n`)
      .option('--config <file>', 'settings as a JSON object, names as in the environment, camelCase')
      .allowExcessArguments(false)
      .action(async (...given: unknown[]) => {
        const value = argument === undefined ? undefined : (given[0] as string | undefined);
        const code = await subcommand.run(given[argument === undefined ? 0 : 1] as Settings, value);
        if (typeof code === 'number') process.exitCode = code;
      });
    if (argument !== undefined) command.argument(...argument);
    for (const option of optionsFor(settings, config, overrides)) command.addOption(option);
  }
  return root;
}

try {
  await program(readConfig(process.argv)).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  else {
    const mistake = error instanceof UsageError;
    console.error(`citytwin: ${mistake ? error.message : ((error as Error).message ?? String(error))}`);
    process.exit(mistake ? EXIT_USAGE : 1);
  }
}
