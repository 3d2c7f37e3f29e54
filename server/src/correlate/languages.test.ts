import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emptyExport, type OtlpSpan } from '../model/otlp.ts';
import { decodeTracesJson } from '../receive/otlp-json.ts';
import { createLab, type Flow } from '../testing/lab.ts';

/**
 * Path of the script that generates spans as the instrumentations of many languages build them;
 * undefined if it is not beside the checkout. The tests below are then skipped.
 */
const cases = [
  fileURLToPath(new URL('../../../../shared/realapps/lang/cases.mjs', import.meta.url)),
].find(existsSync);
if (!cases) process.stdout.write('\n  SKIPPED: spans of other languages; there are none here\n\n');

/** Runs the script and returns the spans of each case in the order in which they were sent. */
async function generated(): Promise<OtlpSpan[][]> {
  const sent: OtlpSpan[][] = [];
  const receiver = createServer((request, response) => {
    void buffer(request).then((body) => {
      sent.push((decodeTracesJson(body) ?? emptyExport()).spans);
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  await promisify(execFile)(process.execPath, [cases!], {
    env: { ...process.env, FOTLP: `http://127.0.0.1:${port}` },
  });
  receiver.close();
  return sent;
}

/** Returns the name of the case to which a service belongs: `go-franz` of `go-franz-order`. */
const caseOf = ({ services }: Pick<Flow, 'services'>, names: readonly string[]): string =>
  names
    .filter((name) => services.every((service) => service.startsWith(`${name}-`)))
    .sort((a, b) => a.length - b.length)
    .at(-1) ?? '';
const isKept = ({ unasked }: Flow): boolean => unasked === undefined;
const stepsOf = ({ steps }: Flow, name: string): string[] =>
  steps.map(
    ({ service, name: step, kind, status, attempts }) =>
      `${service.slice(name.length + 1)}: ${step} (${kind}) ${status}${attempts.length > 1 ? ` ${attempts.length}` : ''}`,
  );
const hopsOf = ({ hops }: Flow): string[] =>
  hops
    .map(
      ({ state, message: { kind, type, system, destination } }) =>
        `${state} ${kind} ${type}@${system}:${destination}`,
    )
    .sort();

/**
 * The flow that each case has to give, written by hand: outcome, steps in order, and hops sorted as
 * text.
 */
const EXPECTED: Record<string, [outcome: string, steps: string[], hops: string[]]> = {
  'java-kafka': [
    'failed',
    [
      'order: POST /orders (request) ok',
      'payment: orders process (event) ok',
      'shipping: payments process (event) failed',
      'audit: payments process (event) ok',
    ],
    [
      'delivered event @kafka:orders',
      'delivered event @kafka:payments',
      'delivered event @kafka:payments',
    ],
  ],
  'java-kafka-receive': [
    'completed',
    ['order: POST /orders (request) ok', 'payment: orders process (event) ok'],
    ['delivered event @kafka:orders', 'waiting event @kafka:payments'],
  ],
  'spring-kafka': [
    'failed',
    [
      'order: POST /orders (request) ok',
      'payment: orders receive (event) ok',
      'shipping: payments receive (event) failed',
    ],
    ['delivered event @kafka:orders', 'delivered event @kafka:payments'],
  ],
  'spring-rabbit': [
    'completed',
    [
      'order: POST /orders (request) ok',
      'payment: payment.q receive (event) ok',
      'shipping: shipping.q receive (event) ok',
    ],
    ['delivered event @rabbitmq:shipping.q', 'delivered event order.created@rabbitmq:orders.ex'],
  ],
  'java-rabbit': [
    'completed',
    [
      'order: POST /orders (request) ok',
      'payment: payment.q process (event) ok',
      'order: (temporary) process (reply) ok',
    ],
    ['delivered event order.created@rabbitmq:orders.ex', 'delivered reply @rabbitmq:(temporary)'],
  ],
  'python-pika': [
    'failed',
    [
      'order: POST /orders (request) ok',
      'payment: orders receive (event) ok',
      'shipping: payments receive (event) failed',
    ],
    ['delivered event @rabbitmq:orders', 'delivered event @rabbitmq:payments'],
  ],
  'python-celery': [
    'failed',
    [
      'web: POST /orders (request) ok',
      'worker: run/shop.tasks.charge (event) retried 3',
      'worker: run/shop.tasks.mail (event) failed',
    ],
    [
      'delivered event shop.tasks.charge@celery:celery',
      'delivered event shop.tasks.charge@celery:celery',
      'delivered event shop.tasks.charge@celery:celery',
      'delivered event shop.tasks.mail@celery:celery',
    ],
  ],
  'python-confluent': [
    'completed',
    ['order: POST /orders (request) ok', 'payment: orders process (event) ok'],
    ['delivered event @kafka:orders', 'waiting event @kafka:payments'],
  ],
  masstransit: [
    'failed',
    [
      'api: POST /orders (request) ok',
      'orders: submit-order process (event) ok',
      'payment: charge-card process (event) failed',
    ],
    [
      'dead-lettered event @rabbitmq:charge-card_error',
      'delivered event ChargeCard@rabbitmq:Contracts:ChargeCard',
      'delivered event SubmitOrder@rabbitmq:Contracts:SubmitOrder',
      'waiting event Fault<ChargeCard>@rabbitmq:MassTransit:Fault--Contracts:ChargeCard--',
    ],
  ],
  nservicebus: [
    'failed',
    [
      'api: POST /orders (request) ok',
      'sales: process PlaceOrder (command) ok',
      'billing: process OrderPlaced (event) failed 2',
      'shipping: process OrderPlaced (event) ok',
    ],
    [
      'delivered command PlaceOrder@nservicebus:Sales',
      'delivered event OrderPlaced@nservicebus:',
      'delivered event OrderPlaced@nservicebus:',
    ],
  ],
  'azure-sb': [
    'failed',
    [
      'api: POST /orders (request) ok',
      'pay: process orders/Subscriptions/pay (event) ok',
      'ship: process payments (event) failed',
    ],
    [
      'dead-lettered event @servicebus:payments',
      'delivered event @servicebus:orders',
      'delivered event @servicebus:payments',
    ],
  ],
  'gcp-pubsub': [
    'failed',
    [
      'api: POST /orders (request) ok',
      'pay: pay-sub subscribe (event) failed',
      'ship: ship-sub subscribe (event) ok',
    ],
    ['delivered event @gcp_pubsub:orders', 'delivered event @gcp_pubsub:payments'],
  ],
  'js-sqs': [
    'completed',
    ['api: POST /orders (request) ok', 'pay: orders receive (event) ok'],
    ['delivered event @aws_sqs:orders'],
  ],
  dapr: [
    'completed',
    [
      'checkout: POST /orders (request) ok',
      'checkout-dapr: /v1.0/publish/orderpubsub/orders (task) ok',
      'processor-dapr: pubsub/orders (event) ok',
      'processor: POST /orders (request) ok',
    ],
    [
      'delivered command /v1.0/publish/orderpubsub/orders@http:dapr-checkout-dapr',
      'delivered command POST /orders@http:dapr-processor',
      'delivered event @pubsub:orders',
    ],
  ],
  'go-sarama': [
    'completed',
    ['order: POST /orders (request) ok', 'pay: orders receive (event) ok'],
    ['delivered event @kafka:orders'],
  ],
  'go-franz': [
    'completed',
    ['order: POST /orders (request) ok', 'pay: orders process (event) ok'],
    ['delivered event @kafka:orders', 'waiting event @kafka:payments'],
  ],
};
/**
 * Number of additional flows, by case. A message is in a flow of its own if its handler has no span
 * that names the message.
 */
const LOOSE: ReadonlyMap<string, number> = new Map([['js-sqs', 1]]);

describe.runIf(cases)('spans of other languages', () => {
  const found = new Map<string, Flow[]>();
  beforeAll(async () => {
    const sent = await generated();
    const last = sent.flat().reduce((latest, { end }) => (end > latest ? end : latest), 0n);
    for (const spans of sent) {
      // Each case has a server of its own, because they share names of queues.
      const lab = await createLab({ startMs: Number(last / 1_000_000n) });
      await lab.deliver(spans);
      await lab.advance(60_000);
      for (const { flow } of lab.flows.values()) {
        const name = caseOf(flow, Object.keys(EXPECTED));
        if (isKept(flow)) found.set(name, [...(found.get(name) ?? []), flow]);
      }
      await lab.stop();
    }
  }, 60_000);
  afterAll(() => found.clear());

  test.each(Object.keys(EXPECTED))('%s', (name) => {
    const flows = found.get(name) ?? [];
    expect(flows).toHaveLength(1 + (LOOSE.get(name) ?? 0));
    const order = flows.find(({ type }) => type.endsWith('POST /orders'))!;
    expect([order.idleOutcome, stepsOf(order, name), hopsOf(order)]).toEqual(EXPECTED[name]);
    expect(order.badges).not.toContain('duplicate-processing');
    expect(order.waitingFor).toEqual([]);
  });

  test('the state of a saga is the result of the step, and its id finds the flow', () => {
    const [order] = found.get('masstransit')!;
    expect(order!.keys).toEqual([['saga', 'order-77']]);
    expect(order!.steps.map(({ result }) => result)).toEqual([null, 'Submitted', null]);
  });
  test('tasks that are tried again failed before, each with its reason', () => {
    const [order] = found.get('python-celery')!;
    const { attempts } = order!.steps[1]!;
    expect(attempts.map(({ status, error }) => [status, error?.message])).toEqual([
      ['failed', 'Timeout'],
      ['failed', 'Timeout'],
      ['ok', undefined],
    ]);
  });
  test('what was set aside is told', () => {
    const told = (name: string) => found.get(name)![0]!.findings.map(({ rule }) => rule);
    expect(told('azure-sb')).toContain('dead-letter');
    expect(told('masstransit')).toContain('dead-letter');
    expect(told('gcp-pubsub')).not.toContain('dead-letter');
  });
});
