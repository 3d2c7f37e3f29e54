import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, test } from 'vitest';
import { manualClock, systemClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { silentLog } from '../base/log.ts';
import type { Finding } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';
import { NO_SUSPICION, type Notification } from '../model/incident.ts';
import type { Query } from '../model/search.ts';
import { parseQuery } from '../query/language/parse.ts';
import { memoryStore, type MemoryStore } from '../testing/memory-store.ts';
import {
  createAlerts,
  createGuard,
  readAlertSettings,
  type Alerts,
  type AlertsOptions,
  type Channel,
  type Guard,
} from './index.ts';

const finding = (incident: string): Finding => ({
  key: incident,
  incident,
  rule: 'missing-step',
  severity: 'critical',
  stepId: null,
  step: 'ShipOrder',
  service: 'shipping',
  place: 'orders',
  lasting: true,
  since: 1000,
  summary: 'ShipOrder is missing',
  evidence: [],
});
const flow = (id: string, ...incidents: string[]): Flow =>
  ({
    id,
    environment: '',
    type: 'order',
    keys: [['total', '19.99']],
    findings: incidents.map(finding),
    steps: [],
    ...{ hops: [], waitingFor: [] },
  }) as unknown as Flow;
const channel = (url: string): Channel => ({
  name: 'ops',
  kind: 'webhook',
  url,
  secret: 's3cret',
  from: '',
  to: [],
});
const ROUTE = {
  severities: [],
  rules: [],
  types: [],
  services: [],
  channels: ['ops'],
  groupWaitMs: 10_000,
  repeatMs: 0,
  mute: [],
  escalate: null,
};

const noMail = (): Promise<never> => Promise.reject(new Error('no mail here'));
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
const target = async (
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<string> => {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => answer(request, response, body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
};

interface Desk {
  alerts: Alerts;
  store: MemoryStore;
  clock: ReturnType<typeof manualClock>;
  state: () => Promise<string[]>;
  pass: (ms: number) => Promise<void>;
}
const desk = async (
  url: string,
  guard?: Guard,
  over?: { store?: MemoryStore; clock?: Desk['clock']; options?: Partial<AlertsOptions> },
): Promise<Desk> => {
  const clock = over?.clock ?? manualClock();
  const store = over?.store ?? memoryStore(() => clock.now());
  const alerts = createAlerts({
    clock,
    counters: createCounters(),
    log: silentLog,
    store,
    // Use the system clock for the guard, because its sockets are real. Everything else uses the
    // manual clock.
    guard: guard ?? createGuard(systemClock(), ['127.0.0.1']),
    random: () => 0.5,
    channels: [channel(url)],
    routes: [ROUTE],
    inhibitions: [],
    suspect: () => NO_SUSPICION,
    takenAfter: () => 0,
    valueKey: '',
    ...over?.options,
    linkTo: (incident) => `http://fermata/incidents/${incident.id}`,
    onChanged: () => undefined,
  });
  await alerts.start();
  return {
    alerts,
    store,
    clock,
    state: async () =>
      (await alerts.notifications(100)).map(({ event, state }) => `${event} ${state}`).sort(),
    async pass(ms) {
      clock.advance(ms);
      await alerts.idle();
    },
  };
};

describe('delivery', () => {
  test('one cause is one incident, told once when it opens and once when it resolves, signed', async () => {
    const got: { key: string; event: string; valid: boolean; count: number }[] = [];
    const url = await target((request, response, body) => {
      const signature = createHmac('sha256', 's3cret')
        .update(`${request.headers['x-fermata-timestamp'] as string}.${body}`)
        .digest('hex');
      const { event, incident } = JSON.parse(body) as {
        event: string;
        incident: { openCount: number };
      };
      got.push({
        key: request.headers['idempotency-key'] as string,
        event,
        valid: request.headers['x-fermata-signature'] === `sha256=${signature}`,
        count: incident.openCount,
      });
      response.end('ok');
    });
    const { alerts, pass } = await desk(url);
    alerts.observe(Array.from({ length: 500 }, (_, i) => flow(`f${i}`, 'a')));
    await pass(9_000);
    expect(got).toEqual([]);
    await pass(1_000);
    expect(got).toMatchObject([{ event: 'opened', valid: true, count: 500 }]);
    alerts.observe(Array.from({ length: 500 }, (_, i) => flow(`f${i}`)));
    await pass(1_000);
    expect(got).toMatchObject([{ event: 'opened' }, { event: 'resolved', valid: true, count: 0 }]);
    expect(new Set(got.map(({ key }) => key)).size).toBe(2);
    expect(alerts.incidents()).toMatchObject([{ status: 'resolved', count: 500, openCount: 0 }]);
  });

  test('what resolves within the group wait wakes nobody, and says why', async () => {
    const { alerts, pass } = await desk('http://127.0.0.1:9/');
    alerts.observe([flow('f', 'a')]);
    await pass(1_000);
    alerts.observe([flow('f')]);
    await pass(60_000);
    expect(await alerts.notifications(10)).toMatchObject([
      { event: 'opened', state: 'dropped', reason: 'resolved before it was sent' },
    ]);
  });

  test('a target that is down for six hours gets it when it is back; the key stays the same', async () => {
    let down = true;
    const keys: string[] = [];
    const guard: Guard = {
      mail: noMail,
      async post(_url, headers) {
        keys.push(headers['idempotency-key']!);
        if (down) throw new Error('connect ECONNREFUSED');
        return { status: 200, retryAfterMs: null };
      },
    };
    const { alerts, pass, state } = await desk('http://ops/', guard);
    alerts.observe([flow('f', 'a')]);
    for (let i = 0; i < 360; i++) await pass(60_000);
    expect(await state()).toEqual(['opened pending']);
    down = false;
    for (let i = 0; i < 15; i++) await pass(60_000);
    expect(await state()).toEqual(['opened sent']);
    expect(new Set(keys).size).toBe(1);
    // The retry delay doubles up to ten minutes. So an outage of six hours causes fewer than 90
    // attempts.
    expect(keys.length).toBeLessThan(90);
  });

  test('429 with Retry-After is honoured', async () => {
    let calls = 0;
    const url = await target((_request, response) => {
      calls++;
      response.writeHead(calls === 1 ? 429 : 200, { 'retry-after': '120' }).end();
    });
    const { alerts, pass, state } = await desk(url);
    alerts.observe([flow('f', 'a')]);
    await pass(10_000);
    await pass(119_000);
    expect(calls).toBe(1);
    await pass(1_000);
    expect(calls).toBe(2);
    expect(await state()).toEqual(['opened sent']);
  });

  test('a redirect is not followed: the notification is dead and visible', async () => {
    const url = await target((_request, response) =>
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
    );
    const { alerts, pass } = await desk(url);
    alerts.observe([flow('f', 'a')]);
    await pass(10_000);
    expect(await alerts.notifications(10)).toMatchObject([
      { state: 'dead', lastError: 'answered 302; redirects are not followed' },
    ]);
  });

  test('a body that never ends is cut; the status counts', async () => {
    const url = await target((_request, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (response.write(Buffer.alloc(16_384)));
        response.once('drain', more);
      };
      more();
    });
    const { alerts, pass, state } = await desk(url);
    alerts.observe([flow('f', 'a')]);
    await pass(10_000);
    expect(await state()).toEqual(['opened sent']);
  });

  test('killed at any moment: none is lost, and a repeat has the same key', async () => {
    for (let cut = 0; cut < 100; cut++) {
      const clock = manualClock();
      const store = memoryStore(() => clock.now());
      const taken: string[] = [];
      let left = cut % 5;
      let killed = false;
      // Simulates that the process is killed at some point: from then on nothing is sent or
      // written. What the receiver accepted before stays accepted.
      const stepping = async (): Promise<void> => {
        if (left-- <= 0) killed = true;
        if (killed) await new Promise(() => undefined);
      };
      const guard: Guard = {
        mail: noMail,
        async post(_url, headers) {
          if (cut % 2 === 0) await stepping();
          taken.push(headers['idempotency-key']!);
          await stepping();
          return { status: 200, retryAfterMs: null };
        },
      };
      const dying: MemoryStore = Object.assign(Object.create(store) as MemoryStore, {
        saveNotifications: async (list: Notification[]) => {
          await stepping();
          await store.saveNotifications(list);
        },
      });
      const first = await desk('http://ops/', guard, { store: dying, clock });
      // Store the flow before the incidents observe it, as the engine does.
      await store.insertFlows(
        [{ kind: 'flow', id: 'f', version: 2, flow: stored('f') }],
        1,
        () => 0,
      );
      first.alerts.observe([stored('f')]);
      clock.advance(500);
      await Promise.race([first.alerts.idle(), new Promise((resolve) => setImmediate(resolve))]);
      clock.advance(10_000);
      for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
      killed = true;

      const after: Guard = {
        mail: noMail,
        post: async (_url, headers) => {
          taken.push(headers['idempotency-key']!);
          return { status: 200, retryAfterMs: null };
        },
      };
      const second = await desk('http://ops/', after, { store, clock });
      await second.pass(15_000);
      await second.pass(15_000);
      expect(new Set(taken).size, `cut ${cut}: ${taken.join()}`).toBe(1);
      expect(taken.length).toBeLessThanOrEqual(2);
      expect(await second.state()).toEqual(['opened sent']);
    }
  });
});

const stored = (id: string): Flow => ({
  ...flow(id, 'a'),
  members: [],
  tokens: [],
  idleOutcome: null,
  lookAtMs: null,
  steps: [],
});

describe('the way out', () => {
  const guard = createGuard(systemClock(), []);
  test.each([
    'http://127.0.0.1/',
    'http://localhost/',
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[fe80::1]/',
    'http://10.1.2.3/',
    'http://0.0.0.0/',
    'ftp://example.org/',
  ])('%s is refused', async (url) => {
    await expect(guard.post(url, {}, '')).rejects.toMatchObject({ code: 'alert.refused' });
  });
});

describe('people', () => {
  test('an acknowledgement holds until it is ten times worse; notes and resolving by hand are kept', async () => {
    const { alerts, pass, store } = await desk('http://127.0.0.1:9/', {
      mail: noMail,
      post: async () => ({ status: 200, retryAfterMs: null }),
    });
    alerts.observe([flow('f0', 'a')]);
    const [incident] = alerts.incidents();
    alerts.acknowledge(incident!.id, 'on it');
    for (let i = 1; i < 9; i++) alerts.observe([flow(`f${i}`, 'a')]);
    expect(alerts.incident(incident!.id)!.ack).toMatchObject({ note: 'on it' });
    alerts.observe([flow('f9', 'a')]);
    expect(alerts.incident(incident!.id)!.ack).toBeNull();
    alerts.note(incident!.id, 'restarted shipping');
    alerts.resolve(incident!.id, 'by hand');
    await pass(1000);
    expect(await store.incidents()).toMatchObject([
      { status: 'resolved', notes: [{ text: 'restarted shipping' }, { text: 'by hand' }] },
    ]);
  });

  test('a silence holds a notification until it ends; what is still open then is told', async () => {
    const sent: string[] = [];
    const guard: Guard = {
      mail: noMail,
      async post(_url, headers) {
        sent.push(headers['idempotency-key']!);
        return { status: 200, retryAfterMs: null };
      },
    };
    const { alerts, pass, clock } = await desk('http://ops/', guard);
    const until = clock.now() + 3_600_000;
    const { id } = await alerts.silence({
      rule: '',
      flowType: '',
      service: 'shipping',
      until,
      comment: 'maintenance',
    });
    alerts.observe([flow('f', 'a')]);
    await pass(60_000);
    expect(sent).toEqual([]);
    expect(await alerts.notifications(1)).toMatchObject([
      { state: 'waiting', reason: 'silenced: maintenance' },
    ]);
    await alerts.endSilence(id);
    await pass(1);
    expect(sent).toHaveLength(1);
    await alerts.silence({
      rule: 'dead-letter',
      flowType: '',
      service: '',
      until: clock.now() + 60_000,
      comment: '',
    });
    alerts.observe([flow('g', 'b')]);
    await pass(10_000);
    expect(sent).toHaveLength(2);
  });

  test('incidents survive a restart; what recovered meanwhile resolves', async () => {
    const first = await desk('http://127.0.0.1:9/');
    first.alerts.observe([flow('f', 'a')]);
    await first.pass(1000);
    const second = await desk('http://127.0.0.1:9/', undefined, {
      store: first.store,
      clock: first.clock,
    });
    expect(second.alerts.incidents()).toMatchObject([{ status: 'resolved' }]);
  });
});

const parse = (text: string): Query | null => parseQuery(text, 0);
test('settings: every mistake with its line', () => {
  const { settings, problems } = readAlertSettings(
    'channels:\n  - name: ops\n    kind: webhook\n    url: ${HOOK}\nroutes:\n  - channels: ops\n    groupWait: 5s\n',
    { HOOK: 'https://hooks.example/x' },
    parse,
  );
  expect(problems).toEqual([]);
  expect(settings.routes[0]).toMatchObject({
    severities: ['critical'],
    channels: ['ops'],
    groupWaitMs: 5000,
  });
  const wrong = readAlertSettings(
    'channels:\n  - name: ops\n    kind: pigeon\nroutes:\n  - channels: [nobody]\n    groupWait: soon\n',
    {},
    parse,
  );
  expect(wrong.problems).toHaveLength(2);
  expect(wrong.problems.join()).toMatch(/line 3.*kind.*line 6.*groupWait/s);
});

test('settings: what the environment fills in stays a text, whatever is in it', () => {
  const text =
    '# ${ONLY_SAID}\nchannels:\n  - name: ops\n    kind: webhook\n    url: https://hooks.example/x\n    secret: ${SECRET}\nroutes:\n  - channels: ops\n';
  const secret = `p"w: 'x' # y\n- z`;
  expect(readAlertSettings(text, { SECRET: secret }, parse)).toMatchObject({
    problems: [],
    settings: { channels: [{ secret }] },
  });
  expect(readAlertSettings(text, {}, parse).problems).toEqual([
    'line 6: SECRET is not set in the environment',
  ]);
});

test('settings: mail, mute windows, inhibition and rules', () => {
  const { settings, problems } = readAlertSettings(
    `channels:
  - { name: post, kind: email, url: "smtp://mail.example:587", from: f@example.org, to: [a@example.org] }
routes:
  - { channels: post, repeat: 4h, mute: [{ days: [sat, sun], from: "22:00", to: "06:00", timezone: Europe/Berlin }] }
inhibit:
  - { when: { rule: orchestrator-silent }, then: { severity: warning }, equal: [environment, flowType] }
rules:
  - { name: slow-checkout, query: "type:checkout duration>5m", for: 1m, severity: critical }
`,
    {},
    parse,
  );
  expect(problems).toEqual([]);
  expect(settings.routes[0]).toMatchObject({
    repeatMs: 14_400_000,
    mute: [{ days: [6, 0], fromMinute: 1320, toMinute: 360, zone: 'Europe/Berlin' }],
  });
  expect(settings.rules[0]).toMatchObject({
    name: 'slow-checkout',
    forMs: 60_000,
    severity: 'critical',
  });
  expect(settings.inhibitions).toHaveLength(1);
  const wrong = readAlertSettings(
    `channels:
  - { name: post, kind: email, url: "http://mail.example" }
rules:
  - { name: a, query: "status:(" }
  - { name: b, query: "since:2h" }
`,
    {},
    parse,
  );
  expect(wrong.problems.map((problem) => problem.slice(0, 7))).toEqual([
    'line 2:',
    'line 2:',
    'line 4:',
    'line 5:',
  ]);
});

describe('held back', () => {
  const recording = (sent: string[]): Guard => ({
    mail: noMail,
    async post(_url, headers) {
      sent.push(headers['idempotency-key']!.replace(/-\w+:/, ':'));
      return { status: 200, retryAfterMs: null };
    },
  });
  const otherRule = (incident: string, rule: string): Flow => ({
    ...flow(incident),
    findings: [{ ...finding(incident), rule, service: 'other' }],
  });

  test('what nobody took up is told again, under a new key, until it is acknowledged', async () => {
    const sent: string[] = [];
    const { alerts, pass } = await desk('http://127.0.0.1:9/', recording(sent), {
      options: { routes: [{ ...ROUTE, repeatMs: 3_600_000 }] },
    });
    alerts.observe([flow('f', 'a')]);
    await pass(10_000);
    await pass(3_600_000);
    await pass(1000);
    await pass(3_600_000);
    await pass(1000);
    expect(sent).toEqual(['a:opened:ops', 'a:repeated-1:ops', 'a:repeated-2:ops']);
    alerts.acknowledge(alerts.incidents()[0]!.id, '');
    await pass(36_000_000);
    await pass(1000);
    expect(sent).toHaveLength(3);
  });

  const ESCALATING = {
    channels: [channel('http://127.0.0.1:9/'), { ...channel('http://127.0.0.1:9/'), name: 'boss' }],
    routes: [{ ...ROUTE, escalate: { afterMs: 900_000, to: 'boss' } }],
  };

  test('what nobody acknowledges is escalated once, and the other channel is told its end', async () => {
    const sent: string[] = [];
    const { alerts, pass } = await desk('', recording(sent), { options: ESCALATING });
    alerts.observe([flow('f', 'a')]);
    await pass(10_000);
    await pass(899_000);
    expect(sent).toEqual(['a:opened:ops']);
    await pass(11_000);
    expect(sent).toEqual(['a:opened:ops', 'a:escalated:boss']);
    alerts.observe([flow('f')]);
    await pass(1000);
    await pass(3_600_000);
    expect(sent).toEqual(['a:opened:ops', 'a:escalated:boss', 'a:resolved:ops', 'a:resolved:boss']);
  });

  test('an acknowledgement in time keeps it from being escalated, and so does its end', async () => {
    const sent: string[] = [];
    const { alerts, pass, state } = await desk('', recording(sent), { options: ESCALATING });
    alerts.observe([flow('f', 'a'), otherRule('b', 'failed-step')]);
    await pass(10_000);
    alerts.acknowledge(alerts.incidents().find(({ key }) => key === 'a')!.id, '');
    alerts.observe([{ ...flow('b'), findings: [] }]);
    await pass(1_000_000);
    await pass(1_000_000);
    expect(sent.filter((key) => key.includes('boss'))).toEqual([]);
    expect((await state()).filter((one) => one.startsWith('escalated'))).toEqual([
      'escalated dropped',
      'escalated dropped',
    ]);
  });

  test('after a silence people have their time before it is escalated', async () => {
    const sent: string[] = [];
    const { alerts, clock, pass } = await desk('', recording(sent), { options: ESCALATING });
    const nothing = { rule: '', flowType: '', comment: '' };
    await alerts.silence({ ...nothing, service: 'shipping', until: clock.now() + 3_600_000 });
    alerts.observe([flow('f', 'a')]);
    for (let minute = 0; minute < 62; minute++) await pass(60_000);
    expect(sent).toEqual(['a:opened:ops']);
    for (let minute = 0; minute < 10; minute++) await pass(60_000);
    expect(sent).toEqual(['a:opened:ops']);
    for (let minute = 0; minute < 5; minute++) await pass(60_000);
    expect(sent).toEqual(['a:opened:ops', 'a:escalated:boss']);
  });

  test('a silence until it resolves ends with its incident, and holds back no other', async () => {
    const sent: string[] = [];
    const { alerts, clock, pass } = await desk('http://127.0.0.1:9/', recording(sent));
    alerts.observe([flow('f', 'a'), flow('g', 'b')]);
    const { id } = alerts.incidents().find(({ key }) => key === 'a')!;
    const until = clock.now() + 86_400_000;
    const any = { rule: '', flowType: '', service: '', comment: '' };
    expect(alerts.heldBack({ ...any, incidentId: id }).held.map((one) => one.id)).toEqual([id]);
    await alerts.silence({ ...any, incidentId: id, untilResolved: true, until });
    await pass(10_000);
    expect(sent).toEqual(['b:opened:ops']);
    alerts.observe([flow('f')]);
    await pass(1000);
    expect(alerts.silences()[0]!.until).toBeLessThanOrEqual(clock.now());
  });

  test('a test is in the history with its result, and says why it was not taken', async () => {
    const guard: Guard = {
      mail: noMail,
      post: () => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:9')),
    };
    const { alerts } = await desk('http://127.0.0.1:9/', guard);
    await expect(alerts.test('ops')).rejects.toThrow('ECONNREFUSED');
    expect(await alerts.notifications(10)).toMatchObject([
      {
        event: 'test',
        state: 'dead',
        lastError: expect.stringContaining('ECONNREFUSED') as string,
      },
    ]);
    expect(alerts.channels()).toMatchObject([{ name: 'ops', address: '127.0.0.1:9' }]);
  });

  test('an incident that was acknowledged and is ten times worse is told again', async () => {
    const sent: string[] = [];
    const { alerts, pass } = await desk('http://127.0.0.1:9/', recording(sent));
    alerts.observe([flow('f0', 'a')]);
    await pass(10_000);
    alerts.acknowledge(alerts.incidents()[0]!.id, '');
    for (let i = 1; i < 9; i++) alerts.observe([flow(`f${i}`, 'a')]);
    await pass(1000);
    expect(sent).toEqual(['a:opened:ops']);
    alerts.observe([flow('f9', 'a')]);
    await pass(1000);
    expect(sent).toEqual(['a:opened:ops', 'a:repeated-1:ops']);
    expect((await alerts.notifications(1))[0]).toMatchObject({
      event: 'repeated',
      reason: 'ten times worse than when it was acknowledged',
    });
    const { id } = alerts.incidents()[0]!;
    expect(await alerts.notifications(10, id)).toHaveLength(2);
    expect(await alerts.notifications(10, 'another')).toEqual([]);
    // The second incident is acknowledged before its first notification is sent. When it outgrows
    // this acknowledgement, the reminder must still be sent.
    alerts.observe([flow('g0', 'b')]);
    alerts.acknowledge(alerts.incidents().find(({ key }) => key === 'b')!.id, '');
    await pass(10_000);
    for (let i = 1; i < 10; i++) alerts.observe([flow(`g${i}`, 'b')]);
    await pass(1000);
    expect(sent.slice(2)).toEqual(['b:repeated-1:ops']);
  });

  test('a crash between an outgrown acknowledgement and its reminder loses no reminder, and repeats none', async () => {
    const flows = Array.from({ length: 10 }, (_, i) => flow(`f${i}`, 'a'));
    const clock = manualClock();
    const kept = memoryStore(() => clock.now());
    let crashed = false;
    const dying: MemoryStore = {
      ...kept,
      saveNotifications: (list) =>
        crashed ? Promise.reject(new Error('crashed')) : kept.saveNotifications(list),
    };
    const store: MemoryStore = {
      ...kept,
      async *flowsWithFindings() {
        yield flows;
      },
    };
    const sent: string[] = [];
    const first = await desk('http://127.0.0.1:9/', recording(sent), { clock, store: dying });
    first.alerts.observe(flows.slice(0, 1));
    await first.pass(10_000);
    first.alerts.acknowledge(first.alerts.incidents()[0]!.id, '');
    await first.pass(1000);
    crashed = true;
    first.alerts.observe(flows);
    await first.pass(300);
    expect(sent).toEqual(['a:opened:ops']);
    for (let i = 0; i < 2; i++) {
      const next = await desk('http://127.0.0.1:9/', recording(sent), { clock, store });
      await next.pass(1000);
      await next.pass(1000);
      await next.alerts.stop();
      expect(sent).toEqual(['a:opened:ops', 'a:repeated-1:ops']);
    }
  });

  test('who was told of the whole after it had outgrown its acknowledgement gets no reminder', async () => {
    const flows = Array.from({ length: 10 }, (_, i) => flow(`f${i}`, 'a'));
    const clock = manualClock();
    const kept = memoryStore(() => clock.now());
    const sent: string[] = [];
    const first = await desk('http://127.0.0.1:9/', recording(sent), { clock, store: kept });
    first.alerts.observe(flows.slice(0, 1));
    first.alerts.acknowledge(first.alerts.incidents()[0]!.id, '');
    await first.pass(1000);
    first.alerts.observe(flows);
    await first.pass(20_000);
    await first.alerts.stop();
    const store: MemoryStore = {
      ...kept,
      async *flowsWithFindings() {
        yield flows;
      },
    };
    const next = await desk('http://127.0.0.1:9/', recording(sent), { clock, store });
    await next.pass(1000);
    await next.pass(1000);
    await next.alerts.stop();
    expect(sent).toEqual(['a:opened:ops']);
  });

  test('a mute window holds until it ends, in its own time zone', async () => {
    const sent: string[] = [];
    const { alerts, pass, clock } = await desk('http://127.0.0.1:9/', recording(sent), {
      // The clock shows a Saturday, 23:30 in Berlin.
      clock: manualClock(Date.UTC(2026, 10, 21, 22, 30)),
      options: {
        routes: [
          {
            ...ROUTE,
            mute: [{ days: [6], fromMinute: 1320, toMinute: 360, zone: 'Europe/Berlin' }],
          },
        ],
      },
    });
    alerts.observe([flow('f', 'a')]);
    await pass(10_000);
    const [held] = await alerts.notifications(1);
    expect(held).toMatchObject({ state: 'waiting', nextAt: Date.UTC(2026, 10, 22, 5, 0) });
    expect(held!.reason).toContain('mute window');
    await pass(Date.UTC(2026, 10, 22, 5, 0) - clock.now() - 1000);
    expect(sent).toEqual([]);
    await pass(2000);
    expect(sent).toEqual(['a:opened:ops']);
  });

  test('a stopped dependency silences what depends on it, and only while it is stopped', async () => {
    const sent: string[] = [];
    const matcher = { severities: [], types: [], services: [] };
    const { alerts, pass } = await desk('http://127.0.0.1:9/', recording(sent), {
      options: {
        inhibitions: [
          {
            when: { ...matcher, rules: ['orchestrator-silent'] },
            then: { ...matcher, rules: ['missing-step'] },
            equal: ['environment'],
          },
        ],
      },
    });
    alerts.observe([otherRule('dead', 'orchestrator-silent'), flow('f', 'a')]);
    await pass(10_000);
    expect(sent).toEqual(['dead:opened:ops']);
    expect((await alerts.notifications(9)).map(({ reason }) => reason).join()).toContain(
      'inhibited by',
    );
    alerts.observe([flow('dead')]);
    await pass(16_000);
    expect(sent.sort()).toEqual(['a:opened:ops', 'dead:opened:ops', 'dead:resolved:ops']);
  });

  test('what an incident is worth follows its flows', async () => {
    const { alerts } = await desk('http://127.0.0.1:9/', recording([]), {
      options: { valueKey: 'total' },
    });
    alerts.observe(Array.from({ length: 3 }, (_, i) => flow(`f${i}`, 'a')));
    expect(alerts.incidents()[0]!.value).toBe(59.97);
    alerts.observe([flow('f0')]);
    expect(alerts.incidents()[0]!.value).toBe(39.98);
  });
});

describe('what a restart or a slow store must not change', () => {
  const taking = (sent: string[]): Guard => ({
    mail: noMail,
    async post(_url, headers) {
      sent.push(headers['idempotency-key']!.replace(/-\w+:/, ':'));
      return { status: 200, retryAfterMs: null };
    },
  });

  test('flows that are still in an incident are not counted again, and stay its examples once', async () => {
    const first = await desk('http://ops/', taking([]));
    const rows = [stored('f1'), stored('f2')];
    await first.store.insertFlows(
      rows.map((row) => ({ kind: 'flow', id: row.id, version: 2, flow: row })),
      1,
      () => 0,
    );
    first.alerts.observe(rows);
    await first.pass(1000);
    const second = await desk('http://ops/', taking([]), {
      store: first.store,
      clock: first.clock,
    });
    expect(second.alerts.incidents()).toMatchObject([
      { count: 2, openCount: 2, exampleFlowIds: ['f1', 'f2'] },
    ]);
    second.alerts.observe([flow('f3', 'a')]);
    expect(second.alerts.incidents()).toMatchObject([{ count: 3, openCount: 3 }]);
  });

  test('a retry that falls due while the last attempt is still being written down is not lost', async () => {
    let down = true;
    let slow: Promise<void> | null = null;
    let release = (): void => undefined;
    const sent: string[] = [];
    const guard: Guard = {
      mail: noMail,
      async post(_url, headers) {
        if (!down) return taking(sent).post('', headers, '');
        slow = new Promise((resolve) => (release = resolve));
        throw new Error('connect ECONNREFUSED');
      },
    };
    const clock = manualClock();
    const store = memoryStore(() => clock.now());
    const slowly: MemoryStore = Object.assign(Object.create(store) as MemoryStore, {
      saveNotifications: async (list: Notification[]) => {
        await slow;
        await store.saveNotifications(list);
      },
    });
    const { alerts } = await desk('http://ops/', guard, { store: slowly, clock });
    alerts.observe([flow('f', 'a')]);
    const settle = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    };
    clock.advance(10_000);
    await settle();
    down = false;
    // The retry becomes due while the store is still writing the failed attempt.
    clock.advance(5_000);
    await settle();
    slow = null;
    release();
    await settle();
    clock.advance(5_000);
    await settle();
    expect(sent).toEqual(['a:opened:ops']);
  });

  test('what was held back and is over by then is not told as if it still were', async () => {
    const sent: string[] = [];
    const { alerts, pass, clock } = await desk('http://ops/', taking(sent), {
      options: { routes: [{ ...ROUTE, repeatMs: 3_600_000 }] },
    });
    alerts.observe([flow('f', 'a')]);
    await pass(10_000);
    await alerts.silence({
      rule: '',
      flowType: '',
      service: '',
      until: clock.now() + 7_200_000,
      comment: '',
    });
    await pass(3_600_000);
    await pass(1000);
    alerts.observe([flow('f')]);
    await pass(7_200_000);
    await pass(1000);
    expect(sent).toEqual(['a:opened:ops', 'a:resolved:ops']);
    expect((await alerts.notifications(9)).find(({ event }) => event === 'repeated')).toMatchObject(
      {
        state: 'dropped',
      },
    );
  });

  test('a restart does not put off the next repetition', async () => {
    const sent: string[] = [];
    const options = { routes: [{ ...ROUTE, repeatMs: 3_600_000 }] };
    const first = await desk('http://ops/', taking(sent), { options });
    await first.store.insertFlows(
      [{ kind: 'flow', id: 'f', version: 2, flow: stored('f') }],
      1,
      () => 0,
    );
    first.alerts.observe([stored('f')]);
    await first.pass(10_000);
    await first.pass(3_000_000);
    await first.alerts.stop();
    const second = await desk('http://ops/', taking(sent), {
      store: first.store,
      clock: first.clock,
      options,
    });
    await second.pass(700_000);
    await second.pass(1000);
    expect(sent).toEqual(['a:opened:ops', 'a:repeated-1:ops']);
  });
});

describe('mail', () => {
  const mailServer = async (
    onMail: (mail: string) => Error | null,
  ): Promise<{ url: string; stop: () => void }> => {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      onData(stream, _session, done) {
        let text = '';
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
        stream.on('end', () => done(onMail(text)));
      },
    });
    server.on('error', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.server.address() as AddressInfo;
    return { url: `smtp://127.0.0.1:${port}`, stop: () => server.close() };
  };
  const mailbox = (url: string): Partial<AlertsOptions> => ({
    channels: [
      {
        name: 'ops',
        kind: 'email',
        url,
        secret: '',
        from: 'fermata@example.org',
        to: ['ops@example.org'],
      },
    ],
  });

  test('an incident arrives as a mail whose Message-ID is its key; a refusal for now is tried again', async () => {
    const mails: string[] = [];
    let busy = true;
    const smtp = await mailServer((mail) => {
      if (busy) return Object.assign(new Error('try later'), { responseCode: 451 });
      mails.push(mail);
      return null;
    });
    const { alerts, pass, state } = await desk('', undefined, { options: mailbox(smtp.url) });
    alerts.observe([flow('f', 'a')]);
    await pass(10_000);
    expect(await state()).toEqual(['opened pending']);
    busy = false;
    await pass(5_000);
    expect(await state()).toEqual(['opened sent']);
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatch(/^Subject: critical: order: ShipOrder \(shipping\)/m);
    expect(mails[0]).toMatch(/^Message-ID: <a-\w+:opened:ops@fermata>/m);
    smtp.stop();
  });

  test('a refusal for good is dead, and visible; a private server needs to be allowed', async () => {
    const smtp = await mailServer(() =>
      Object.assign(new Error('no such user'), { responseCode: 550 }),
    );
    const { alerts, pass, state } = await desk('', undefined, { options: mailbox(smtp.url) });
    alerts.observe([flow('f', 'a')]);
    await pass(10_000);
    expect(await state()).toEqual(['opened dead']);
    smtp.stop();
    const refused = await desk('', createGuard(systemClock(), []), { options: mailbox(smtp.url) });
    refused.alerts.observe([flow('f', 'a')]);
    await refused.pass(10_000);
    expect(await refused.alerts.notifications(1)).toMatchObject([{ state: 'dead' }]);
  });
});
