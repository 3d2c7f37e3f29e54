import { expect, test } from 'vitest';
import {
  alertsFile,
  atLeastADay,
  bytes,
  bytesOrOff,
  days,
  definitionFiles,
  duration,
  flag,
  list,
  oneOf,
  port,
  url,
  type Reader,
} from './readers.ts';

const HOUR = 3_600_000;
const read = <T>(reader: Reader<T>, text: string): T => reader(text, {});

test.each<[string, Reader<unknown>, string, unknown]>([
  ['list', list, ' a, b ,,c', ['a', 'b', 'c']],
  ['list', list, '', []],
  ['port', port, '0', 0],
  ['port', port, '65535', 65_535],
  ['flag', flag, '1', true],
  ['flag', flag, 'true', true],
  ['flag', flag, '0', false],
  ['flag', flag, 'false', false],
  ['duration', duration, '30s', 30_000],
  ['days', days, '14d', 14],
  ['days', days, '25h', 2],
  ['atLeastADay', atLeastADay, 'off', 0],
  ['atLeastADay', atLeastADay, '24h', 24 * HOUR],
  ['bytes', bytes, '', 0],
  ['bytes', bytes, '512MiB', 512 * 2 ** 20],
  ['bytes', bytes, '1.5 gb', 1.5 * 2 ** 30],
  ['bytesOrOff', bytesOrOff, 'off', 0],
  ['bytesOrOff', bytesOrOff, '1GiB', 2 ** 30],
  ['oneOf', oneOf('keep', 'drop'), 'drop', 'drop'],
  ['url', url, '', ''],
  ['url', url, 'https://fermata.example', 'https://fermata.example'],
  ['definitionFiles', definitionFiles, '', []],
])('%s of %j', (_name, reader, text, value) => {
  expect(read(reader, text)).toEqual(value);
});

test.each<[string, Reader<unknown>, string, string]>([
  ['port', port, '65536', 'is not a port'],
  ['port', port, '-1', 'is not a port'],
  ['port', port, '0x10', 'is not a port'],
  ['port', port, '1e3', 'is not a port'],
  ['port', port, '', 'is not a port'],
  ['flag', flag, 'yes', 'is not 1 or 0'],
  ['flag', flag, '', 'is not 1 or 0'],
  ['duration', duration, 'soon', 'is not a duration'],
  ['days', days, '23h', 'is less than a day'],
  ['atLeastADay', atLeastADay, '23h', 'is less than 24h'],
  ['bytes', bytes, '512', 'is not a size'],
  ['bytes', bytes, '-1GiB', 'is not a size'],
  ['bytes', bytes, '1KiB', 'is not a size'],
  ['oneOf', oneOf('keep', 'drop'), 'KEEP', 'is not one of keep, drop'],
  ['url', url, 'ftp://x', 'is not an http(s) URL'],
  ['url', url, 'javascript:alert(1)', 'is not an http(s) URL'],
])('%s of %j is wrong', (_name, reader, text, problem) => {
  expect(() => read(reader, text)).toThrow(problem);
});

test('without a file nobody is alerted; a file that is not there is a problem', () => {
  expect(read(alertsFile, '')).toMatchObject({ channels: [], routes: [] });
  expect(() => read(alertsFile, '/nowhere/alerts.yaml')).toThrow('ENOENT');
  expect(() => read(definitionFiles, '/nowhere')).toThrow('ENOENT');
});
