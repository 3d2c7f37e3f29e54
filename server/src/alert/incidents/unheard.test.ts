import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { causeKey } from '../../model/cause.ts';
import type { Finding } from '../../model/expectation.ts';
import type { Flow } from '../../model/flow.ts';
import { NO_SUSPICION, type Suspicion } from '../../model/incident.ts';
import { someFlows } from '../../testing/some-flows.ts';
import { createIncidents, snapshotOf, type Incidents } from './index.ts';

const START = Date.parse('2026-01-01T12:00:00Z');
const SILENT: Suspicion = { unheard: { service: 'mailer', since: START, until: null }, others: [] };
const [some] = someFlows(1, START);

function incidentsOf(suspicion = SILENT): Incidents {
  return createIncidents({
    ...{ clock: manualClock(START + 60_000), valueKey: '', takenAfter: () => 0 },
    suspect: ({ service }) => (service === 'mailer' ? suspicion : NO_SUSPICION),
    ...{ onOpened: () => undefined, onWorse: () => undefined, onResolved: () => undefined },
  });
}
const lacking = (id: string, service: string, place: string | null = null): Flow => {
  const about = { rule: 'missing-step', service, step: 'send mail', place };
  const key = causeKey('live', some!.type, about);
  const finding: Finding = {
    ...{ ...about, key, incident: key, severity: 'critical', lasting: true },
    ...{ stepId: null, since: START + 30_000, summary: '', evidence: [] },
  };
  return { ...some!, id, environment: 'live', steps: [], hops: [], findings: [finding] };
};
/** A flow of other people's with a step of the service that was received at this time. */
const working = (service: string, receivedMs: number, environment = 'live'): Flow => ({
  ...{ ...some!, id: `by ${service}`, environment, hops: [], findings: [] },
  steps: [{ ...some!.steps[0]!, service, receivedMs }],
});
const causes = (incidents: Incidents): (string | null)[] =>
  incidents.list().map(({ cause }) => cause);
const STILL =
  'mailer does not react; nothing has been heard of mailer since 2026-01-01T12:00:00.000Z';
const AGAIN =
  'mailer does not react; nothing was heard of mailer from 2026-01-01T12:00:00.000Z to 2026-01-01T12:02:00.000Z';

test('a service that is heard again is no longer said to be silent, though its incident is open', () => {
  const incidents = incidentsOf();
  incidents.observe(lacking('f', 'mailer'));
  expect(causes(incidents)).toEqual([STILL]);
  incidents.takeChanged();
  // Neither what is older, nor another service, nor another environment says anything.
  incidents.observe(working('mailer', START));
  incidents.observe(working('stock', START + 120_000));
  incidents.observe(working('mailer', START + 120_000, 'test'));
  expect(causes(incidents)).toEqual([STILL]);
  expect(incidents.takeChanged()).toEqual([]);
  incidents.observe(working('mailer', START + 120_000));
  expect(causes(incidents)).toEqual([AGAIN]);
  expect(incidents.takeChanged()).toHaveLength(1);
  // It is said once: later steps change nothing.
  incidents.observe(working('mailer', START + 180_000));
  expect(causes(incidents)).toEqual([AGAIN]);
  expect(incidents.takeChanged()).toEqual([]);
});

test('it is watched on after a restart', () => {
  const before = incidentsOf();
  before.observe(lacking('f', 'mailer'));
  const after = incidentsOf();
  after.load(before.list().map(snapshotOf));
  after.observe(lacking('f', 'mailer'));
  after.loaded();
  expect(causes(after)).toEqual([STILL]);
  after.observe(working('mailer', START + 120_000));
  expect(causes(after)).toEqual([AGAIN]);
});

test('it was heard when the first of its steps was received, and an import says nothing of it', () => {
  const incidents = incidentsOf();
  incidents.observe(lacking('f', 'mailer'));
  incidents.observe({ ...working('mailer', START + 90_000), badges: ['imported'] });
  expect(causes(incidents)).toEqual([STILL]);
  const [step] = working('mailer', 0).steps;
  const times = [START + 300_000, START + 120_000, START - 1];
  const steps = times.map((receivedMs) => ({ ...step!, receivedMs }));
  incidents.observe({ ...working('mailer', 0), steps });
  expect(causes(incidents)).toEqual([AGAIN]);
});

test('it is heard in a flow of very many steps, too', () => {
  const incidents = incidentsOf();
  incidents.observe(lacking('f', 'mailer'));
  const flow = working('mailer', START + 120_000);
  const steps = Array.from({ length: 300_000 }, () => flow.steps[0]!);
  incidents.observe({ ...flow, steps });
  expect(causes(incidents)).toEqual([AGAIN]);
});

test('one that is silent again is said to be, when the next flow lacks it', () => {
  const silence = { service: 'mailer', since: START, until: null };
  const suspicion = { unheard: silence, others: [] };
  const incidents = incidentsOf(suspicion);
  incidents.observe(lacking('f', 'mailer'));
  incidents.observe(working('mailer', START + 120_000));
  // What is said of the silence that is over stays, until a later one is known.
  incidents.observe(lacking('g', 'mailer'));
  expect(causes(incidents)).toEqual([AGAIN]);
  suspicion.unheard = { ...silence, since: START + 150_000 };
  incidents.observe(lacking('h', 'mailer'));
  expect(causes(incidents)).toEqual([STILL.replace('12:00:00', '12:02:30')]);
  incidents.observe(working('mailer', START + 180_000));
  expect(causes(incidents)).toEqual([
    AGAIN.replace('12:00:00', '12:02:30').replace('12:02:00', '12:03:00'),
  ]);
});

test('an incident that has ended is watched no more', () => {
  const incidents = incidentsOf();
  incidents.observe(lacking('f', 'mailer'));
  incidents.resolve(incidents.list()[0]!.id, '');
  incidents.takeChanged();
  incidents.observe(working('mailer', START + 120_000));
  expect(incidents.takeChanged()).toEqual([]);
  expect(causes(incidents)).toEqual([STILL]);
});
