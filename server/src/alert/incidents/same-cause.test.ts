import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { createCounters } from '../../base/counters.ts';
import { silentLog } from '../../base/log.ts';
import { causeKey } from '../../model/cause.ts';
import type { Finding } from '../../model/expectation.ts';
import type { Flow } from '../../model/flow.ts';
import { NO_SUSPICION, type Incident } from '../../model/incident.ts';
import { memoryStore, type MemoryStore } from '../../testing/memory-store.ts';
import { createAlerts, type Alerts, type Route } from '../index.ts';

/** A finding in short form, with the type and the environment of its flow. */
type Said = Partial<Finding> & { type?: string; environment?: string; oneOf?: boolean };

const START = 1_700_000_000_000;
let made = 0;
const flowOf = (...said: Said[]): Flow => {
  const [{ type = 'order', environment = 'prod' }] = said as [Said];
  return {
    id: `flow-${made++}`,
    environment,
    type,
    keys: [],
    steps: [],
    ...{ hops: [], waitingFor: [] },
    findings: said.map(({ type: _, environment: __, oneOf = false, ...over }) => {
      const about = {
        rule: 'failed-step',
        service: 'stock',
        step: 'Reserve',
        place: null,
        ...over,
      };
      return {
        key: 'k',
        incident: causeKey(environment, type, about, !oneOf),
        severity: 'critical',
        lasting: about.rule !== 'failed-step',
        stepId: null,
        since: START,
        summary: '',
        evidence: [],
        ...about,
      };
    }),
  } as unknown as Flow;
};
/** Returns a flow with a step of this service, whose span was received at this time. */
const working = (service: string, receivedMs: number): Flow =>
  ({ ...flowOf({}), findings: [], steps: [{ service, receivedMs }] }) as unknown as Flow;

const ROUTE: Route = {
  ...{ severities: [], rules: [], types: [], services: [], channels: ['ops'] },
  ...{ groupWaitMs: 10_000, repeatMs: 0, mute: [], escalate: null },
};
interface Desk {
  alerts: Alerts;
  clock: ReturnType<typeof manualClock>;
  store: MemoryStore;
  sent: { key: string; text: string }[];
  pass: (ms: number) => Promise<void>;
  open: () => Incident[];
}
const desk = async (
  routes: Route[] = [ROUTE],
  over: Partial<Pick<Desk, 'clock' | 'store'>> = {},
): Promise<Desk> => {
  const clock = over.clock ?? manualClock(START);
  const store = over.store ?? memoryStore(() => clock.now());
  const sent: Desk['sent'] = [];
  const names = [...new Set(routes.flatMap((route) => route.channels))];
  const alerts = createAlerts({
    ...{ clock, store, routes, counters: createCounters(), log: silentLog, random: () => 0.5 },
    guard: {
      mail: () => Promise.reject(new Error('no mail here')),
      async post(_url, headers, body) {
        const { text } = JSON.parse(body) as { text: string };
        sent.push({ key: headers['idempotency-key']!, text });
        return { status: 200, retryAfterMs: null };
      },
    },
    channels: names.map((name) => ({
      name,
      kind: 'webhook',
      url: 'http://ops/',
      secret: '',
      from: '',
      to: [],
    })),
    ...{
      inhibitions: [],
      suspect: () => NO_SUSPICION,
      takenAfter: () => 0,
      valueKey: '',
      linkTo: () => '',
      onChanged: () => undefined,
    },
  });
  await alerts.start();
  return {
    ...{ alerts, clock, store, sent },
    async pass(ms) {
      clock.advance(ms);
      await alerts.idle();
    },
    open: () => alerts.incidents().filter(({ status }) => status === 'open'),
  };
};

const untaken = (type: string, service: string, place: string, step = `take ${place}`): Said => ({
  ...{ type, service, place, step, rule: 'undelivered-message' },
});

describe('what is one cause', () => {
  const redis = { dependency: 'redis-1' };
  test.each<[what: string, said: Said[], incidents: number]>([
    ['one step of one flow type', [{}, {}], 1],
    ['one step of one service in two flow types', [{}, { type: 'refund' }], 1],
    [
      'one dependency, in errors of other services, steps and flow types',
      [
        redis,
        { ...redis, type: 'refund', service: 'payment', step: 'Refund' },
        { ...redis, type: 'return', step: 'Put back' },
      ],
      1,
    ],
    [
      'one dependency, failing and tried again and again',
      [redis, { ...redis, rule: 'retry-storm' }],
      1,
    ],
    [
      'one dependency, in dead letters',
      [redis, { ...redis, rule: 'dead-letter', service: null, place: 'orders.dead' }],
      1,
    ],
    ['two dependencies', [redis, { dependency: 'pg-1' }], 2],
    ['one dependency in two environments', [redis, { ...redis, environment: 'test' }], 2],
    ['a step that names a dependency, and one that names none', [redis, {}], 2],
    ['steps of two services without a name', [{}, { service: 'payment', step: 'Pay' }], 2],
    ['two steps of one service without a name', [{}, { step: 'Release' }], 2],
    [
      'one queue that nobody takes from, in two flow types',
      [untaken('order', 'mail', 'mails'), untaken('refund', 'mail', 'mails')],
      1,
    ],
    [
      'one queue that nobody takes from, by other step names',
      [untaken('order', 'mail', 'mails'), untaken('refund', 'mail', 'mails', 'MailReceipt')],
      1,
    ],
    [
      'a message that others took, of the same queue',
      [
        untaken('order', 'mail', 'mails'),
        { ...untaken('refund', 'mail', 'mails'), rule: 'consumer-gone' },
      ],
      1,
    ],
    [
      'one step that takes from two queues',
      [untaken('order', 'depot', 'member', 'ship'), untaken('order', 'depot', 'guest', 'ship')],
      1,
    ],
    ['two queues', [untaken('order', 'mail', 'mails'), untaken('refund', 'mail', 'letters')], 2],
    [
      'two services at one queue',
      [untaken('order', 'mail', 'events'), untaken('refund', 'audit', 'events')],
      2,
    ],
    [
      'a conductor that falls silent, in two flow types',
      [
        { rule: 'orchestrator-silent', service: 'conductor', step: null },
        { rule: 'orchestrator-silent', service: 'conductor', step: null, type: 'refund' },
      ],
      1,
    ],
    [
      'one of several is missing: nobody knows who, and flow types share nothing',
      [
        { ...untaken('order', 'card', 'pay.card'), oneOf: true },
        { ...untaken('refund', 'card', 'pay.card'), oneOf: true },
        untaken('order', 'card', 'pay.card'),
      ],
      3,
    ],
    [
      "what an operator's rule says of two flow types",
      [
        { rule: 'slow', service: null, step: null },
        { rule: 'slow', service: null, step: null, type: 'refund' },
      ],
      2,
    ],
    [
      'what was never undone in two flow types',
      [{ rule: 'compensation-missing' }, { rule: 'compensation-missing', type: 'refund' }],
      2,
    ],
  ])('%s', async (_, said, incidents) => {
    const flows = said.map((one) => flowOf(one));
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(flows, { minLength: flows.length }), async (order) => {
        const { alerts, open } = await desk();
        alerts.observe(order);
        expect(open()).toHaveLength(incidents);
        expect(open().reduce((sum, { count }) => sum + count, 0)).toBe(flows.length);
        for (const flow of flows)
          for (const { incident } of flow.findings)
            expect(open().filter(({ keys }) => keys.includes(incident))).toHaveLength(1);
      }),
      { numRuns: 6 },
    );
  });

  test('it lists its flow types, counts over all, names the cause and is told once', async () => {
    const { alerts, open, pass, sent } = await desk();
    const types = ['order', 'refund', 'return', 'signup'];
    for (const type of [...types, ...types])
      alerts.observe([
        flowOf({ type, step: `${type}-step`, service: `${type}-service`, dependency: 'redis-1' }),
      ]);
    await pass(20_000);
    expect(open()).toMatchObject([
      {
        title: 'order and 3 other flow types: 4 steps fail on redis-1',
        cause: 'errors of 4 services name redis-1: is it up?',
        count: 8,
        parts: types.map((flowType) => ({ flowType })),
      },
    ]);
    expect(sent).toHaveLength(1);
  });

  test('an error that names something else in each flow is not an incident each', async () => {
    const { alerts, open } = await desk();
    for (let i = 0; i < 100; i++) alerts.observe([flowOf({ dependency: `order-${i}` })]);
    expect(open()).toHaveLength(6);
    expect(open().find(({ dependency }) => dependency === null)).toMatchObject({ count: 95 });
  });
});

describe('who is told', () => {
  const redis = (type: string, over: Said = {}): Flow =>
    flowOf({ type, dependency: 'redis-1', ...over });
  test('whoever has to hear of any of its flow types, once, also of one that joins later', async () => {
    const { alerts, pass, sent } = await desk([
      { ...ROUTE, types: ['refund'], channels: ['refunds'] },
      { ...ROUTE, types: ['order', 'return'], channels: ['ops'] },
    ]);
    alerts.observe([redis('order')]);
    await pass(20_000);
    expect(sent.map(({ key }) => key.split(':').slice(1).join())).toEqual(['opened,ops']);
    alerts.observe([redis('refund'), redis('return')]);
    await pass(20_000);
    expect(sent.map(({ key }) => key.split(':').slice(1).join())).toEqual([
      'opened,ops',
      'opened,refunds',
    ]);
    expect(new Set(sent.map(({ key }) => key.split(':')[0])).size).toBe(1);
  });
  test('whoever has to hear of what is critical, when a part becomes so', async () => {
    const { alerts, pass, sent, open } = await desk([{ ...ROUTE, severities: ['critical'] }]);
    alerts.observe([redis('order', { severity: 'warning' })]);
    await pass(20_000);
    expect(sent).toEqual([]);
    alerts.observe([redis('order', { rule: 'dead-letter', severity: 'critical' })]);
    await pass(20_000);
    expect(sent).toHaveLength(1);
    expect(open()).toMatchObject([{ severity: 'critical' }]);
  });
  test('a silence of one flow type keeps nobody from hearing of the others', async () => {
    const { alerts, pass, sent, clock } = await desk();
    await alerts.silence({
      rule: '',
      flowType: 'order',
      service: '',
      until: clock.now() + 3_600_000,
      comment: '',
    });
    alerts.observe([redis('order')]);
    await pass(20_000);
    expect(sent).toEqual([]);
    const other = await desk();
    await other.alerts.silence({
      rule: '',
      flowType: 'order',
      service: '',
      until: START + 3_600_000,
      comment: '',
    });
    other.alerts.observe([redis('order'), redis('refund')]);
    await other.pass(20_000);
    expect(other.sent).toHaveLength(1);
  });
});

describe('two incidents that turn out to be one', () => {
  const letters = (): Flow => flowOf(untaken('order', 'mail', 'letters'));
  const mails = (): Flow => flowOf(untaken('refund', 'mail', 'mails'));
  test.each([
    ['before anybody was told', 0, ['opened']],
    ['after both were told', 30_000, ['opened', 'opened', 'resolved']],
  ])('queues of a service that fell silent, %s', async (_, laterMs, events) => {
    const { alerts, pass, sent, open, clock } = await desk();
    const first = letters();
    const second = mails();
    if (laterMs === 0) alerts.observe([working('mail', START - 20_000)]);
    alerts.observe([first]);
    await pass(1000);
    alerts.observe([second]);
    const [newer] = open().filter(({ place }) => place === 'mails');
    await pass(laterMs);
    // The service's last span was received 11 s ago, so the service counts as silent.
    if (laterMs > 0) alerts.observe([working('mail', clock.now() - 11_000), letters()]);
    await pass(20_000);
    expect(open()).toMatchObject([
      { title: 'order and refund: mail does not react', count: laterMs === 0 ? 2 : 3 },
    ]);
    expect(sent.map(({ key }) => key.split(':')[1]).sort()).toEqual(events);
    if (laterMs > 0) {
      expect(sent.at(-1)!.text).toContain('has the cause of another one');
      expect(alerts.incident(newer!.id)).toMatchObject({
        status: 'resolved',
        foldedInto: open()[0]!.id,
      });
    }
    // Flows that wait for either queue now join the same incident.
    alerts.observe([mails()]);
    expect(open()).toMatchObject([
      {
        count: laterMs === 0 ? 3 : 4,
        keys: [first, second].map((flow) => flow.findings[0]!.incident),
      },
    ]);
  });
  test('queues of a service that is heard of are two', async () => {
    const { alerts, pass, open, clock } = await desk();
    alerts.observe([letters(), mails()]);
    for (let i = 0; i < 6; i++) {
      alerts.observe([working('mail', clock.now())]);
      await pass(5000);
    }
    alerts.observe([letters(), mails()]);
    expect(open()).toHaveLength(2);
  });
  test('a service of which nothing is known is no proof', async () => {
    const { alerts, pass, open } = await desk();
    alerts.observe([letters(), mails()]);
    await pass(60_000);
    expect(open()).toHaveLength(2);
  });
  test('those who wait for a dead service, and those whose errors name its host', async () => {
    const { alerts, pass, open } = await desk();
    alerts.observe([working('payment', START - 30_000)]);
    alerts.observe([flowOf({ dependency: 'payment.shop.internal', severity: 'warning' })]);
    alerts.observe([
      flowOf({ dependency: 'pg-1' }),
      flowOf(untaken('refund', 'payment', 'refunds')),
    ]);
    await pass(11_000);
    expect(
      open()
        .map(({ count }) => count)
        .sort(),
    ).toEqual([1, 2]);
    const both = open().find(({ count }) => count === 2)!;
    expect(both).toMatchObject({
      dependency: 'payment.shop.internal',
      lasting: true,
      severity: 'critical',
    });
  });
  test('a stranger whose host begins like our service is another cause', async () => {
    const { alerts, pass, open } = await desk();
    alerts.observe([
      working('api', START - 30_000),
      flowOf({ dependency: 'api.pay.example' }),
      flowOf({ dependency: 'api.mail.example' }),
      flowOf(untaken('refund', 'api', 'refunds')),
    ]);
    await pass(11_000);
    expect(open()).toHaveLength(3);
  });
  test('it ends when nobody waits any more and nothing failed for a while', async () => {
    const { alerts, pass, open } = await desk();
    const waiting = flowOf(untaken('refund', 'payment', 'refunds'));
    alerts.observe([
      working('payment', START - 30_000),
      flowOf({ dependency: 'payment' }),
      waiting,
    ]);
    await pass(900_000);
    expect(open()).toHaveLength(1);
    alerts.observe([{ ...waiting, findings: [] }]);
    await pass(901_000);
    expect(open()).toEqual([]);
  });
  test('a restart keeps them one, and tells nothing again', async () => {
    const first = await desk();
    const flows = [letters(), mails()].map((flow) => ({
      ...flow,
      members: [],
      tokens: [],
      idleOutcome: null,
      lookAtMs: null,
    }));
    await first.store.insertFlows(
      flows.map((flow) => ({ kind: 'flow', id: flow.id, version: 2, flow })),
      1,
      () => 0,
    );
    first.alerts.observe([working('mail', START - 20_000), ...flows]);
    await first.pass(20_000);
    await first.alerts.stop();
    const second = await desk([ROUTE], first);
    await second.pass(20_000);
    second.alerts.observe([mails()]);
    expect(second.open()).toMatchObject([{ count: 3 }]);
    expect([first.sent, second.sent].map(({ length }) => length)).toEqual([1, 0]);
  });
});

test('incidents of an earlier version open, and go on', async () => {
  const clock = manualClock(START);
  const store = memoryStore(() => clock.now());
  const {
    keys: _,
    parts: __,
    dependency: ___,
    foldedInto: ____,
    ...old
  } = await (async (): Promise<Incident> => {
    const { alerts, open } = await desk();
    alerts.observe([flowOf({})]);
    return open()[0]!;
  })();
  await store.saveIncidents([
    { ...old, status: 'resolved' } as Incident,
    { ...old, id: `${old.key}-2` } as Incident,
  ]);
  const { alerts } = await desk([{ ...ROUTE, types: ['order'] }], { clock, store });
  expect(alerts.incidents()).toMatchObject([
    { parts: [{ flowType: 'order', severity: 'critical' }], keys: [old.key] },
    { status: 'resolved' },
  ]);
});

test('a failure of long ago that is seen late does not make an open incident old', async () => {
  const { alerts, clock, open, pass } = await desk();
  await pass(24 * 3_600_000);
  const now = clock.now();
  alerts.observe([flowOf({ since: now - 60_000 })]);
  const [incident] = open();
  expect(incident).toMatchObject({ firstAt: now - 60_000, count: 1 });
  alerts.observe([flowOf({ since: now - 20 * 3_600_000 })]);
  expect(open()).toMatchObject([{ firstAt: now - 60_000, count: 1 }]);
  // One of the same quarter of an hour belongs to it, and so does what waits since long ago.
  alerts.observe([flowOf({ since: now - 600_000 })]);
  expect(open()).toMatchObject([{ firstAt: now - 600_000, count: 2 }]);
  alerts.observe([flowOf({ since: now - 3_600_000, lasting: true })]);
  expect(open()[0]).toMatchObject({ firstAt: now - 3_600_000, count: 3 });
  await alerts.stop();
});
