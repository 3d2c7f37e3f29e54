import { expect, test } from 'vitest';
import { CLIENTS, FRAMEWORKS } from './adapters/index.ts';
import { CLIENT_PACKAGES, isTracedVersion } from './clients.ts';

test('what register traces is what the table says', () => {
  const packages = Object.keys({ ...CLIENTS, ...FRAMEWORKS }).map(
    (name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)![0],
  );
  const said = CLIENT_PACKAGES.filter(({ how }) => how === 'register').map(({ name }) => name);
  expect(said.sort()).toEqual([...new Set(packages)].sort());
});

test.each([
  ['6.3.1', '4', '6', true],
  ['7.0.0', '4', '6', false],
  ['3.9.9', '4', '6', false],
  ['0.8.0', '0.8', undefined, true],
  ['0.7.9', '0.8', undefined, false],
  ['2.3.1', '0.8', undefined, true],
  ['0.15.2', '0.14', '0.15', true],
  ['0.16.0', '0.14', '0.15', false],
  ['4.0.0-rc.1', '4', '5', true],
] as const)('%s, from %s to %s: %s', (version, from, to, traced) => {
  const client = { name: 'x', from, how: 'register' as const, ...(to !== undefined && { to }) };
  expect(isTracedVersion(client, version)).toBe(traced);
});
