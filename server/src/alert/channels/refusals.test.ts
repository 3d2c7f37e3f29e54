import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { createCounters } from '../../base/counters.ts';
import { silentLog } from '../../base/log.ts';
import type { Flow } from '../../model/flow.ts';
import { NO_SUSPICION, type Incident } from '../../model/incident.ts';
import { memoryStore } from '../../testing/memory-store.ts';
import { createAlerts, type Alerts, type AlertsOptions, type Channel } from '../index.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const channel = (name: string): Channel => ({
  ...{ name, kind: 'webhook', url: `http://${name}/`, secret: '', from: '', to: [] },
});
const route = (...channels: string[]): AlertsOptions['routes'][number] => ({
  ...{
    severities: [],
    rules: [],
    types: ['order'],
    services: [],
    channels,
    groupWaitMs: 0,
    repeatMs: 0,
  },
  mute: [],
  escalate: null,
});
const flow = (id: string, incident: string): Flow =>
  ({
    ...{ id, environment: '', type: 'order', keys: [], steps: [] },
    findings: [
      {
        ...{
          key: incident,
          incident,
          rule: 'missing-step',
          severity: 'critical',
          stepId: null,
          step: 'Ship',
        },
        ...{
          service: 'shipping',
          place: null,
          lasting: true,
          since: 1000,
          summary: '',
          evidence: [],
        },
      },
    ],
    ...{ hops: [], waitingFor: [] },
  }) as unknown as Flow;

/**
 * Creates alerts with channels of these names. `answers` determines the response of each channel.
 */
const world = async (names: string[] = ['ops', 'boss']) => {
  const clock = manualClock();
  const store = memoryStore(() => clock.now());
  const counters = createCounters();
  const answers: Record<string, number | Error> = {};
  const told: string[] = [];
  let number = 0;
  const make = async (configured: string[]): Promise<Alerts> => {
    const alerts = createAlerts({
      ...{
        clock,
        counters,
        log: silentLog,
        store,
        random: () => 0.5,
        inhibitions: [],
        valueKey: '',
      },
      guard: {
        post(url, _headers, body) {
          const name = new URL(url).hostname;
          const answer = answers[name] ?? 200;
          if (answer instanceof Error) return Promise.reject(answer);
          if (answer === 200) told.push(`${name}: ${(JSON.parse(body) as { text: string }).text}`);
          return Promise.resolve({ status: answer, retryAfterMs: null });
        },
        mail: () => Promise.reject(new Error('no mail here')),
      },
      channels: configured.map(channel),
      routes: [route(...configured)],
      suspect: () => NO_SUSPICION,
      takenAfter: () => 0,
      linkTo: () => '',
      onChanged: () => undefined,
    });
    await alerts.start();
    return alerts;
  };
  const self = {
    ...{ clock, counters, answers, told, alerts: await make(names) },
    open: (): Incident[] =>
      self.alerts.incidents().filter((one) => one.channel && one.status === 'open'),
    /** Opens a new incident, about which the channels are notified. */
    happens() {
      self.alerts.observe([flow(`f${++number}`, `i${number}`)]);
    },
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= MINUTE) {
        clock.advance(Math.min(left, MINUTE));
        await self.alerts.idle();
      }
    },
    async restart(configured = names) {
      await self.alerts.stop();
      self.alerts = await make(configured);
      await self.pass(1000);
    },
  };
  return self;
};

test.each([
  ['that is tried again and again', 503, 'answered 503'],
  ['that cannot be reached', new Error('connect ECONNREFUSED'), 'connect ECONNREFUSED'],
  ['that is given up at once', 403, 'answered 403'],
])(
  'a channel %s for an hour is an incident, told by the others, until it takes one',
  async (_, answer, why) => {
    const it = await world();
    it.answers['ops'] = answer;
    const since = it.clock.now();
    it.happens();
    it.happens();
    await it.pass(58 * MINUTE);
    expect(it.open()).toEqual([]);
    await it.pass(4 * MINUTE);
    const [incident, ...others] = it.open();
    expect(others).toEqual([]);
    expect(incident).toMatchObject({
      ...{ rule: 'channel-refuses', channel: 'ops', severity: 'critical', count: 2 },
      openCount: answer === 403 ? 0 : 2,
      cause: `the last one: ${why}`,
    });
    expect(incident!.firstAt - since).toBeLessThanOrEqual(MINUTE);
    expect(it.told.filter((text) => text.includes('takes no'))).toEqual([
      expect.stringMatching(
        /^boss: Channel ops takes no notifications since .*; the last one: .* for it\.$/,
      ),
    ]);
    const seconds = it.counters
      .read()
      .filter(({ name }) => name === 'fermata_channel_refusing_seconds');
    expect(seconds.map(({ labels, value }) => [labels!['channel'], value > 3600])).toEqual([
      ['ops', true],
      ['boss', false],
    ]);

    it.answers['ops'] = 200;
    it.happens();
    await it.pass(15 * MINUTE);
    expect(it.open()).toEqual([]);
    expect(it.told).toContain('boss: Resolved: Channel ops takes no notifications.');
    expect(it.told.filter((text) => /^ops:.*takes no/.test(text))).toEqual([]);
  },
);

test('one success in between, within each hour, and it is none', async () => {
  const it = await world();
  for (let i = 0; i < 6; i++) {
    it.answers['ops'] = 403;
    it.happens();
    await it.pass(50 * MINUTE);
    it.answers['ops'] = 200;
    it.happens();
    await it.pass(MINUTE);
  }
  expect(it.alerts.incidents().filter((one) => one.channel)).toEqual([]);
});

test('what waits for a silence or a mute window was not refused', async () => {
  const it = await world();
  await it.alerts.silence({
    rule: '',
    flowType: '',
    service: '',
    until: it.clock.now() + 5 * HOUR,
    comment: '',
  });
  it.happens();
  await it.pass(4 * HOUR);
  expect(it.open()).toEqual([]);
});

test('it survives a restart with its beginning, and so does the hour', async () => {
  const it = await world();
  it.answers['ops'] = 500;
  const since = it.clock.now();
  it.happens();
  await it.pass(40 * MINUTE);
  await it.restart();
  await it.pass(25 * MINUTE);
  const [before] = it.open();
  expect(before!.firstAt - since).toBeLessThanOrEqual(MINUTE);
  await it.restart();
  expect(it.open().map(({ id, firstAt }) => [id, firstAt])).toEqual([
    [before!.id, before!.firstAt],
  ]);
  it.answers['ops'] = 200;
  await it.pass(15 * MINUTE);
  expect(it.open()).toEqual([]);
  await it.restart();
  await it.pass(2 * HOUR);
  expect(it.open()).toEqual([]);
  expect(it.told.filter((text) => text.includes('takes no'))).toHaveLength(2);
});

test('it ends when the channel is none any more', async () => {
  const it = await world();
  it.answers['ops'] = 404;
  it.happens();
  await it.pass(2 * HOUR);
  expect(it.open()).toHaveLength(1);
  await it.restart(['boss']);
  expect(it.open()).toEqual([]);
});

test('a test that is taken ends it, and that holds over a restart; so does whoever resolves it, for an hour', async () => {
  const it = await world();
  it.answers['ops'] = 404;
  it.happens();
  await it.pass(2 * HOUR);
  await expect(it.alerts.test('ops')).rejects.toThrow();
  expect(it.open()).toHaveLength(1);
  it.answers['ops'] = 200;
  await it.alerts.test('ops');
  await it.pass(MINUTE);
  expect(it.open()).toEqual([]);
  await it.restart();
  await it.pass(2 * HOUR);
  expect(it.open()).toEqual([]);

  it.answers['ops'] = 404;
  it.happens();
  await it.pass(2 * HOUR);
  it.alerts.resolve(it.open()[0]!.id, '');
  await it.pass(MINUTE);
  it.happens();
  await it.pass(58 * MINUTE);
  expect(it.open()).toEqual([]);
  await it.pass(3 * MINUTE);
  expect(it.open()).toHaveLength(1);
});

test('of two that refuse each is told by the other in vain, and there are two incidents, not more', async () => {
  const it = await world();
  Object.assign(it.answers, { ops: 403, boss: 500 });
  it.happens();
  await it.pass(30 * HOUR);
  expect(
    it
      .open()
      .map(({ channel: name }) => name)
      .sort(),
  ).toEqual(['boss', 'ops']);
  expect((await it.alerts.notifications(1000)).length).toBeLessThan(10);
});

test('the only channel has nobody else: the incident is there to be seen', async () => {
  const it = await world(['ops']);
  it.answers['ops'] = 500;
  it.happens();
  await it.pass(2 * HOUR);
  expect(it.open()).toHaveLength(1);
  expect((await it.alerts.notifications(1000)).length).toBe(1);
});
