import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { decodeTracesJson } from '../receive/otlp-json.ts';
import { createLab, type Flow } from '../testing/lab.ts';

/**
 * Directory of spans that agents of other languages recorded over real brokers; undefined if it is
 * not beside the checkout. The tests below are then skipped.
 */
const agents = [
  fileURLToPath(new URL('../../../../shared/realapps/agents/', import.meta.url)),
].find(existsSync);
if (!agents)
  process.stdout.write('\n  SKIPPED: recorded agents; there are none beside this checkout\n\n');

/**
 * Returns the flows that began with an order, oldest first, once nothing has arrived for a minute.
 */
async function ordersOf(name: string): Promise<Flow[]> {
  return (await flowsOf(name)).filter(({ type }) => type === 'order POST /orders');
}
/** Returns all flows that are kept, oldest first. */
async function flowsOf(name: string): Promise<Flow[]> {
  const requests = JSON.parse(readFileSync(`${agents}${name}/spans.json`, 'utf8')) as object[];
  const batches = requests.map(
    (request) => decodeTracesJson(Buffer.from(JSON.stringify(request))).spans,
  );
  const last = batches.flat().reduce((latest, { end }) => (end > latest ? end : latest), 0n);
  const lab = await createLab({ startMs: Number(last / 1_000_000n) });
  for (const spans of batches) await lab.deliver(spans);
  await lab.advance(60_000);
  const flows = [...lab.flows.values()].map(({ flow }) => flow);
  await lab.stop();
  return flows
    .filter(({ unasked }) => unasked === undefined)
    .sort((a, b) => (a.started < b.started ? -1 : 1));
}
const stepsOf = ({ steps }: Flow, service: string): string[] =>
  steps
    .filter((step) => step.service === service)
    .map(({ typeKey, status, attempts }) => `${typeKey} ${status} ${attempts.length}`);
const deadLettersOf = ({ hops, steps }: Flow): string[] => {
  const service = (id: string | null) => steps.find((step) => step.id === id)?.service;
  return hops
    .filter(({ state }) => state === 'dead-lettered')
    .map(({ from, to }) => `${service(from)} ${service(to)}`);
};

describe.runIf(agents)('recorded agents', () => {
  // Each row: recording; number of orders; number of steps of the first order's flow (0: not
  // checked); index of the flow with a failed step; sender and consumer of that flow's dead
  // letters.
  test.each([
    ['go-franz-kotel', 4, 7, 1, ['shipping audit']],
    ['go-sarama', 6, 5, 2, ['shipping undefined']],
    ['java-spring-micrometer-rabbit', 6, 8, 2, ['mailer mailer']],
    ['java-spring-otel-kafka', 3, 8, 1, ['shipping shipping']],
    ['java-spring-micrometer-kafka', 3, 0, 1, ['shipping shipping']],
    ['java-spring-otel-kafka-batch', 3, 5, null, []],
    ['python-confluent-kafka', 6, 5, 2, ['shipping undefined']],
    ['python-aio-pika', 5, 7, 2, ['mailer deadletters']],
    ['python-pika', 5, 5, 2, ['mailer deadletters']],
    ['go-amqp091', 6, 5, 2, []],
    ['java-kafka-streams', 4, 2, null, []],
    ['java-spring-otel-by-hand', 3, 9, 2, ['shipping shipping']],
    ['java-spring-otel-kafka-storm', 1, 9, 0, []],
    ['python-aio-pika-by-hand', 3, 7, 1, ['mailer deadletters']],
    ['python-aiokafka', 4, 3, null, []],
    ['python-aiokafka-batch', 3, 2, null, []],
    ['python-aiokafka-by-hand', 2, 4, 1, []],
    ['python-faststream-kafka', 6, 4, 2, []],
    ['python-faststream-rabbit', 6, 4, 2, []],
  ])('%s: one flow an order', async (name, count, stepCount, failed, dead) => {
    const flows = await ordersOf(name);
    expect(flows).toHaveLength(count);
    if (stepCount > 0) expect(flows[0]!.steps).toHaveLength(stepCount);
    expect(flows.flatMap(({ failedSteps }, i) => (failedSteps > 0 ? [i] : []))).toEqual(
      failed === null ? [] : [failed],
    );
    if (failed !== null) expect(deadLettersOf(flows[failed]!)).toEqual(dead);
    for (const flow of flows) {
      expect(flow.badges).not.toContain('duplicate-processing');
      expect(flow.badges).not.toContain('broken-context');
    }
  });

  test('a handler that hangs is running, where its delivery has a span of its own', async () => {
    const [, bad, hung] = await ordersOf('go-franz-kotel');
    expect(stepsOf(bad!, 'shipping')).toEqual(['shipping process gk.payments failed 3']);
    expect(stepsOf(hung!, 'shipping')).toEqual(['shipping process gk.payments running 1']);
    expect(hung!.idleOutcome).toBeNull();
  });

  test('each handler has a name of its own, and no name has an id in it', async () => {
    const [ok, refunded] = await ordersOf('python-aio-pika');
    expect(stepsOf(ok!, 'order')).toContain('order process (temporary) ok 1');
    expect(stepsOf(refunded!, 'payment')).toEqual([
      'payment process order.placed ok 1',
      'payment process shipping.failed ok 1',
    ]);
    for (const step of refunded!.steps) expect(step.name).not.toMatch(/[0-9a-f]{32}/);
  });

  test('retry topics are attempts, and the error is its cause’s', async () => {
    const flows = await ordersOf('java-spring-otel-kafka');
    const bad = flows.find(({ failedSteps }) => failedSteps > 0)!;
    expect(stepsOf(bad, 'shipping')[0]).toBe('shipping process sk.payments failed 3');
    expect(bad.steps.find(({ status }) => status === 'failed')!.error).toEqual({
      type: 'java.lang.IllegalStateException',
      message: 'no such address',
    });
  });

  test('tasks of Celery: each failure is a step, each try again an attempt', async () => {
    const flows = await ordersOf('python-celery');
    expect(
      flows.map(({ steps }) =>
        steps
          .filter(({ status }) => status === 'failed' || status === 'retried')
          .map(({ name, attempts }) => [name, attempts.map(({ status }) => status).join()]),
      ),
    ).toEqual([
      [['run/payment.charge', 'failed,failed,ok']],
      [['run/payment.charge', 'failed']],
      [['run/warehouse.reserve', 'failed']],
      [['run/mail.send', 'failed,failed,failed']],
    ]);
  });

  test('services of Node and of others in one order, with its outcome', async () => {
    const flows = await flowsOf('mixed-node-confluent-spring');
    expect(flows.map(({ key, idleOutcome }) => [key.slice(0, 4), idleOutcome])).toEqual([
      ['mx-1', 'completed'],
      ['mx-2', 'completed'],
      ['mx-3', 'failed'],
      ['mx-4', 'completed'],
    ]);
    // If nothing joins the spans of two services, each service's part of an order is a flow of its
    // own.
    expect(await flowsOf('mixed-node-aiokafka-spring')).toHaveLength(8);
  });

  test('polls that ended with an error, and queries, are no flows', async () => {
    const types = (await flowsOf('python-confluent-kafka')).map(({ type }) => type);
    expect(new Set(types)).toEqual(new Set(['order POST /orders']));
    expect((await flowsOf('go-franz-kotel')).map(({ type }) => type)).not.toContain(
      'audit internal',
    );
  });

  test('a batch of several orders is a step of each', async () => {
    for (const name of ['java-spring-otel-kafka-batch', 'python-confluent-kafka']) {
      const flows = await ordersOf(name);
      for (const { steps } of flows.slice(0, 3))
        expect(steps.filter(({ service, shared }) => service === 'audit' && shared)).toHaveLength(
          1,
        );
    }
  });
});
