import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { diagnose } from './doctor.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const service = (packages: Record<string, string>, own: object = {}): string => {
  const folder = mkdtempSync(join(tmpdir(), 'fermata-doctor-'));
  folders.push(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify(own));
  for (const [path, version] of Object.entries(packages)) {
    mkdirSync(join(folder, 'node_modules', path), { recursive: true });
    writeFileSync(join(folder, 'node_modules', path, 'package.json'), JSON.stringify({ version }));
  }
  return folder;
};
const wrong = async (folder: string, env: Record<string, string>): Promise<string[]> =>
  (await diagnose(folder, env)).filter(({ ok }) => !ok).map(({ check }) => check);
const SOUND = { '@opentelemetry/api': '1.9.1', '@opentelemetry/sdk-node': '0.223.0' };
const listening = async (): Promise<{ url: string; stop: () => void }> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => server.close(),
  };
};

test('a sound service has nothing wrong with it', async () => {
  const { url, stop } = await listening();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    NODE_OPTIONS: '--import @fermata/instrumentation/register',
  };
  expect(await wrong(service(SOUND), env)).toEqual([]);
  const script = { scripts: { start: 'node --import @fermata/instrumentation/register app.js' } };
  expect(await wrong(service(SOUND, script), { OTEL_EXPORTER_OTLP_ENDPOINT: url })).toEqual([]);
  stop();
});

test('each thing that keeps spans away is named, with what to do', async () => {
  const { url, stop } = await listening();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    NODE_OPTIONS: '--import @fermata/instrumentation/register',
  };
  const check = async (
    more: Record<string, string>,
    packages: Record<string, string> = SOUND,
  ): Promise<string[]> => wrong(service(packages), { ...env, ...more });
  expect(await check({}, {})).toEqual(['OpenTelemetry SDK', '@opentelemetry/api']);
  expect(await check({}, { ...SOUND, 'some/node_modules/@opentelemetry/api': '1.4.0' })).toEqual([
    '@opentelemetry/api',
  ]);
  expect(await check({ NODE_OPTIONS: '' })).toEqual(['register']);
  expect(await check({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })).toEqual(['exporter']);
  expect(await check({ OTEL_EXPORTER_OTLP_ENDPOINT: 'nowhere' })).toEqual(['exporter']);
  expect(
    await check({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' }),
  ).toEqual(['sampling']);
  expect(await check({ OTEL_PROPAGATORS: 'b3' })).toEqual(['propagators']);
  expect(await check({ OTEL_SPAN_LINK_COUNT_LIMIT: '8' })).toEqual(['limits']);
  expect(await check({ OTEL_SDK_DISABLED: 'true' })).toEqual(['switched on']);
  for (const { ok, todo } of await diagnose(service({}), {})) if (!ok) expect(todo).toBeTruthy();
  stop();
  expect(await wrong(service(SOUND), { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: url })).toEqual([
    'exporter',
  ]);
});
