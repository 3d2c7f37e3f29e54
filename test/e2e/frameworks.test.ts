import type { Flow, Step } from '@fermata/server/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBrokers } from '../support/brokers.ts';
import { eventually } from '../support/eventually.ts';
import {
  freePort,
  installFrameworks,
  startApplication,
  type Application,
} from '../support/frameworks.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

/**
 * These tests run unmodified applications of several frameworks, traced by `register` alone. Their
 * flows must have the steps, message kinds and failures that someone who knows the application
 * would expect.
 */
const NEEDED = ['amqp', 'nats', 'redis', 'mqtt', 'postgres'];
const found = await findBrokers(...NEEDED);
for (const broker of found) broker.stop();
/**
 * Suffix that separates concurrent runs. It is made of letters, because the server treats numbers
 * in names as ids.
 */
const suffix = `-${[...String(process.pid)].map((digit) => 'abcdefghij'[Number(digit)]).join('')}`;

/** Parameters of a task for an application. `id` becomes the flow id. */
interface Order {
  id: string;
  [more: string]: unknown;
}

describe.runIf(found.length === NEEDED.length)('frameworks', () => {
  let server: ServerProcess;
  let shopPort: number;
  const directory = freshDirectory();
  const applications: Application[] = [];
  const named = new Map<string, Application>();
  let env: Record<string, string>;
  const start = async (
    service: string,
    file: string,
    more: Record<string, string> = {},
    isTraced = true,
  ): Promise<void> => {
    const application = await startApplication(service, file, { ...env, ...more }, isTraced);
    applications.push(application);
    named.set(service, application);
  };
  beforeAll(async () => {
    [server] = await Promise.all([
      startServer(directory.path, { FERMATA_SETTLE: '1s' }),
      installFrameworks(),
    ]);
    env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: server.otlp,
      // Names of queues and exchanges carry the suffix, so that concurrent runs do not share them.
      ...{
        USERS_QUEUE: `users${suffix}`,
        JOBS_QUEUE: `audio${suffix}`,
        EXCHANGE: `orders${suffix}`,
      },
      ...{ NAMESPACE: suffix, CHANNEL_PREFIX: suffix, TCP_PORT: String(await freePort()) },
      GRPC_PORT: String(await freePort()),
      ...{ ORDERS_QUEUE: `placed${suffix}`, OUTBOX_TABLE: `outbox${suffix.replace('-', '_')}` },
      ...{ TS_QUEUE: `ts${suffix}` },
      TRANSPORTERS: 'nats://127.0.0.1:4222,redis://127.0.0.1:6379',
    };
    const other = { TCP_PORT: String(await freePort()) };
    const pubsub = await freePort();
    const bus = await freePort();
    const emulatorAt = (port: number): string =>
      `Endpoint=sb://localhost:${port};SharedAccessKeyName=k;SharedAccessKey=s;UseDevelopmentEmulator=true`;
    shopPort = await freePort();
    await Promise.all([
      start('mail', 'nest/mail.ts').then(() => start('shop', 'nest/shop.ts')),
      start('untraced', 'nest/mail.ts', { ...other, ONLY_TRANSPORT: 'tcp' }, false),
      start('other-shop', 'nest/shop.ts', other),
      start('grpc-mail', 'nest/grpc-mail.ts').then(() => start('grpc-shop', 'nest/grpc-shop.ts')),
      start('payment', 'moleculer/payment.ts'),
      start('orders', 'moleculer/orders.ts'),
      start('golevelup', 'golevelup/billing.ts'),
      start('channels', 'moleculer/channels.ts'),
      start('channels-redis', 'moleculer/channels.ts', {
        ...{ CHANNELS_OVER: 'Redis', CHANNEL_PREFIX: `${suffix}-redis` },
      }),
      start('rascal', 'rascal/orders.ts'),
      start('outbox', 'outbox/shop.ts', { PORT: String(shopPort) }),
      start('shipping', 'outbox/shipping.ts'),
      start('serverless', 'serverless/orders.ts'),
      start('pubsub-service', 'pubsub/service.ts', { PORT: String(pubsub) }, false).then(() =>
        start('pubsub', 'pubsub/orders.ts', { PUBSUB_EMULATOR_HOST: `127.0.0.1:${pubsub}` }),
      ),
      start('service-bus-service', 'service-bus/service.ts', { PORT: String(bus) }, false).then(
        () => start('service-bus', 'service-bus/orders.ts', { SERVICE_BUS: emulatorAt(bus) }),
      ),
      start('bullmq', 'nest/jobs.ts'),
    ]);
  }, 180_000);
  afterAll(async () => {
    await Promise.all(applications.map((application) => application.end()));
    await server?.end('SIGTERM');
    directory.remove();
  });

  /**
   * Sends an order to an application, and returns its flow once the flow has at least `steps`
   * steps.
   */
  async function flowOf(
    service: string,
    order: Order,
    steps: number,
    isEnding = true,
  ): Promise<Flow> {
    const application = named.get(service)!;
    const id = order.id + suffix;
    application.send({ ...order, id });
    return endedFlow(id, steps, isEnding, application);
  }
  async function endedFlow(
    id: string,
    steps: number,
    isEnding = true,
    application?: Application,
  ): Promise<Flow> {
    return eventually(async () => {
      const response = await fetch(`${server.web}/api/v1/flows/${id}`);
      expect(response.status, application?.output()).toBe(200);
      const flow = (await response.json()) as Flow;
      expect(flow.steps.length, JSON.stringify(told(flow))).toBeGreaterThanOrEqual(steps);
      if (isEnding) expect(flow.phase).toBe('ended');
      return flow;
    }, 30_000);
  }
  /** Returns each step of a flow as text: service, kind, name and error. */
  const told = (flow: Flow): string[] =>
    flow.steps.map((step) =>
      [step.service, step.kind, step.name, step.error?.message]
        .filter((part) => part !== undefined)
        .join(' ')
        .replaceAll(new RegExp(`${suffix}[:.]?`, 'g'), ''),
    );
  const kindsOf = (flow: Flow): string[] => flow.hops.map((hop) => hop.message.kind);
  const typesOf = (flow: Flow): string[] => flow.hops.map((hop) => hop.message.type);
  const stepOf = (flow: Flow, name: string): Step => {
    const step = flow.steps.find((one) => one.name === name);
    if (step === undefined) throw new Error(`no ${name} in ${told(flow).join(', ')}`);
    return step;
  };
  const lastingMs = (step: Step): number =>
    Number(BigInt(step.endUnixNano!) - BigInt(step.startUnixNano)) / 1e6;

  /** Transports for which the adapter of the client also makes a span for the reply. */
  const REPLYING = new Set(['rmq', 'redis', 'mqtt']);
  const TRANSPORTS = ['rmq', 'nats', 'redis', 'mqtt', 'tcp'];
  async function expectNest(over: string, shop: string, mail: string): Promise<void> {
    const replies = REPLYING.has(over);
    const reply = replies ? [`${shop} reply process check_address.reply`] : [];
    const task = `${shop} task send `;
    const asked = [task, `${mail} command check_address`, ...reply];
    const expected = (last: string[]) =>
      [...asked, ...last].map((one) => (one === task ? expect.stringContaining(task) : one));

    const register = (id: string, address: string, steps: number) =>
      flowOf(shop, { id: `${shop}-${over}-${id}`, mail: address, over }, steps);
    const [ok, down, bad] = await Promise.all([
      register('ok', 'a@b.example', 4 + reply.length),
      register('down', 'a@b.invalid', 4 + reply.length),
      register('bad', 'nowhere', 2 + reply.length),
    ]);
    expect(told(ok)).toEqual(expected([`${task}user_created`, `${mail} event user_created`]));
    expect(kindsOf(ok)).toEqual(['command', ...(replies ? ['reply'] : []), 'event']);
    expect(new Set(typesOf(ok))).toEqual(
      new Set(['check_address', ...(replies ? ['check_address.reply'] : []), 'user_created']),
    );
    expect(ok).toMatchObject({ outcome: 'completed', failedSteps: 0 });
    // Both handlers take 30 ms: one returns an Observable, the other a promise. The spans must last
    // as long.
    expect(lastingMs(stepOf(ok, 'check_address'))).toBeGreaterThan(25);
    expect(lastingMs(stepOf(ok, 'user_created'))).toBeGreaterThan(25);
    expect(JSON.stringify(ok.hops.map((hop) => hop.evidence))).toContain('link');

    expect(told(down).at(-1)).toBe(`${mail} event user_created mail server down`);
    expect(down).toMatchObject({ outcome: 'failed', failedSteps: 1 });

    expect(stepOf(bad, 'check_address').error?.message).toBe('no address: nowhere');
    expect(bad).toMatchObject({ outcome: 'failed', failedSteps: 1 });

    // Nest sends the reply to a handler that returns a promise outside the handler.
    const order = { id: `${shop}-${over}-name`, mail: 'ann@b.example', over, isName: true };
    const named = await flowOf(shop, order, 2 + reply.length);
    expect(told(named)).toEqual([
      `${shop} task send name_of`,
      `${mail} command name_of`,
      ...(replies ? [`${shop} reply process name_of.reply`] : []),
    ]);
    expect(kindsOf(named)).toEqual(['command', ...(replies ? ['reply'] : [])]);
    expect(typesOf(named)).toEqual(['name_of', ...(replies ? ['name_of.reply'] : [])]);
    const list = await fetch(`${server.web}/api/v1/flows?service=${mail}&limit=500`);
    const { items } = (await list.json()) as { items: { type: string }[] };
    expect(items.filter(({ type }) => type.includes('reply'))).toEqual([]);
  }
  test.each(TRANSPORTS)('NestJS over %s', (over) => expectNest(over, 'shop', 'mail'));

  async function expectGrpc(shop: string, mail: string): Promise<void> {
    const register = (id: string, address: string, steps: number) =>
      flowOf(shop, { id: `${shop}-${id}`, mail: address }, steps);
    const [ok, down, bad] = await Promise.all([
      register('ok', 'a@b.example', 4),
      register('down', 'a@b.invalid', 4),
      register('bad', 'nowhere', 2),
    ]);
    expect(told(ok)).toEqual([
      `${shop} task send Mail/CheckAddress`,
      `${mail} command Mail/CheckAddress`,
      `${shop} task send Mail/Send`,
      `${mail} command Mail/Send`,
    ]);
    expect(ok.hops.map(({ message }) => [message.kind, message.type, message.system])).toEqual([
      ['command', 'Mail/CheckAddress', 'grpc'],
      ['command', 'Mail/Send', 'grpc'],
    ]);
    expect(ok).toMatchObject({ outcome: 'completed', failedSteps: 0 });
    expect(lastingMs(stepOf(ok, 'Mail/CheckAddress'))).toBeGreaterThan(25);
    expect(lastingMs(stepOf(ok, 'Mail/Send'))).toBeGreaterThan(35);
    expect(told(down).at(-1)).toBe(`${mail} command Mail/Send mail server down`);
    expect(told(bad).at(-1)).toBe(`${mail} command Mail/CheckAddress no address: nowhere`);
    expect([down.failedSteps, bad.failedSteps]).toEqual([1, 1]);
    const output = (): string => named.get(shop)!.output();
    await eventually(() => expect(output()).toContain(`${shop}-ok${suffix} 100`));
    // A failure of which the caller does not hear stays one that the process hears of.
    named.get(shop)!.send({ id: `${shop}-unheard`, mail: 'unheard', isHeard: 'no' });
    await eventually(() => expect(output()).toMatch(/unhandled: 2 UNKNOWN/));
  }
  test('NestJS over gRPC: calls, one with a stream of answers, and failures of both', () =>
    expectGrpc('grpc-shop', 'grpc-mail'));

  describe('NestJS 12', () => {
    beforeAll(async () => {
      // Both versions would take the same messages.
      await Promise.all(['mail', 'grpc-mail'].map((service) => named.get(service)!.end()));
      await start('mail-twelve', 'nest12/app/mail.ts');
      await start('shop-twelve', 'nest12/app/shop.ts');
      await start('grpc-mail-twelve', 'nest12/app/grpc-mail.ts');
      await start('grpc-shop-twelve', 'nest12/app/grpc-shop.ts');
    }, 120_000);
    test.each(TRANSPORTS)('over %s', (over) => expectNest(over, 'shop-twelve', 'mail-twelve'));
    test('over gRPC', () => expectGrpc('grpc-shop-twelve', 'grpc-mail-twelve'));
  });

  test('a service of NestJS without this package understands packets that carry context', async () => {
    const order = { id: 'untraced', mail: 'a@b.example', over: 'tcp' };
    const flow = await flowOf('other-shop', order, 2, false);
    expect(told(flow)).toEqual([
      'other-shop task send check_address',
      'other-shop task send user_created',
    ]);
    await eventually(() =>
      expect(named.get('other-shop')!.output()).toContain(`untraced${suffix} true`),
    );
  });

  test.each(['nats', 'redis'])('moleculer over %s', async (transporter) => {
    const over = transporter === 'nats' ? 0 : 1;
    const order = (kind: string, amount: number) =>
      flowOf('orders', { id: `moleculer-${over}-${kind}`, amount, over }, 2);
    const [ok, down, bad] = await Promise.all([order('ok', 1), order('down', 1), order('bad', -1)]);
    expect(told(ok)).toEqual([
      'orders task orders.create',
      'payment command payment.charge',
      'payment event order.created',
    ]);
    expect(ok.hops.map((hop) => hop.consumerGroup)).toEqual(['payment', 'mail']);
    expect(told(down).at(-1)).toBe('payment event order.created smtp down');
    expect(told(bad)).toEqual([
      'orders task orders.create card refused',
      'payment command payment.charge card refused',
    ]);
  });

  test('an action of moleculer that nothing traced has called begins a flow', async () => {
    named.get('orders')!.send({ id: `plain${suffix}`, amount: 1, over: 0, isPlain: true });
    const flow = await eventually(async () => {
      const list = await fetch(`${server.web}/api/v1/flows?q=type:"orders orders.create"`);
      const { items } = (await list.json()) as { items: { id: string }[] };
      expect(items.length).toBe(1);
      return endedFlow(items[0]!.id, 3);
    }, 30_000);
    expect(told(flow)).toEqual([
      'orders task orders.create',
      'payment command payment.charge',
      'payment event order.created',
    ]);
  });

  test('what nodes of moleculer say to find each other is no flow', async () => {
    const list = await fetch(`${server.web}/api/v1/flows?service=orders&limit=100`);
    const { items } = (await list.json()) as { items: { key: string; type: string }[] };
    expect(items.length).toBeGreaterThan(0);
    const types = new Set(['order', 'orders orders.create']);
    expect(items.filter(({ type }) => !types.has(type))).toEqual([]);
  });

  test('@golevelup/nestjs-rabbitmq: request and reply, events, an exception, a Nack', async () => {
    const order = (card: string) => flowOf('golevelup', { id: `golevelup-${card}`, card }, 5);
    const [ok, stolen, expired] = await Promise.all(['ok', 'stolen', 'expired'].map(order));
    expect(told(ok!)).toEqual([
      'golevelup task send orders',
      'golevelup command process orders-stock',
      'golevelup reply process stock.count.reply',
      'golevelup task send orders',
      'golevelup event process orders-billing',
      'golevelup event process orders-shipping',
    ]);
    expect(typesOf(ok!)).toEqual([
      ...['stock.count', 'stock.count.reply', 'order.created', 'payment.captured'],
    ]);
    expect(told(stolen!).at(-1)).toContain('card refused');
    expect(told(expired!).at(-1)).toContain('nacked');
  });

  test('@moleculer/channels: what is sent again is a failed attempt, then a dead letter', async () => {
    const flow = await flowOf('channels', { id: 'channels-1', card: 'stolen' }, 3);
    expect(told(flow)).toEqual([
      'channels task send order.created',
      'channels event order.created card refused',
      'channels event FAILED',
    ]);
    expect(stepOf(flow, `${suffix}.order.created`).attempts.map(({ status }) => status)).toEqual([
      'failed',
      'failed',
    ]);
    expect(flow.hops.map((hop) => hop.state)).toContain('dead-lettered');
    expect(flow.outcome).toBe('failed');
  });

  test('@moleculer/channels over Redis: a failure is told soon, though its message stays', async () => {
    const began = Date.now();
    const flow = await flowOf('channels-redis', { id: 'channels-redis', card: 'stolen' }, 2, false);
    expect(told(flow)).toEqual([
      'channels-redis task send order.created',
      'channels-redis event -redis.order.created card refused',
    ]);
    expect(flow.outcome ?? 'open').toBe('open');
    expect(Date.now() - began).toBeLessThan(8000);
  });

  test('an outbox: from the request through the stored row to the consumer', async () => {
    const id = `outbox${suffix}`;
    const created = await fetch(`http://127.0.0.1:${shopPort}/?id=${id}`, { method: 'POST' });
    expect(created.status).toBe(201);
    const flow = await endedFlow(id, 3);
    expect(told(flow)).toEqual([
      'outbox request POST',
      'outbox event process outbox',
      'shipping command process placed',
    ]);
    expect(flow.hops.map(({ message, state }) => [message.type, state])).toEqual([
      ['order.created', 'delivered'],
      ['order.created', 'delivered'],
    ]);
    expect(flow.hops.map(({ message }) => message.destination)).toEqual([
      'outbox',
      `placed${suffix}`,
    ]);
    expect(flow.outcome).toBe('completed');
  });

  test('records of SQS in a function that answers at once', async () => {
    const [ok, bad] = await Promise.all([
      flowOf('serverless', { id: 'serverless-ok', address: 'here' }, 2),
      flowOf('serverless', { id: 'serverless-bad', address: 'nowhere' }, 2),
    ]);
    expect(told(ok)).toEqual(['serverless task send orders', 'serverless event process orders']);
    expect(told(bad).at(-1)).toBe('serverless event process orders address unknown');
    expect(ok.hops.map(({ message }) => message.system)).toEqual(['aws_sqs']);
    expect(named.get('serverless')!.output()).toContain(
      `{"batchItemFailures":[{"itemIdentifier":"serverless-bad${suffix}"}]}`,
    );
  });

  test('Pub/Sub: acknowledged, and given back until it is tried three times', async () => {
    const [ok, bad] = await Promise.all([
      flowOf('pubsub', { id: 'pubsub-ok', address: 'here' }, 2),
      flowOf('pubsub', { id: 'pubsub-bad', address: 'nowhere' }, 2),
    ]);
    expect(told(ok)).toEqual(['pubsub task send orders', 'pubsub event process shipping']);
    expect(ok.hops.map(({ consumerGroup, message }) => [consumerGroup, message.system])).toEqual([
      ['shipping', 'gcp_pubsub'],
    ]);
    expect(ok.outcome).toBe('completed');
    const last = bad.steps.at(-1)!;
    expect(last.attempts.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed']);
    expect(bad.outcome).toBe('failed');
  });

  test('Service Bus: completed, given back three times, and a batch of which one is refused', async () => {
    const [ok, bad, billed] = await Promise.all([
      flowOf('service-bus', { id: 'service-bus-ok', address: 'here' }, 2),
      flowOf('service-bus', { id: 'service-bus-bad', address: 'nowhere' }, 3),
      flowOf('service-bus', { id: 'service-bus-billed', totals: [1, 0] }, 3),
    ]);
    expect(told(ok)).toEqual([
      'service-bus task send shipping',
      'service-bus event process shipping',
    ]);
    expect(ok.hops.map(({ message }) => [message.type, message.system])).toEqual([
      ['order.placed', 'servicebus'],
    ]);
    expect(lastingMs(stepOf(ok, 'process shipping'))).toBeGreaterThan(15);
    expect(ok.outcome).toBe('completed');
    expect(told(bad)).toEqual([
      'service-bus task send shipping',
      'service-bus event process shipping no way to nowhere',
      'service-bus event process shipping',
    ]);
    expect(bad.steps[1]!.attempts).toHaveLength(3);
    expect(bad.hops.map((hop) => hop.state)).toContain('dead-lettered');
    expect(bad.outcome).toBe('failed');
    expect(
      told(billed)
        .filter((step) => step.includes('process'))
        .sort(),
    ).toEqual([
      'service-bus event process invoices',
      'service-bus event process invoices nothing to pay',
    ]);
    expect(new Set(typesOf(billed))).toEqual(new Set(['order.billed']));
  });

  test('Service Bus: what is sent as a list, each message once', async () => {
    const order = { id: 'service-bus-list', addresses: ['here', 'there'] };
    const list = await flowOf('service-bus', order, 3);
    expect(told(list).filter((step) => step.includes('process'))).toHaveLength(2);
    // Without ids of their own, only the context that arrives says which message was taken.
    expect(list.hops.map(({ message, state }) => [message.type, state])).toEqual([
      ['parcel.placed', 'delivered'],
      ['parcel.placed', 'delivered'],
    ]);
    for (const { from, evidence } of list.hops) {
      expect(from).not.toBeNull();
      expect(JSON.stringify(evidence)).toContain('link');
    }
  });

  test('Service Bus: several messages of one read that are deleted as they are received', async () => {
    const order = { id: 'service-bus-mails', mails: ['a@b.example', 'c@d.example', 'e@f.example'] };
    const flow = await flowOf('service-bus', order, 4);
    expect(told(flow).filter((step) => step.includes('process'))).toHaveLength(3);
    expect(flow.hops.map(({ state }) => state)).toEqual(order.mails.map(() => 'delivered'));
    expect(flow.outcome).toBe('completed');
  });

  test('Service Bus: an object that handles errors keeps its private fields', async () => {
    const order = { id: 'service-bus-audit', audit: 'cash' };
    const { steps } = await flowOf('service-bus', order, 2, false);
    expect(steps[1]!.error?.message).toBe('no audit of cash');
    await eventually(() =>
      expect(named.get('service-bus')!.output()).toContain('failed: no audit of cash'),
    );
  });

  test('rascal: published, sent again twice, and passed on to the queue of failed messages', async () => {
    const [ok, flow] = await Promise.all([
      flowOf('rascal', { id: 'rascal-ok', card: 'valid' }, 2),
      flowOf('rascal', { id: 'rascal-stolen', card: 'stolen' }, 3),
    ]);
    expect(told(ok)).toEqual(['rascal task send shop', 'rascal event process billing']);
    expect(told(flow)).toEqual([
      'rascal task send shop',
      'rascal event process billing card refused',
      'rascal event process failed',
    ]);
    expect(flow.steps[1]!.attempts).toHaveLength(3);
    expect(flow.hops.map((hop) => hop.state)).toContain('dead-lettered');
    expect(new Set(flow.hops.map((hop) => hop.message.type))).toEqual(new Set(['order.created']));
    expect(flow.outcome).toBe('failed');
  });

  test('BullMQ in NestJS: a job, and one that is tried three times', async () => {
    const [ok, failing] = await Promise.all([
      flowOf('bullmq', { id: 'bullmq-ok', path: 'a.wav' }, 2),
      flowOf('bullmq', { id: 'bullmq-failing', path: 'missing.wav' }, 2),
    ]);
    expect(ok.outcome).toBe('completed');
    expect(typesOf(ok)).toEqual(['transcode']);
    expect(failing.outcome).toBe('failed');
    const last = failing.steps.at(-1)!;
    expect(last.error?.message).toBe('no such file: missing.wav');
    expect(last.attempts).toHaveLength(3);
  });
});
