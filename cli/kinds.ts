// `citytwin kinds`: the kinds of device there are, from their models.
import { loadModels } from '../simulator/kinds.ts';
import { describe } from '../simulator/kinds.ts';

export async function kinds(settings: { readonly json: boolean }): Promise<void> {
  const models = [...(await loadModels()).values()];
  if (settings.json) {
    const list = models.map((model) => ({
      ...describe(model),
      demoCount: model.demoCount,
      qos: model.qos,
      sources: model.sources,
    }));
    process.stdout.write(`${JSON.stringify(list, undefined, 2)}\n`);
    return;
  }
  for (const { description, demoCount } of models) {
    const { kind, label, fields, events = {}, commands = {} } = description;
    process.stdout.write(`${kind}  ${label}, ${demoCount.toLocaleString('en')} in the demo city\n`);
    row(
      'fields',
      Object.entries(fields).map(([name, field]) => (field.unit === '' ? name : `${name} [${field.unit}]`)),
    );
    row('events', Object.keys(events));
    row('commands', Object.keys(commands));
  }
}

function row(title: string, words: readonly string[]): void {
  if (words.length > 0) process.stdout.write(`  ${title.padEnd(9)} ${words.join(', ')}\n`);
}
