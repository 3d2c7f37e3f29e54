import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FailuresAnswer, Flow, LatencyAnswer, VariantsAnswer } from '@fermata/server/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, onPath, type Client } from '../support/foreign/client.ts';
import { fromEiffel, type EiffelEvent } from '../support/foreign/eiffel.ts';
import {
  fromJaeger,
  recentFile,
  type JaegerTrace,
  type ServiceOf,
} from '../support/foreign/jaeger.ts';
import { fromNezha } from '../support/foreign/nezha.ts';
import { traceIdOf } from '../support/foreign/otlp.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

/** A file of LocalStack's snapshot tests: what AWS answered, by the name of the test. */
type Snapshots = Record<
  string,
  { 'recorded-content': { get_execution_history?: { events: object[] } } }
>;
/**
 * Returns the id of the execution to which a history belongs. Most histories contain a run id;
 * those of the TypeScript SDK contain a workflow id.
 */
const idIn = (name: string, history: string): string =>
  (name.startsWith('ts-')
    ? /"workflowId": *"(e8641[^"]+)"/
    : /"originalExecutionRunId": *"([^"]+)"/
  ).exec(history)![1]!;

/**
 * Folder with traces and histories in the formats of other projects; undefined if it is not beside
 * the checkout. They are sent to the server, and what it shows is compared with what those projects
 * expect. Each recording has its own environment, to query it separately.
 */
const fixtures = [fileURLToPath(new URL('../../../shared/fixtures/', import.meta.url))].find(
  existsSync,
);
if (!fixtures)
  process.stdout.write('\n  SKIPPED: foreign histories; there are none beside this checkout\n\n');

const read = (file: string): Buffer => readFileSync(`${fixtures}${file}`);
const readJson = (file: string): unknown => JSON.parse(read(file).toString());

describe.runIf(fixtures)('foreign histories', () => {
  let server: ServerProcess;
  const directory = freshDirectory();
  let client: Client;
  beforeAll(async () => {
    server = await startServer(directory.path, { FERMATA_SETTLE: '1s', FERMATA_EXPECT: 'off' });
    client = createClient(server);
  });
  afterAll(async () => {
    await server.end('SIGTERM');
    directory.remove();
  });

  type Section = { spanID: string } & Record<'sectionStart' | 'sectionEnd', number>;
  /** Sends a trace as spans, or as the file that it was. */
  const give = async (
    way: 'spans' | 'file',
    name: string,
    trace: JaegerTrace,
    by: ServiceOf,
  ): Promise<Flow> => {
    if (way === 'spans') await client.send(name, fromJaeger(trace, by));
    else {
      const report = await client.import(recentFile(trace, by), name);
      expect(report).toMatchObject({ format: 'jaeger', records: trace.spans.length, skipped: 0 });
    }
    return (await client.flowsOf(name, 1, trace.spans.length))[0]!;
  };
  const inBothWays = <T>(all: readonly T[]): [T, 'spans' | 'file'][] =>
    all.flatMap((one): [T, 'spans' | 'file'][] => [
      [one, 'spans'],
      [one, 'file'],
    ]);

  test.each(inBothWays([1, 2, 4, 6, 7]))(
    'Jaeger’s critical path: test%i, %s',
    async (number, way) => {
      const { data, expectedCriticalPathSections: sections } = readJson(
        `jaeger-ui-critical-path/test${number}.json`,
      ) as { data: JaegerTrace[]; expectedCriticalPathSections: Section[] };
      const trace = data[0]!;
      const flow = await give(way, `jaeger-${number}-${way}`, trace, 'operation');
      const expected: Times = {};
      for (const { spanID, sectionStart, sectionEnd } of sections) {
        const operation = trace.spans.find((span) => span.spanID === spanID)!.operationName;
        expected[operation] = (expected[operation] ?? 0) + sectionEnd - sectionStart;
      }
      // A child cannot have begun before its parent did. Jaeger cuts off what was before, and has
      // C end early; Fermata takes the clock of C for wrong, and C lasts until the root ends.
      if (number === 6) {
        expect(expected).toEqual({ 'op-A': 14, 'op-B': 5, 'op-C': 10 });
        expect(flow.steps.map(({ skewMs }) => skewMs)).toEqual([0, 0, 0.005]);
        expect(onPath(flow, ({ service }) => service)).toEqual({ 'op-A': 14, 'op-C': 15 });
      } else expect(onPath(flow, ({ service }) => service)).toEqual(expected);
    },
  );

  const CRISP = [
    ...['1', '2', '4', '5', '6', '7', '8', '9', '11', '12', '15', '22'],
    ...['err_pattern1/err1', 'err_pattern1/err2'],
  ];
  type Times = Record<string, number>;
  test.each(inBothWays(CRISP))('CRISP’s exclusive times: %s, %s', async (name, way) => {
    const { data, testing } = readJson(`uber-crisp/${name}.json`) as {
      data: JaegerTrace[];
      testing: [Times] | { opTimeExclusive: Times };
    };
    const expected = Array.isArray(testing) ? testing[0] : testing.opTimeExclusive;
    const flow = await give(way, `crisp-${name}-${way}`, data[0]!, 'process');
    const spent = onPath(flow, (step) => `[${step.service}] ${step.name}`);
    // S2 called S3 and ended before S3 did. CRISP counts S3 until S2 ended. In Fermata, S2 did not
    // wait for S3, so S3 is not on the critical path.
    if (name === '8') {
      expect(expected).toEqual({ '[S1] O1': 40, '[S2] O2': 10, '[S3] O3': 50 });
      expect(spent).toEqual({ '[S1] O1': 40, '[S2] O2': 60 });
    } else expect(spent).toEqual(expected);
  });

  interface ZipkinExpectation {
    spans: number;
    services: number;
    links: { parent: string; child: string; callCount: number }[];
  }
  const zipkin = async (name: string): Promise<{ flow: Flow; expected: ZipkinExpectation }> => {
    const all = readJson('zipkin-lens/expected-by-zipkin-lens-code.json');
    const expected = (all as Record<string, ZipkinExpectation>)[`${name}.json`]!;
    const report = await client.import(read(`zipkin-lens/${name}.json`), `zipkin-${name}`);
    expect(report).toMatchObject({ format: 'zipkin', records: expected.spans, skipped: 0 });
    const [flow] = await client.flowsOf(`zipkin-${name}`, 1, expected.spans);
    expect(flow!.services).toHaveLength(expected.services);
    return { flow: flow!, expected };
  };
  test.each(['ascend', 'envoy', 'simple-db-p6'])('Zipkin’s dependencies: %s', async (name) => {
    const { flow, expected } = await zipkin(name);
    // Zipkin also counts calls to services that send no spans, such as databases. In Fermata these
    // are no steps, so they are left out.
    const between = expected.links.filter(({ child }) => flow.services.includes(child));
    expect(await client.callsIn(`zipkin-${name}`)).toEqual(
      Object.fromEntries(between.map((link) => [`${link.parent} ${link.child}`, link.callCount])),
    );
  });

  test('Zipkin’s dependencies where two services record as one', async () => {
    // Spans of `yelp-main` are children of the server span of `yelp_main/api_proxy`. Zipkin
    // attributes them to the client span and counts two calls to `mobile_api`, although there was
    // one.
    await zipkin('yelp');
    expect(await client.callsIn('zipkin-yelp')).toMatchObject({
      'unknown yelp_main/api_proxy': 1,
      'mobile_api spectre': 1,
      'yelp-main mobile_api': 1,
    });
  });

  test('Zipkin’s message waits in the queue', async () => {
    const { flow } = await zipkin('messaging');
    expect(flow.hops).toMatchObject([
      { waitMs: 1.555, sync: false, state: 'delivered', message: { system: 'rabbitmq' } },
    ]);
    const { from, to } = flow.hops[0]!;
    const serviceIn = (id: string | null) => flow.steps.find((step) => step.id === id)?.service;
    expect([from, to].map(serviceIn)).toEqual(['frontend', 'backend']);
    // Zipkin shows the broker as a service between them; Fermata shows a message from frontend to
    // backend.
    expect(await client.callsIn('zipkin-messaging')).toEqual({ 'frontend backend': 1 });
  });

  test('Zipkin’s skew: as little as explains it', async () => {
    const { flow } = await zipkin('skew');
    expect(await client.callsIn('zipkin-skew')).toEqual({ 'servicea serviceb': 1 });
    // The clocks of client and server differ. Zipkin centres the server's 93.577 ms within the
    // client's 94.539 ms. Fermata shifts the server only as far as the start of the call
    // (docs/adr/0001-clocks-belong-to-processes.md).
    const centred = 65.922 - (94.539 - 93.577) / 2;
    expect(flow.badges).toContain('clock-skew');
    expect(flow.steps).toMatchObject([
      { service: 'servicea', skewMs: 0 },
      { service: 'serviceb', badges: ['clock-skew'] },
    ]);
    expect(flow.steps[1]!.skewMs).toBeCloseTo(centred, 6);
    expect(flow.steps[1]!.spanIds).toHaveLength(2);
  });

  test('Nezha: a slow network is told apart from a slow service', async () => {
    await client.send(
      'nezha-healthy',
      fromNezha(read('nezha/tt-2023-01-30-11_39-faultfree.csv.gz')),
    );
    await client.send(
      'nezha-slow',
      fromNezha(read('nezha/tt-2023-01-30-13_15-network_delay-ts-travel-service.csv.gz')),
    );
    const healthy = await client.flowsOf('nezha-healthy', 62, 4595);
    expect(new Set(healthy.flatMap(({ services }) => services)).size).toBe(28);
    await client.flowsOf('nezha-slow', 34, 723);

    const [slow, before] = await Promise.all(
      ['nezha-slow', 'nezha-healthy'].map((environment) =>
        client.get<LatencyAnswer>('lenses/latency', { environment }),
      ),
    );
    const calls = slow!.chain
      .filter(({ kind }) => kind === 'sync-call')
      .sort((a, b) => b.ms.p50 - a.ms.p50);
    expect(calls[0]).toMatchObject({ service: 'ts-travel-service', flows: 17 });
    expect(calls[0]!.ms.p50).toBeCloseTo(1997.374, 2);
    expect(calls[1]!.ms.p50).toBeCloseTo(17.221, 2);
    const inTravel = ({ chain }: LatencyAnswer, kind: string): number =>
      chain.find((one) => one.kind === kind && one.step === calls[0]!.step)!.ms.p50;
    expect(inTravel(before!, 'sync-call')).toBeLessThanOrEqual(7);
    expect(inTravel(slow!, 'processing')).toBeLessThan(inTravel(before!, 'processing'));

    const { population, changed } = await client.get<LatencyAnswer>('lenses/latency', {
      q: 'environment:nezha-slow',
      against: 'environment:nezha-healthy',
    });
    expect(population.total).toBe(34);
    expect(changed![0]).toMatchObject({ kind: 'sync-call', service: 'ts-travel-service' });
    expect(changed![0]!.meanMs).toBeGreaterThan(1000);
    expect(changed![0]!.againstMeanMs).toBeLessThan(10);
  }, 120_000);

  test('Eiffel: each typed link is a hop, and order is causal', async () => {
    // In this recording some events link to several others. A step that takes messages of several
    // flows joins none of them (shared-batches.test.ts), so the events get the id of one flow.
    const events = readJson('eiffel-flows/delivery-interface.events.json') as EiffelEvent[];
    const links = events.flatMap((event) => event.links.map(({ target }) => target));
    expect([events.length, links.length]).toEqual([22, 28]);
    await client.send('eiffel', fromEiffel(events, 'delivery-interface'));
    const [flow] = await client.flowsOf('eiffel', 1, 44);
    const inOrder = [...events].sort((a, b) => a.meta.time - b.meta.time).map(({ meta }) => meta);
    expect(inOrder).not.toEqual(events.map(({ meta }) => meta));
    expect(flow!.steps.map(({ traceId }) => traceId)).toEqual(
      inOrder.map(({ id }) => traceIdOf('eiffel', id)),
    );
    const delivered = flow!.hops.filter(({ state }) => state === 'delivered');
    expect(delivered.map(({ message }) => message.id).sort()).toEqual(links.sort());
    const place = (id: string | null): number => flow!.steps.findIndex((step) => step.id === id);
    for (const { from, to } of delivered) expect(place(from)).toBeLessThan(place(to));
  });

  /**
   * Expected status and step names of each history, by folder and file. The execution itself is the
   * first step.
   */
  const HISTORIES: Record<string, Record<string, [status: string, ...steps: string[]]>> = {
    'cadence-histories': {
      sequential: ['completed', 'fx.ReplayerHelloWorldWorkflow', 'replayerhello', 'replayerhello'],
      greetings: [
        'completed',
        ...['greetings', 'main.getGreetingActivity', 'main.getNameActivity'],
        'main.sayGreetingActivity',
      ],
      parentWF: [
        'completed',
        'go.uber.org/cadence/internal.testReplayWorkflowFromFileParent',
        'go.uber.org/cadence/internal.testReplayWorkflowFromFile',
      ],
      basic: [
        'active',
        'go.uber.org/cadence/test/replaytests.Workflow',
        ...['main.helloworldActivity', 'main.helloworldActivity', 'main.helloworldActivity'],
      ],
    },
    'temporal-sdk-histories': {
      'java-testAsyncActivityRetryHistory': ['failed', 'TestWorkflow1', 'HeartbeatAndThrowIO'],
      'java-testGetVersionHistory': [
        'completed',
        ...['TestWorkflow1', 'Activity2', 'customActivity1', 'customActivity1', 'timer'],
        'customActivity1',
      ],
      'ts-otel_smorgasbord_1_13_1': [
        'completed',
        ...['smorgasbord', 'timer', 'fakeProgress', 'queryOwnWf', 'signalTarget'],
      ],
    },
    'temporal-ui-histories': {
      'raw-events.completed': [
        'completed',
        ...['workflow.completion', 'timer', 'activity.standard-visibility'],
      ],
      'raw-events.canceled': ['cancelled', 'workflow.cancellation', 'timer'],
    },
  };

  test.each(Object.keys(HISTORIES))('executions: %s', async (folder) => {
    const expected = HISTORIES[folder]!;
    const names = Object.keys(expected);
    let records = 0;
    for (const name of names) {
      const report = await client.import(read(`${folder}/${name}.json`), folder);
      expect(report.format).toBe(folder.split('-')[0]);
      records += report.records;
    }
    expect(records).toBe(Object.values(expected).flat().length - names.length);
    const flows = await client.flowsOf(folder, names.length, records);
    // A running execution must stay open, even after flows that arrived later have been recognized
    // as ended.
    await client.settled(`${folder}-later`);
    const told = flows.map(async ({ id }) => {
      const { key, status, steps } = await client.get<Flow>(`flows/${id}`);
      return [key, [status, ...steps.map((step) => step.name)]] as const;
    });
    const keyOf = (name: string): string => idIn(name, read(`${folder}/${name}.json`).toString());
    expect(Object.fromEntries(await Promise.all(told))).toEqual(
      Object.fromEntries(Object.entries(expected).map(([name, of]) => [keyOf(name), of])),
    );
    // A header of Temporal's TypeScript SDK contains the caller's trace id, by which the flow can
    // be found too.
    if (names.some((name) => name.startsWith('ts-otel')))
      expect(await client.get<Flow>('flows/9f5c4475b3bdface79d2a99338fb8d5d')).toMatchObject({
        type: 'smorgasbord',
      });
    const about = { environment: folder };
    const { items: variants } = await client.get<VariantsAnswer>('lenses/variants', about);
    expect(variants.map(({ steps, flows: count }) => [count, ...steps]).sort()).toEqual(
      Object.values(expected)
        .map(([, ...steps]) => [1, ...steps])
        .sort(),
    );
    const { items: failures } = await client.get<FailuresAnswer>('lenses/failures', about);
    expect(failures.map(({ step, error }) => [step, error.message]).sort()).toEqual(
      Object.values(expected)
        // If an execution failed because its activity failed, only the activity counts as a
        // failure.
        .flatMap(([status, ...steps]) => (status === 'failed' ? steps.slice(-1) : []))
        .map((step) => [step, 'simulated IO problem'])
        .sort(),
    );
  });

  test('Step Functions: what was caught is a failure of a step and not of the flow', async () => {
    const about = { environment: 'step-functions' };
    let records = 0;
    for (const type of ['test_timeouts', 'test_states_errors']) {
      const snapshots = readJson(`aws-stepfunctions-snapshots/${type}.snapshot.json`) as Snapshots;
      const histories = Object.entries(snapshots).flatMap(([name, snapshot]) => {
        const history = snapshot['recorded-content'].get_execution_history;
        return history ? [JSON.stringify({ ...history, executionArn: `execution:${name}` })] : [];
      });
      const report = await client.import(histories.join('\n'), about.environment, { type });
      expect(report.format).toBe('step-functions');
      records += report.records;
    }
    const flows = await client.flowsOf(about.environment, 9, records);
    const count = (type: string, status: string): number =>
      flows.filter((flow) => flow.type === type && flow.status === status).length;
    expect(count('test_timeouts', 'failed')).toBe(4);
    expect(count('test_states_errors', 'completed')).toBe(4);
    expect(count('test_states_errors', 'failed')).toBe(1);

    const { items: variants } = await client.get<VariantsAnswer>('lenses/variants', about);
    expect(variants.map(({ steps, outcomes }) => [...steps.slice(1), outcomes])).toEqual(
      expect.arrayContaining([
        ['Start', { failed: 3 }],
        ['InvokeLambda', 'HandleDataLimitExceeded', { completed: 2 }],
        ['InvokeLambda', 'HandleGeneralError', { completed: 2 }],
        ['State_1', { failed: 1 }],
        ['MapWait', ...Array.from({ length: 4 }, () => 'LambdaInvoke'), { failed: 1 }],
      ]),
    );
    expect(variants).toHaveLength(5);
    const { items: failures } = await client.get<FailuresAnswer>('lenses/failures', about);
    // In AWS Step Functions, a failed state makes its map and its execution fail, too. Only the
    // state counts as a failure here.
    const failed = failures.map((group) => [group.step, group.error.message, group.count]);
    expect(failed.sort()).toEqual([
      ['InvokeLambda', 'States.DataLimitExceeded', 4],
      ['LambdaInvoke', 'States.Timeout', 4],
      ['Start', 'States.Timeout', 3],
      ['State_1', 'States.DataLimitExceeded', 1],
    ]);
  });

  const executions = fixtures !== undefined && existsSync(`${fixtures}conductor-executions`);
  if (fixtures && !executions)
    process.stdout.write('\n  SKIPPED: executions of Conductor; there are none\n\n');
  /** Executions that Conductor's own tests are made of: what became of them, and their tasks. */
  const EXECUTIONS: Record<string, [status: string, ...steps: string[]]> = {
    'core-completed': [
      'completed',
      ...['performance_test_1', 'perf_task_1', 'perf_task_10', 'perf_task_3', 'get_from_es'],
      ...['oddEvenDecision', 'perf_task_7', 'perf_task_8', 'perf_task_9', 'modDecision'],
      ...['perf_task_21', 'sub_workflow_x', 'perf_task_22', 'perf_task_28', 'perf_task_29'],
      'perf_task_30',
    ],
    'core-running': [
      'active',
      ...['performance_test_1', 'perf_task_1', 'perf_task_10', 'perf_task_3', 'get_from_es'],
      ...['oddEvenDecision', 'perf_task_4'],
    ],
    'ui-doWhileSwitch': [
      'completed',
      ...['LoopTestWithSwitch', 'inline_task_outside', 'Loop Task', 'inline_task', 'switch_task'],
    ],
    'ui-dynamicFork': [
      'cancelled',
      ...['pipelines.vfxmediareview', 'shot_processing', 'shot_processing_join'],
      ...Array.from({ length: 8 }, () => 'processshot'),
    ],
    'ui-noneSpawned': ['completed', ...['example_dynamic_tasks', 'dynamic_tasks', 'join_dynamic']],
    'ui-oneFailed': [
      'failed',
      ...['example_dynamic_tasks', 'dynamic_tasks', 'first_task', 'second_task'],
      ...['third_task', 'join_dynamic'],
    ],
  };
  test.runIf(executions).each(Object.entries(EXECUTIONS))(
    'Conductor’s executions: %s',
    async (name, [status, ...steps]) => {
      const report = await client.import(read(`conductor-executions/${name}.json`), name);
      expect(report).toMatchObject({ format: 'conductor', records: steps.length, skipped: 0 });
      const [flow] = await client.flowsOf(name, 1, steps.length);
      expect([flow!.status, flow!.steps.map((step) => step.name).sort()]).toEqual([
        ...[status, steps.sort()],
      ]);
      expect(flow!.badges).not.toContain('repaired');
      const about = { environment: name };
      const { items } = await client.get<FailuresAnswer>('lenses/failures', about);
      expect(items.map(({ step }) => step)).toEqual(status === 'failed' ? ['second_task'] : []);
    },
  );

  test('Conductor’s workflows say what is owed, in which order and how soon', async () => {
    for (const name of ['saga-order-fulfillment', 'saga-order-compensation'])
      expect(await client.define({ conductor: readJson(`conductor/${name}.json`) })).toEqual({
        changed: 1,
      });
    const { items } = await client.get<{ items: { definition: object }[] }>('definitions');
    expect(items.map(({ definition }) => definition)).toMatchObject([
      {
        type: 'saga_order_fulfillment',
        withinMs: 600_000,
        steps: [
          { name: 'reserve_inventory', after: [] },
          { name: 'charge_payment', after: ['reserve_inventory'] },
          { name: 'book_shipment', after: ['charge_payment'], withinMs: 60_000 },
        ],
      },
      {
        type: 'saga_order_compensation',
        withinMs: 900_000,
        // A SWITCH decides which of these steps runs, so both must be optional.
        steps: [
          { name: 'refund_payment', optional: true },
          { name: 'release_inventory', optional: true },
        ],
      },
    ]);
  });
});
