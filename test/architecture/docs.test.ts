import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ERRORS, SETTINGS } from '@fermata/server';
import * as semconv from '@fermata/instrumentation/semconv';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const contributing = readFileSync(`${root}CONTRIBUTING.md`, 'utf8');
const decisions = readdirSync(`${root}docs/adr`)
  .map((file) => readFileSync(`${root}docs/adr/${file}`, 'utf8'))
  .join('\n');
const packageReadme = readFileSync(`${root}instrumentation/README.md`, 'utf8');

test('every path that the documents name exists', () => {
  const named = [
    ...`${readme}\n${decisions}\n${contributing}`.matchAll(
      /`((?:server|web|instrumentation|test|scripts|docs)\/[\w./-]+)`/g,
    ),
  ].map(([, path]) => path!);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(root + path))).toEqual([]);
});

test('every setting stands in the README with its default, and every named setting exists', () => {
  for (const setting of Object.values(SETTINGS))
    expect(readme, setting.name).toContain(
      `| \`${setting.name}\` | ${setting.default === '' ? '' : `\`${setting.default}\``}`,
    );
  const known = [
    ...Object.values(SETTINGS).map((setting) => setting.name),
    'FERMATA_CONFIG',
    'FERMATA_DEMO_BROKER',
    'FERMATA_DEMO_RATE',
    'FERMATA_REQUIRE_BROKERS',
    'FERMATA_REQUIRE_BROWSER',
    'FERMATA_REQUIRE_COMPOSE',
  ];
  const named = new Set([...readme.matchAll(/\b(FERMATA_[A-Z_]+)\b/g)].map(([, name]) => name!));
  expect([...named].filter((name) => !known.includes(name))).toEqual([]);
});

test('the error catalogue is in the README, both ways', () => {
  const documented = [...readme.matchAll(/^\| `([a-z]+\.[a-z-]+)` \|/gm)].map(([, code]) => code!);
  expect(documented.sort()).toEqual(Object.keys(ERRORS).sort());
});

test('the attribute table of the package names every constant, and only those', () => {
  const names = Object.entries(semconv)
    .filter(([key]) => /^(ATTR|EVENT|HEADER)_/.test(key))
    .map(([, value]) => value as string);
  expect(names.filter((name) => !packageReadme.includes(`\`${name}`))).toEqual([]);
  const documented = [...packageReadme.matchAll(/^\| `(fermata[a-z._-]+?)(?:<name>)?` \|/gm)].map(
    ([, name]) => name!,
  );
  expect(documented.filter((name) => !names.includes(name))).toEqual([]);
});

test('constants and the attribute table are what the registry says', () => {
  const { status, stderr } = spawnSync(process.execPath, [`${root}scripts/semconv.js`, '--check'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
