import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SETTINGS } from '@fermata/server';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const compose = readFileSync(`${root}docker-compose.yml`, 'utf8');
const dockerfile = readFileSync(`${root}Dockerfile`, 'utf8');

const docker = [['docker', 'compose'], ['docker-compose']].find(
  ([command, ...rest]) => spawnSync(command!, [...rest, 'version']).status === 0,
);
if (docker === undefined) {
  if (process.env['FERMATA_REQUIRE_COMPOSE'] === '1')
    throw new Error('no docker compose, and FERMATA_REQUIRE_COMPOSE=1');
  process.stdout.write(
    '\n  SKIPPED: docker-compose.yml as Docker reads it; there is no docker compose\n\n',
  );
}

test.runIf(docker)('Docker reads the compose file, every profile of it', () => {
  const [command, ...rest] = docker!;
  const profiles = [...compose.matchAll(/profiles: \[(\w+)\]/g)].flatMap(([, name]) => [
    '--profile',
    name!,
  ]);
  const { status, stdout, stderr } = spawnSync(
    command!,
    [...rest, '-f', `${root}docker-compose.yml`, ...profiles, 'config', '--services'],
    { encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
  expect(stdout.trim().split('\n').sort()).toEqual(
    ['demo', 'fermata', 'kafka', 'mosquitto', 'nats', 'rabbitmq', 'redis'].sort(),
  );
});

test('what compose sets and starts exists', () => {
  const known = new Set([
    ...Object.values(SETTINGS).map((setting) => setting.name),
    'FERMATA_DEMO_BROKER',
    'FERMATA_URL',
  ]);
  const set = [...compose.matchAll(/^ +(FERMATA_\w+):/gm)].map(([, name]) => name!);
  expect(set.length).toBeGreaterThan(4);
  expect(set.filter((name) => !known.has(name))).toEqual([]);
  const started = [...`${compose}\n${dockerfile}`.matchAll(/'?"?(\w+)\/dist\/([\w/-]+)\.js/g)];
  expect(started.length).toBe(2);
  for (const [, workspace, path] of started)
    expect(
      existsSync(`${root}${workspace}/src/${path}.ts`) ||
        existsSync(`${root}${workspace}/${path}.ts`),
      `${workspace}/${path}`,
    ).toBe(true);
});

test('npm start, the image and the bench give Node the same', () => {
  for (const file of ['scripts/launch.js', 'Dockerfile', 'test/load/bench.ts']) {
    const text = readFileSync(`${root}${file}`, 'utf8');
    for (const setting of [
      /--max-semi-space-size=64\b/,
      /--max-old-space-size=2000\b/,
      /UV_THREADPOOL_SIZE.{1,40}\b16\b/,
    ])
      expect(text, file).toMatch(setting);
  }
});

test('the image installs every workspace', () => {
  const { workspaces } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    workspaces: string[];
  };
  for (const workspace of workspaces)
    expect(dockerfile).toContain(`COPY ${workspace}/package.json ${workspace}/`);
});
