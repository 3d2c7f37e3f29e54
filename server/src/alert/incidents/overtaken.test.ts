import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import type { Finding, WaitingFor } from '../../model/expectation.ts';
import type { Flow } from '../../model/flow.ts';
import { someFlows } from '../../testing/some-flows.ts';
import { createLab, type Lab } from '../../testing/lab.ts';
import { placed, shipped } from '../../testing/expectations.ts';
import { addMember, liveIncident, type LiveIncident } from './live-incident.ts';
import { newIncident } from './new-incident.ts';
import { createIncidents } from './index.ts';
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

test('nothing is later than a message that a flow does not wait for', () => {
  const sentMs = [1000, 2000, 3000];
  const overtaken = createOvertaken({
    takenAfter: (_environment, _place, _service, afterMs) =>
      sentMs.filter((ms) => ms > afterMs).length,
    onChanged: () => undefined,
  });
  const live = untaken();
  const member = { hundredths: 0, isCondition: true };
  addMember(live, 'a', { ...member, sentMs: 1000 });
  overtaken.note(live);
  expect(live.overtaken).toBe(2);
  addMember(live, 'a', { ...member, sentMs: 0 });
  overtaken.note(live);
  expect(live.overtaken).toBe(0);
  addMember(live, 'b', { ...member, sentMs: 1000 });
  overtaken.note(live);
  expect(live.overtaken).toBe(0);
});

test('an incident that has ended is not looked at any more', () => {
  let looks = 0;
  const incidents = createIncidents({
    ...{ clock: manualClock(START), valueKey: '', suspect: () => null },
    takenAfter: () => ++looks,
    ...{ onOpened: () => undefined, onWorse: () => undefined, onResolved: () => undefined },
  });
  const [some] = someFlows(40, START).filter(({ hops }) => hops.length > 0);
  const { key, rule, severity, lasting, service, step, place } = untaken().incident;
  const finding: Finding = {
    ...{ key, rule, severity, lasting, service, step, place, incident: key },
    ...{ stepId: null, since: START, summary: '', evidence: [] },
  };
  const awaited: WaitingFor = {
    ...{ id: 'w', afterStepId: null, hopId: null, step: 'take', service: 'warehouse', oneOf: [] },
    ...{ message: 'orders', since: START, expectedAt: START, lateAt: START, stuckAt: START },
    ...{ certain: true, basis: 'structural', absence: 'undelivered-message' },
    ...{ probability: 1, samples: 60, provisional: false },
  };
  const waiting = { ...some!, environment: 'live', findings: [finding], waitingFor: [awaited] };
  incidents.observe(waiting);
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
