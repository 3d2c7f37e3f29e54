import { expect, test } from 'vitest';
import { CLIENTS, FRAMEWORKS } from './adapters/index.ts';
import { CLIENT_PACKAGES, remarkOn } from './clients.ts';

test('what register traces is what the table says', () => {
  const packages = Object.keys({ ...CLIENTS, ...FRAMEWORKS }).map(
    (name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)![0],
  );
  const said = CLIENT_PACKAGES.filter(({ how }) => how === 'register').map(({ name }) => name);
  expect(said.sort()).toEqual([...new Set(packages)].sort());
});

test.each([
  ['6.3.1', '4', '6', undefined],
  ['7.0.0', '4', '6', 'untested: versions 4 to 6 are tested'],
  ['3.9.9', '4', '6', 'too old: versions 4 to 6 are traced'],
  ['0.8.0', '0.8', undefined, undefined],
  ['0.7.9', '0.8', undefined, 'too old: versions from 0.8 on are traced'],
  ['2.3.1', '0.8', undefined, undefined],
  ['0.15.2', '0.14', '0.15', undefined],
  ['0.16.0', '0.14', '0.15', 'untested: versions 0.14 to 0.15 are tested'],
  ['3.0.0', '2', '2', 'untested: version 2 is tested'],
  ['4.0.0-rc.1', '4', '5', undefined],
] as const)('%s, from %s to %s: %s', (version, from, to, remark) => {
  const client = { name: 'x', from, how: 'register' as const, ...(to !== undefined && { to }) };
  expect(remarkOn(client, version)).toBe(remark);
});
