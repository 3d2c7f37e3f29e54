import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NO_ALERTS, readAlertSettings, type AlertSettings } from '../alert/index.ts';
import { DAY_MS, durationMs } from '../base/duration.ts';
import { readDefinitions } from '../expect/index.ts';
import type { Definition } from '../model/definition.ts';
import { parseQuery } from '../query/index.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Parses the text of a setting. For an invalid text, throws an error whose message continues a
 * sentence that begins with the setting's name and text. `env` is passed, because some settings
 * name files in which secrets from the environment are inserted.
 */
export type Reader<T> = (text: string, env: Env) => T;

export const text: Reader<string> = (value) => value;
export const list: Reader<string[]> = (value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
export const port: Reader<number> = (value) => {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 65_535) throw new Error('is not a port (0 to 65535)');
  return number;
};
export const flag: Reader<boolean> = (value) => {
  if (!/^(0|1|true|false)$/.test(value)) throw new Error('is not 1 or 0');
  return value === '1' || value === 'true';
};
export const duration: Reader<number> = (value) => {
  const ms = durationMs(value);
  if (ms === null) throw new Error('is not a duration like 30s, 15m or 14d');
  return ms;
};
export const days: Reader<number> = (value, env) => {
  const ms = duration(value, env);
  if (ms < DAY_MS) throw new Error('is less than a day');
  return Math.ceil(ms / DAY_MS);
};
export const atLeastADay: Reader<number> = (value, env) => {
  if (value === 'off') return 0;
  const ms = duration(value, env);
  if (ms < DAY_MS) throw new Error('is less than 24h; an order may rest over night');
  return Math.round(ms);
};
export const alertsFile: Reader<AlertSettings> = (path, env) => {
  if (path === '') return NO_ALERTS;
  const { settings, problems } = readAlertSettings(readFileSync(path, 'utf8'), env, (query) =>
    parseQuery(query, 0),
  );
  if (problems.length > 0) throw new Error(`is wrong: ${problems.join('; ')}`);
  return settings;
};
export const definitionFiles: Reader<Definition[]> = (path) => {
  if (path === '') return [];
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((file) => /\.ya?ml$/.test(file))
        .sort()
        .map((file) => join(path, file))
    : [path];
  const read = files.map((file) => ({ file, ...readDefinitions(readFileSync(file, 'utf8')) }));
  const problems = read.flatMap(({ file, problems: found }) =>
    found.map((problem) => `${file} ${problem}`),
  );
  if (problems.length > 0) throw new Error(`is wrong: ${problems.join('; ')}`);
  return read.flatMap(({ definitions }) => definitions);
};
export const bytes: Reader<number> = (value) => {
  if (value === '') return 0;
  const match = /^(\d+(?:\.\d+)?)\s*(MiB|GiB|MB|GB)$/i.exec(value);
  if (!match) throw new Error('is not a size like 512MiB or 4GiB');
  return Number(match[1]) * (/^g/i.test(match[2]!) ? 2 ** 30 : 2 ** 20);
};
export const bytesOrOff: Reader<number> = (value, env) => (value === 'off' ? 0 : bytes(value, env));
export const oneOf =
  <T extends string>(...values: T[]): Reader<T> =>
  (value) => {
    if (!values.includes(value as T)) throw new Error(`is not one of ${values.join(', ')}`);
    return value as T;
  };
export const url: Reader<string> = (value) => {
  if (value !== '' && !/^https?:\/\//.test(value)) throw new Error('is not an http(s) URL');
  return value;
};
