import { expect, test } from 'vitest';
import type { Flow } from '../../model/flow.ts';
import { NO_SUSPICION } from '../../model/incident.ts';
import { manualClock } from '../../base/clock.ts';
import { createIncidents, snapshotOf } from './index.ts';

const flow = (id: string): Flow =>
  ({
    ...{ id, environment: '', type: 'order', keys: [], steps: [] },
    findings: [
      {
        ...{
          key: 'k',
          incident: 'cause',
          rule: 'missing-step',
          severity: 'critical',
          lasting: true,
        },
        ...{
          step: 'Ship',
          service: 'shipping',
          place: 'orders',
          since: 1,
          summary: '',
          evidence: [],
        },
      },
    ],
    ...{ hops: [], waitingFor: [] },
  }) as unknown as Flow;

test('a snapshot stays as it was, whatever happens to the incident', () => {
  const incidents = createIncidents({
    ...{ clock: manualClock(), valueKey: '', suspect: () => NO_SUSPICION, takenAfter: () => 0 },
    ...{ onOpened: () => undefined, onWorse: () => undefined, onResolved: () => undefined },
  });
  incidents.observe(flow('a'));
  const [live] = incidents.list();
  const before = snapshotOf(live!);
  const [taken] = incidents.takeChanged();
  incidents.observe(flow('b'));
  incidents.note(live!.id, 'on it');
  incidents.acknowledge(live!.id, 'mine');
  for (const snapshot of [before, taken])
    expect(snapshot).toMatchObject({ openCount: 1, exampleFlowIds: ['a'], notes: [], ack: null });
  expect(live).toMatchObject({ openCount: 2, exampleFlowIds: ['a', 'b'], ack: { note: 'mine' } });
});
