import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { diagnose } from './diagnose.ts';
import type { Diagnosis } from './diagnosis.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
/**
 * Makes the folder of a service with the given files. `packages` are installed packages with their
 * versions.
 */
const service = (packages: Record<string, string>, files: Record<string, string> = {}): string => {
  const folder = mkdtempSync(join(tmpdir(), 'fermata-doctor-'));
  folders.push(folder);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('package.json', '{}');
  for (const [path, version] of Object.entries(packages))
    write(join('node_modules', path, 'package.json'), JSON.stringify({ version }));
  for (const [path, text] of Object.entries(files)) write(path, text);
  return folder;
};
const SOUND = { '@opentelemetry/api': '1.9.1', '@opentelemetry/sdk-node': '0.223.0' };
const REGISTER = '@fermata/instrumentation/register';
/**
 * The endpoint is no valid address, so no request is sent and only the folder and the environment
 * are checked.
 */
const UNASKED = { OTEL_EXPORTER_OTLP_ENDPOINT: 'unasked', OTEL_SERVICE_NAME: 'order' };

async function found(folder: string, env: Record<string, string> = {}): Promise<Diagnosis[]> {
  const all: Diagnosis[] = [];
  for await (const one of diagnose(folder, { ...UNASKED, ...env })) all.push(one);
  return all.filter(({ check }) => check !== 'exporter');
}
const states = async (
  folder: string,
  env?: Record<string, string>,
): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await found(folder, env))
      .filter(({ state }) => state !== 'ok')
      .map(({ check, state }) => [check, state]),
  );

test('a sound service has nothing wrong with it', async () => {
  const sound = service({ ...SOUND, amqplib: '2.3.1' });
  expect(await states(sound, { NODE_OPTIONS: `--import ${REGISTER}` })).toEqual({});
});

test.each([
  ['package.json', `{"scripts":{"start":"node --import ${REGISTER} app.js"}}`],
  ['Dockerfile', `CMD ["node", "--require", "${REGISTER}", "app.js"]`],
  ['ecosystem.config.js', `module.exports = { node_args: '--require ${REGISTER}' }`],
])('register is found in %s', async (name, text) => {
  const all = await found(service(SOUND, { [name]: text }));
  expect(all).toContainEqual({ check: 'register', state: 'ok', found: `loaded by ${name}` });
});

test('register may stand on a command line, so its absence is a hint, in the right form', async () => {
  const todo = async (manifest: string): Promise<string | undefined> => {
    const all = await found(service({ ...SOUND, amqplib: '2.0.0' }, { 'package.json': manifest }));
    return all.find(({ check, state }) => check === 'register' && state === 'hint')?.todo;
  };
  expect(await todo('{}')).toMatch(/^node --require /);
  expect(await todo('{"type":"module"}')).toMatch(/^node --import /);
  const tsNode = service({ ...SOUND, 'ts-node': '10.9.2', amqplib: '2.0.0' });
  expect(await states(tsNode, { NODE_OPTIONS: `--import ${REGISTER}` })).toEqual({
    register: 'hint',
  });
  expect(await states(tsNode, { NODE_OPTIONS: `--require ${REGISTER}` })).toEqual({});
});

test('a copy of the API is wrong only where it is newer than that of the SDK', async () => {
  const more = (version: string): string =>
    service({ ...SOUND, kafkajs: '2.2.4', 'some/node_modules/@opentelemetry/api': version });
  const env = { NODE_OPTIONS: `--import ${REGISTER}` };
  expect(await states(more('1.4.0'), env)).toEqual({});
  expect(await states(more('1.10.0'), env)).toEqual({ '@opentelemetry/api': 'wrong' });
  expect(await states(more('2.0.0'), env)).toEqual({ '@opentelemetry/api': 'wrong' });
});

test.each([
  ['service name', 'hint', { OTEL_SERVICE_NAME: '' }],
  ['traces exporter', 'hint', { OTEL_TRACES_EXPORTER: 'console' }],
  ['switched on', 'wrong', { OTEL_SDK_DISABLED: 'true' }],
  ['sampling', 'wrong', { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' }],
  ['propagators', 'wrong', { OTEL_PROPAGATORS: 'b3' }],
  ['limits', 'wrong', { OTEL_SPAN_LINK_COUNT_LIMIT: '8' }],
] as const)('%s is %s, and the advice is there', async (check, state, env) => {
  const folder = service({ ...SOUND, amqplib: '2.3.1' });
  const all = (await found(folder, { NODE_OPTIONS: `--import ${REGISTER}`, ...env })).filter(
    (one) => one.state !== 'ok',
  );
  expect(all).toMatchObject([{ check, state, todo: expect.any(String) as string }]);
});

test('clients are found wherever they are: with pnpm, in a monorepo, above', async () => {
  const folder = service(SOUND, {
    'node_modules/.pnpm/amqplib@2.3.1/node_modules/amqplib/package.json': '{"version":"2.3.1"}',
    'packages/order/package.json': '{}',
    'packages/order/node_modules/kafkajs/package.json': '{"version":"1.16.0"}',
    'packages/order/node_modules/bullmq/package.json': '{"version":"5.1.0"}',
    'packages/order/node_modules/pg-boss/package.json': '{"version":"13.0.0"}',
  });
  symlinkSync('.pnpm/amqplib@2.3.1/node_modules/amqplib', join(folder, 'node_modules/linked'));
  const clients = async (from: string): Promise<string[][]> =>
    (await found(from))
      .filter(({ check }) => /^(amqplib|kafkajs|bullmq|pg-boss) /.test(check))
      .map(({ check, found: what }) => [check, what]);
  for (const from of [folder, join(folder, 'packages/order')])
    expect(await clients(from)).toEqual([
      ['amqplib 2.3.1', 'traced by register'],
      ['kafkajs 1.16.0', 'too old: version 2 is traced'],
      ['bullmq 5.1.0', 'traced by register'],
      ['pg-boss 13.0.0', 'traced by register, untested: versions 10 to 12 are tested'],
    ]);
});
