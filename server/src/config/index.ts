import { FermataError, messageOf } from '../base/errors.ts';
import { closestTo } from '../base/spelling.ts';
import type { Env } from './readers.ts';
import { readSettingsFile } from './settings-file.ts';
import { OTHER_NAMES, SETTINGS, type Config } from './settings.ts';

export { SETTINGS, type Config } from './settings.ts';

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

export interface ReadConfig {
  config: Config;
  /**
   * Warnings about unknown environment variables, with the most similar known name. (Unknown names
   * in fermata.yaml are errors.)
   */
  warnings: string[];
}

/**
 * Reads the settings from `env` (never from `process.env` directly) and from the files that it
 * names. Throws one `config.invalid` error with all problems.
 */
export function readConfig(env: Env): ReadConfig {
  const file = readSettingsFile(env['FERMATA_CONFIG']);
  const problems = [...file.problems];
  const warnings: string[] = [];
  const known = Object.values(SETTINGS).map((setting) => setting.name);
  const unknown = (name: string, where: string): string =>
    `${where}: ${name} is not a setting${didYouMean(name, known)}`;
  for (const name of Object.keys(file.values))
    if (!known.includes(name)) problems.push(unknown(name, file.placeOf(name)));
  for (const name of Object.keys(env))
    if (name.startsWith('FERMATA_') && !known.includes(name) && !OTHER_NAMES.includes(name))
      warnings.push(unknown(name, 'environment'));

  const config = Object.fromEntries(
    Object.entries(SETTINGS).map(([field, setting]) => {
      const value = env[setting.name] ?? file.values[setting.name] ?? setting.default;
      try {
        return [field, setting.read(value, env)];
      } catch (error) {
        const isOfFile = !(setting.name in env) && setting.name in file.values;
        const place = isOfFile ? `${file.placeOf(setting.name)}: ` : '';
        const shown = setting.secret ? '…' : value;
        problems.push(`${place}${setting.name}=${shown} ${messageOf(error)}`);
        return [field, undefined];
      }
    }),
  ) as unknown as Config;
  if (problems.length === 0 && !LOOPBACK.test(config.host) && !config.allowAnonymous)
    problems.push(
      `FERMATA_HOST=${config.host} is reachable from other machines and there is no authentication yet; set FERMATA_ALLOW_ANONYMOUS=1 if the network is trusted`,
    );
  if (problems.length > 0)
    throw new FermataError('config.invalid', problems.join('\n'), {
      hint: 'See "Settings" in docs/operations.md.',
    });
  return { config, warnings };
}

export function printConfig(config: Config): string {
  return Object.entries(SETTINGS)
    .map(([field, setting]) => {
      const value = config[field as keyof Config];
      const shown =
        setting.secret && value !== ''
          ? '***'
          : Array.isArray(value)
            ? value.map((one) => (typeof one === 'string' ? one : one.type)).join(',')
            : typeof value === 'object'
              ? value.channels.map((channel) => channel.name).join(',')
              : String(value);
      return `${setting.name}=${shown}`;
    })
    .join('\n');
}

function didYouMean(name: string, known: readonly string[]): string {
  const closest = closestTo(name, known);
  return closest === undefined ? '' : `; did you mean ${closest}?`;
}
