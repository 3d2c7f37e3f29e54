import { expect, test } from 'vitest';
import type { Flow } from '../../model/flow.ts';
import { WholeDouble, type OtlpSpan } from '../../model/otlp.ts';
import { unixNanos } from '../../model/time.ts';
import { readAnnotation, readTags } from './zipkin-texts.ts';
import { writeZipkin } from './zipkin-write.ts';

const spanOf = (over: Partial<OtlpSpan>): OtlpSpan => ({
  resource: { attributes: ['service.name', 'shop', 'service.instance.id', 'shop-1'] },
  ...{ scopeName: '', traceId: 'a1'.repeat(16), spanId: 'b2'.repeat(8), parentSpanId: '' },
  ...{ traceState: '', flags: 0, name: 'pay', kind: 1, statusCode: 0, statusMessage: '' },
  ...{ start: unixNanos(1_700_000_000_000_001_999n), end: unixNanos(1_700_000_000_000_005_000n) },
  ...{ attributes: [], events: [], links: [] },
  ...over,
});

async function written(...spans: OtlpSpan[]): Promise<Record<string, unknown>[]> {
  const flows = async function* (): AsyncIterable<Flow> {
    yield await Promise.resolve({} as Flow);
  };
  const spansOf = (): Promise<{ span: OtlpSpan }[]> =>
    Promise.resolve(spans.map((span) => ({ span })));
  let file = '';
  for await (const part of writeZipkin({ heads: flows, flows, spansOf })) file += part;
  return JSON.parse(file) as Record<string, unknown>[];
}

test('a span has the fields that Zipkin’s API names, and texts for all that it does not', async () => {
  const [span] = await written(
    spanOf({
      ...{ kind: 3, parentSpanId: 'c3'.repeat(8), scopeName: 'lib' },
      attributes: [
        ...['peer.service', 'bank', 'amount', 12.5, 'whole', new WholeDouble(3), 'paid', true],
        ...['big', 2n ** 60n, 'list', ['a', 1], 'bytes', new Uint8Array([1])],
      ],
      events: [
        { time: unixNanos(1_700_000_000_000_003_000n), name: 'sent', attributes: [] },
        { time: unixNanos(1_700_000_000_000_004_000n), name: 'got', attributes: ['code', 7] },
      ],
      links: [{ traceId: 'd4'.repeat(16), spanId: 'e5'.repeat(8), attributes: ['why', 'retry'] }],
    }),
  );
  expect(span).toEqual({
    ...{ traceId: 'a1'.repeat(16), id: 'b2'.repeat(8), parentId: 'c3'.repeat(8) },
    ...{ kind: 'CLIENT', name: 'pay', timestamp: 1_700_000_000_000_001, duration: 4 },
    localEndpoint: { serviceName: 'shop' },
    remoteEndpoint: { serviceName: 'bank' },
    tags: {
      ...{ 'service.instance.id': 'shop-1', 'otel.scope.name': 'lib', 'peer.service': 'bank' },
      ...{ amount: '12.5', whole: '3', paid: 'true', big: String(2n ** 60n), list: '["a",1]' },
      bytes: 'AQ==',
      'otlp.link.0': `${'d4'.repeat(16)}|${'e5'.repeat(8)}||{"why":"retry"}|0`,
    },
    annotations: [
      { timestamp: 1_700_000_000_000_003, value: 'sent' },
      { timestamp: 1_700_000_000_000_004, value: 'got|{"code":"7"}|0' },
    ],
  });
});

test('only what has failed has the tag by which Zipkin knows failures', async () => {
  const spans = await written(
    spanOf({ statusCode: 2, statusMessage: 'refused', attributes: ['error', 'other'] }),
    spanOf({ statusCode: 2 }),
    spanOf({ attributes: ['error', false] }),
  );
  expect(spans.map(({ tags }) => (tags as Record<string, string>)['error'])).toEqual([
    ...['refused', '', undefined],
  ]);
});

test('what is zero is left out, and spans of one trace stand together', async () => {
  const zero = { start: unixNanos(0n), end: unixNanos(0n) };
  const other = 'f6'.repeat(16);
  const spans = await written(spanOf(zero), spanOf({ traceId: other }), spanOf({ name: 'ship' }));
  expect(spans[0]).not.toHaveProperty('duration');
  expect(spans[0]).toMatchObject({ timestamp: 1 });
  expect(spans.map(({ traceId, name }) => [traceId, name])).toEqual([
    ['a1'.repeat(16), 'pay'],
    ['a1'.repeat(16), 'ship'],
    [other, 'pay'],
  ]);
});

test('an export of nothing is a list of nothing', async () => expect(await written()).toEqual([]));

test('texts that only look like links or attributes stay texts', () => {
  const tags = { 'otlp.link.0': 'a|b', 'otlp.link.x': '1', constructor: 'c', 'host.name': 'h' };
  expect(readTags(tags)).toEqual({
    links: [],
    resource: [['host.name', 'h']],
    tags: [
      ['otlp.link.0', 'a|b'],
      ['otlp.link.x', '1'],
      ['constructor', 'c'],
    ],
  });
  for (const text of ['a|{b}|0', 'a|{"b":1}', '"a": {b', '{"a":1}', ''])
    expect(readAnnotation(text)).toEqual({ name: text, attributes: {} });
  expect(readAnnotation('"got": {"code":7}')).toEqual({ name: 'got', attributes: { code: '7' } });
});

/** Attributes of a resource, as detectors of SDKs, the Collector and platforms name them. */
test.each([
  ...['service.version', 'service.instance.id', 'deployment.environment.name'],
  ...['telemetry.sdk.version', 'telemetry.distro.name', 'telemetry.distro.version'],
  ...['host.name', 'host.ip', 'host.mac', 'host.image.id', 'host.cpu.model.name'],
  ...['os.type', 'os.name', 'os.build_id', 'process.pid', 'process.parent_pid'],
  ...['process.command', 'process.command_line', 'process.command_args', 'process.creation.time'],
  ...['process.executable.name', 'process.runtime.name', 'process.owner', 'process.title'],
  ...['container.id', 'container.image.tags', 'container.runtime', 'container.label.team'],
  ...['k8s.pod.name', 'k8s.statefulset.name', 'k8s.replicaset.name', 'k8s.cronjob.name'],
  ...['k8s.pod.label.app.kubernetes.io/name', 'k8s.pod.start_time', 'k8s.node.uid'],
  ...['cloud.provider', 'cloud.region', 'cloud.account.id', 'cloud.availability_zone'],
  ...['aws.ecs.task.arn', 'aws.log.group.names', 'gcp.gce.instance.name', 'heroku.app.id'],
  ...['faas.name', 'faas.instance', 'webengine.name', 'openshift.clusterquota.uid'],
])('an export and an import leave %s to the resource', async (name) => {
  const [span] = await written(
    spanOf({ resource: { attributes: ['service.name', 'shop', name, 'x'] } }),
  );
  expect(readTags(span!['tags'] as Record<string, string>)).toEqual({
    ...{ links: [], tags: [], resource: [[name, 'x']] },
  });
});

/** Attributes of spans, and what is only named like a resource. */
test.each([
  ...['process.exit_code', 'process.exit.code', 'faas.trigger', 'faas.invocation_id'],
  ...['faas.invoked_region', 'aws.s3.bucket', 'aws.request_id', 'aws.lambda.invoked_arn'],
  ...['service.peer.name', 'peer.service', 'user_agent.original', 'deployment.status'],
  ...['gcp.client.service', 'cicd.pipeline.task.run.id', 'cicd.pipeline.run.id', 'device.id'],
  ...['browser.web_vital.name', 'app.screen.name', 'k8s', 'k8sish.pod.name', 'container.weight'],
  ...['host', 'host.port', 'os', 'order.id', 'team', 'telemetry.id', 'cloudy'],
])('an export and an import leave %s to the span', async (name) => {
  const [span] = await written(spanOf({ attributes: [name, 'x'] }));
  expect(readTags(span!['tags'] as Record<string, string>)).toMatchObject({
    tags: expect.arrayContaining([[name, 'x']]),
    resource: [['service.instance.id', 'shop-1']],
  });
});
