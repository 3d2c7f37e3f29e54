import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { messageOf } from '../base/errors.ts';
import { readYaml } from '../base/yaml.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()], {
  error: 'is not a text, a number, true or false',
});
const schema = z.record(
  z.string(),
  z.union([scalar, z.array(scalar)], {
    error: 'is neither a value nor a list of values',
  }),
);

/** Holds what a settings file says. Lists are joined by commas, as in the environment. */
export interface SettingsFile {
  values: Record<string, string>;
  problems: string[];
  /** Returns where a setting stands, for example `fermata.yaml, line 3`. */
  placeOf: (name: string) => string;
}

/**
 * Reads the settings file. Without a path, `fermata.yaml` in the working directory is read if it
 * exists. A file that was named and cannot be read is a problem.
 */
export function readSettingsFile(path: string | undefined): SettingsFile {
  const named = path ?? 'fermata.yaml';
  const nothing: SettingsFile = { values: {}, problems: [], placeOf: () => named };
  let content: string;
  try {
    content = readFileSync(named, 'utf8');
  } catch (error) {
    const isOptional = path === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isOptional
      ? nothing
      : { ...nothing, problems: [`${named} cannot be read: ${messageOf(error)}`] };
  }
  const { data, problems, lineOf } = readYaml(content, schema);
  return {
    values: Object.fromEntries(
      Object.entries(data ?? {}).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(',') : String(value),
      ]),
    ),
    problems: problems.map((problem) => `${named}, ${problem}`),
    placeOf: (name) => `${named}, line ${lineOf([name])}`,
  };
}
