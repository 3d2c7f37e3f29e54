import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { causeKey } from '../../model/cause.ts';
import type { Finding, WaitingFor } from '../../model/expectation.ts';
import type { Flow } from '../../model/flow.ts';
import { NO_SUSPICION } from '../../model/incident.ts';
import { someFlows } from '../../testing/some-flows.ts';
import { createLab, type Lab } from '../../testing/lab.ts';
import { placed, shipped } from '../../testing/expectations.ts';
import { addMember, liveIncident, type LiveIncident } from './live-incident.ts';
import { newIncident } from './new-incident.ts';
import { createIncidents, type Incidents } from './index.ts';
import { createOvertaken } from './overtaken.ts';

/** What an incident says of a message that nobody took, whether its consumer runs or not. */
const START = 1_794_000_000_000;

async function labWithOrders(): Promise<{ lab: Lab; take: (numbers: number[]) => Promise<void> }> {
  const guard = {
    mail: () => Promise.reject(new Error('no mail here')),
    post: () => Promise.reject(new Error('nobody is told')),
  };
  const lab = await createLab({ startMs: START, alerts: { guard, channels: [], routes: [] } });
  for (let i = 0; i < 60; i++) {
    await lab.deliver([placed(lab, i), shipped(lab, i)]);
    await lab.advance(1000);
  }
  await rest(lab, 60);
  return {
    lab,
    async take(numbers) {
      for (const number of numbers) {
        await lab.deliver([shipped(lab, number)]);
        await lab.advance(1000);
      }
    },
  };
}
const rest = async (lab: Lab, seconds: number): Promise<void> => {
  for (let i = 0; i < seconds; i += 5) await lab.advance(5000);
};
const causes = ({ alerts }: Lab): (string | null)[] =>
  alerts!
    .incidents()
    .filter(({ status }) => status === 'open')
    .map(({ cause }) => cause);
/** An incident of messages to `orders` that nobody takes. */
const untaken = (): LiveIncident =>
  liveIncident(
    newIncident(
      {
        ...{ key: 'k', rule: 'undelivered-message', severity: 'critical', lasting: true },
        ...{ environment: 'live', flowType: 'order', service: 'warehouse', step: null },
        place: 'orders',
      },
      START,
    ),
    0,
  );
const [some] = someFlows(40, START).filter(({ hops }) => hops.length > 0);
/** Send times of the messages to `orders` that the warehouse took. */
const TAKEN = [1000, 2000, 3000];
const takenAfter = (_environment: string, place: string, _service: string, ms: number): number =>
  place === 'orders' ? TAKEN.filter((sentMs) => sentMs > ms).length : 0;
const someIncidents = (clock = manualClock(START), taken = takenAfter): Incidents =>
  createIncidents({
    ...{ clock, valueKey: '', suspect: () => NO_SUSPICION, takenAfter: taken },
    ...{ onOpened: () => undefined, onWorse: () => undefined, onResolved: () => undefined },
  });
/** The finding that the warehouse takes no message at a place, or another one about it. */
const findingAt = (place: string, rule = 'undelivered-message'): Finding => {
  const about = { rule, service: 'warehouse', step: 'take', place };
  const key = causeKey('live', some!.type, about);
  return {
    ...{ ...about, key, incident: key, severity: 'critical', lasting: true },
    ...{ stepId: null, since: START, summary: '', evidence: [] },
  };
};
/** A flow that waits for the warehouse to take a message at a place. */
const waiting = (id: string, place: string, sentMs: number): Flow => {
  const awaited: WaitingFor = {
    ...{ id: 'w', afterStepId: null, hopId: null, step: 'take', service: 'warehouse', oneOf: [] },
    ...{ message: place, since: sentMs, expectedAt: START, lateAt: START, stuckAt: START },
    ...{ certain: true, basis: 'structural', absence: 'undelivered-message' },
    ...{ probability: 1, samples: 60, provisional: false },
  };
  const steps = [{ ...some!.steps[0]!, service: 'warehouse', receivedMs: START - 60_000 }];
  const findings = [findingAt(place)];
  return { ...some!, id, environment: 'live', steps, hops: [], findings, waitingFor: [awaited] };
};
const TOOK_TWO = /^warehouse took 2 later messages of orders,/;
const IS_IT_RUNNING = /^messages to orders are sent and not consumed: is warehouse running\?/;

test('a message that later ones overtook was lost, and who took those is not asked for', async () => {
  const { lab } = await labWithOrders();
  await lab.deliver([placed(lab, 100)]);
  await lab.advance(1000);
  for (let i = 101; i < 108; i++) {
    await lab.deliver([placed(lab, i), shipped(lab, i)]);
    await lab.advance(1000);
  }
  await rest(lab, 240);
  expect(causes(lab)).toEqual([
    expect.stringMatching(/^warehouse took 7 later messages of orders,/),
  ]);
  await lab.stop();
});

test('later ones may be taken only after the incident opened', async () => {
  const { lab } = await labWithOrders();
  await lab.deliver([placed(lab, 100)]);
  await rest(lab, 240);
  expect(causes(lab)).toEqual([expect.stringMatching(IS_IT_RUNNING)]);
  await lab.deliver([placed(lab, 101), shipped(lab, 101)]);
  await lab.advance(1000);
  expect(causes(lab)).toEqual([
    expect.stringMatching(/^warehouse took 1 later message of orders,/),
  ]);
  await lab.stop();
});

test('while a queue is worked off, what still waits is not lost; what is left behind is', async () => {
  const { lab, take } = await labWithOrders();
  const queue = Array.from({ length: 12 }, (_, i) => 100 + i);
  for (const number of queue) {
    await lab.deliver([placed(lab, number)]);
    await lab.advance(1000);
  }
  await rest(lab, 240);
  expect(causes(lab)).toEqual([expect.stringMatching(IS_IT_RUNNING)]);
  // The consumer is back and takes one after the other, all but the fourth.
  await take(queue.slice(0, 3));
  await take(queue.slice(4, 8));
  expect(causes(lab)).toEqual([expect.stringMatching(IS_IT_RUNNING)]);
  await take(queue.slice(8));
  expect(causes(lab)).toEqual([
    expect.stringMatching(/^warehouse took 8 later messages of orders,/),
  ]);
  await take([103]);
  expect(causes(lab)).toEqual([]);
  await lab.stop();
});

/** Numbers of later messages that each member of an incident leaves known, by its send time. */
test.each<[string, number[], number]>([
  ['one that waits', [1000], 2],
  ['one that waits for no message', [0], 0],
  ['none', [], 0],
  ['one that waits, one that waits for no message', [1000, 0], 2],
  ['the same in the other order', [0, 1000], 2],
  ['two that wait: what is later than both', [1000, 2000], 1],
  ['the newest waits, too', [3000, 0, 1000], 0],
  ['several that wait for no message', [0, 0, 0], 0],
  ['more than are compared', Array.from({ length: 101 }, () => 1000), 0],
])('members: %s', (_members, waits, later) => {
  const overtaken = createOvertaken({ takenAfter, onChanged: () => undefined });
  const live = untaken();
  for (const [i, sentMs] of waits.entries())
    addMember(live, `${i}`, { hundredths: 0, isCondition: true, sentMs });
  overtaken.note(live);
  expect(live.overtaken).toBe(later);
});

test('a member that no longer waits for a message says nothing of later ones', () => {
  const overtaken = createOvertaken({ takenAfter, onChanged: () => undefined });
  const live = untaken();
  const noteOf = (id: string, sentMs: number): number => {
    addMember(live, id, { hundredths: 0, isCondition: true, sentMs });
    overtaken.note(live);
    return live.overtaken;
  };
  expect([noteOf('a', 1000), noteOf('a', 0), noteOf('b', 2000)]).toEqual([2, 0, 1]);
});

test('a step that is missing joins what waits for its message, and the cause stays', async () => {
  const incidents = someIncidents();
  for (const id of ['a', 'b', 'c', 'd', 'e']) incidents.observe(waiting(id, 'orders', 1000));
  const [incident] = incidents.list();
  expect(incident!.cause).toMatch(TOOK_TWO);
  incidents.observe({
    ...waiting('f', 'orders', 0),
    findings: [findingAt('orders', 'missing-step')],
    waitingFor: [],
  });
  expect(incidents.list()).toHaveLength(1);
  expect(incident).toMatchObject({ openCount: 6, cause: expect.stringMatching(TOOK_TWO) });
});

test('an incident that resolves keeps what was found out of it', () => {
  const incidents = someIncidents();
  for (const id of ['a', 'b']) incidents.observe(waiting(id, 'orders', 1000));
  const [incident] = incidents.list();
  incidents.forget('a');
  expect(incident).toMatchObject({ status: 'open', cause: expect.stringMatching(TOOK_TWO) });
  incidents.observe({ ...waiting('b', 'orders', 1000), findings: [], waitingFor: [] });
  expect(incident).toMatchObject({ status: 'resolved', cause: expect.stringMatching(TOOK_TWO) });
});

/** What an incident of orders says after one of `place` was merged into it. */
test.each<[string, number, number, RegExp]>([
  ['returns', 9000, 1, TOOK_TWO],
  ['returns', 500, 1, TOOK_TWO],
  ['returns', 9000, 100, IS_IT_RUNNING],
])('flows that wait at %s, sent at %i, %i of them', (place, sentMs, count, cause) => {
  const clock = manualClock(START);
  const incidents = someIncidents(clock);
  incidents.observe(waiting('a', 'orders', 1000));
  const [head] = incidents.list();
  clock.advance(5000);
  for (let i = 0; i < count; i++) incidents.observe(waiting(`b${i}`, place, sentMs));
  clock.advance(20_000);
  expect(incidents.list().filter(({ status }) => status === 'open')).toEqual([head]);
  expect(head).toMatchObject({ openCount: count + 1, cause: expect.stringMatching(cause) });
});

test('an incident that has ended is not looked at any more', () => {
  let looks = 0;
  const incidents = someIncidents(manualClock(START), () => ++looks);
  incidents.observe(waiting('a', 'orders', START));
  const [incident] = incidents.list();
  const taken: Flow = { ...some!, id: 'other', environment: 'live', findings: [], hops: [] };
  const [hop] = some!.hops;
  const message = { ...hop!.message, destination: 'orders' };
  taken.hops.push({ ...hop!, state: 'delivered', message });
  const before = looks;
  incidents.observe(taken);
  expect(looks).toBeGreaterThan(before);
  incidents.resolve(incident!.id, '');
  // Whoever still watches the incident reads whether it is open, or where it is.
  let reads = 0;
  Object.defineProperties(incident, {
    status: { get: () => (reads++, 'resolved') },
    place: { get: () => (reads++, 'orders') },
  });
  incidents.observe(taken);
  expect(reads).toBe(0);
});
