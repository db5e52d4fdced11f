// Finds the models: every file in models/ is a kind, and the file name is its name.
import { readdir } from 'node:fs/promises';
import { descriptionProblems } from '../telemetry/description.ts';
import type { Description } from '../telemetry/description.ts';
import type { Model } from './fleet.ts';

const FOLDER = new URL('models/', import.meta.url);

/** All models, by kind, in alphabetical order. @throws Error naming the file whose model is not what it should be */
export async function loadModels(): Promise<Map<string, Model>> {
  const files = (await readdir(FOLDER)).filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts')).sort();
  const models = new Map<string, Model>();
  for (const file of files) {
    const { model } = (await import(new URL(file, FOLDER).href)) as { model?: Model };
    const kind = file.replace(/\.[jt]s$/, '');
    if (model === undefined) throw new Error(`models/${file} must export \`model\``);
    if (model.description.kind !== kind)
      throw new Error(`models/${file} must describe kind ${kind}, got ${model.description.kind}`);
    const problems = descriptionProblems(describe(model));
    if (problems.length > 0) throw new Error(`models/${file}: ${problems.join('; ')}`);
    models.set(kind, model);
  }
  return models;
}

/** The model's description as it goes on the wire: without what only the sensor knows. */
export function describe(model: Model): Description {
  const fields = Object.fromEntries(
    Object.entries(model.description.fields).map(([name, field]) => {
      const { sensor: _, ...onTheWire } = field;
      return [name, onTheWire];
    }),
  );
  return { ...model.description, fields };
}
