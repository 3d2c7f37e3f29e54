import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { moduleFile, PACKAGE, receiver, root, service } from '../testing/service.ts';

afterEach(() => vi.unstubAllEnvs());

test('what a job does in one turn arrives, all of it', async () => {
  const { endpoint, received } = await receiver();
  const { exited } = service(
    `import { completeFlow, startFlow, step } from '${PACKAGE}';
    for (let i = 0; i < 4000; i++) startFlow({ id: 'f' + i }, () => step('one', completeFlow));`,
    endpoint,
  );
  expect(await exited).toEqual([0, null]);
  const count = (name: RegExp): number => received().match(name)?.length ?? 0;
  expect(count(/fermata\.flow\.completed/g)).toBe(4000);
  // Each step name appears twice: on the step's span, and on the log event that announces its
  // start.
  expect(count(/fermata\.step\.name/g)).toBe(8000);
});

test('where an SDK is registered already it is used, and one line says what it needs', async () => {
  const source = `
    import { NodeSDK } from '@opentelemetry/sdk-node';
    import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
    const exporter = new InMemorySpanExporter();
    const spanProcessors = [new SimpleSpanProcessor({ exporter })];
    new NodeSDK({ spanProcessors, logRecordProcessors: [], metricReaders: [], autoDetectResources: false }).start();
    await import('${PACKAGE}/register');
    const { startFlow, step } = await import('${PACKAGE}');
    startFlow({ id: 'theirs' }, () => step('one', () => undefined));
    console.log(exporter.getFinishedSpans().map(({ attributes }) => attributes['fermata.flow.id']).join());`;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@fermata/source', '--import', 'tsx', moduleFile(source)],
    { cwd: root },
  );
  expect(stdout).toBe('theirs\n');
  expect(stderr).toMatch(/^fermata: .* FlowSpanProcessor\n$/);
});

test('the protocol that the environment names is spoken', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json');
  const { endpoint, received } = await receiver();
  const source = `import { startFlow, step } from '${PACKAGE}';
    startFlow({ id: 'f' }, () => step('as JSON', () => undefined));`;
  expect(await service(source, endpoint).exited).toEqual([0, null]);
  expect(received()).toContain('{"resourceSpans":[');
  expect(received()).toContain('{"resourceLogs":[');
});
