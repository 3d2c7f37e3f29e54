import { expect, test } from 'vitest';
import { DEMO, isLocal, namingOf, platformsOf, quoted, reachedFrom, type Block } from './blocks.ts';

const ADDRESS = { http: 'http://127.0.0.1:4318', grpc: 'http://127.0.0.1:4317' };
const HOSTILE = { http: `http://a'b";$(touch x)\`c\`:1`, grpc: 'http://x' };
const all = (address: typeof ADDRESS): Block[] => [
  ...platformsOf(address).flatMap(({ blocks }) => blocks),
  ...namingOf(),
  DEMO,
];

test('values are quoted for a shell, whatever is in them', () => {
  expect(quoted('a b')).toBe("'a b'");
  expect(quoted("it's $HOME")).toBe(String.raw`'it'\''s $HOME'`);
});

test('a local address is shown as the browser reached the server', () => {
  expect(reachedFrom('http://localhost:4318', 'fermata.internal')).toBe(
    'http://fermata.internal:4318',
  );
  expect(reachedFrom('http://127.0.0.1:4318', 'localhost')).toBe('http://127.0.0.1:4318');
  expect(reachedFrom('http://10.0.0.7:4318', 'fermata.internal')).toBe('http://10.0.0.7:4318');
  expect(reachedFrom('nonsense', 'fermata.internal')).toBe('nonsense');
  expect([isLocal('http://localhost:1'), isLocal('http://10.0.0.7:1')]).toEqual([true, false]);
});

test('every platform has lines with the address of this server', () => {
  const platforms = platformsOf(ADDRESS);
  expect(platforms.map(({ name }) => name)).toEqual([
    ...['Node', 'Java', 'Python', '.NET', 'Go', 'Collector', 'curl'],
  ]);
  for (const { name, blocks } of platforms)
    expect(blocks.map(({ lines }) => lines).join('\n'), name).toContain(ADDRESS.http);
});

test('titles are unique on a platform, and no variable is exported without quotes', () => {
  for (const { blocks } of platformsOf(HOSTILE)) {
    expect(new Set(blocks.map(({ title }) => title)).size).toBe(blocks.length);
    for (const { lines } of blocks)
      for (const [, value] of lines.matchAll(/^export \w+=(.*)$/gm))
        expect(value).toMatch(/^'.*'$/);
  }
  expect(all(ADDRESS).length).toBeGreaterThan(12);
});
