import type { FlowChanged, FlowSummary } from '@fermata/server/contract';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFlowBuffer } from './flow-buffer.ts';

/** Checks invariant I8: a snapshot and pushes give the same screen in any order. */
const flow = (id: string, version: number): FlowSummary =>
  ({
    id,
    version,
    startedAtUnixNano: String(1000 + id.charCodeAt(0)),
    status: version % 2 ? 'active' : 'completed',
  }) as FlowSummary;

const events = fc.array(
  fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    version: fc.integer({ min: 1, max: 6 }),
    gone: fc.boolean(),
  }),
  { maxLength: 20 },
);

test('snapshot and changes in any order converge', () => {
  fc.assert(
    fc.property(events, fc.nat(), (list, at) => {
      // The test needs one content per version, as on the server, so duplicate versions are
      // removed.
      const unique = [
        ...new Map(list.map((event) => [`${event.id}${event.version}`, event])).values(),
      ];
      const changes = unique.map((event): FlowChanged => ({
        sequence: 0,
        id: event.id,
        version: event.version,
        flow: event.gone ? null : flow(event.id, event.version),
        movedTo: null,
      }));
      const inOrder = createFlowBuffer(() => () => true, 100);
      inOrder.apply([...changes].sort((a, b) => a.version - b.version));
      const mixed = createFlowBuffer(() => () => true, 100);
      const cut = at % (changes.length + 1);
      mixed.apply(changes.slice(cut));
      mixed.snapshot(changes.slice(0, cut).flatMap((change) => change.flow ?? []));
      mixed.apply(changes);
      expect(mixed.list()).toEqual(inOrder.list());
    }),
    { seed: 42, numRuns: 500 },
  );
});

test('a flow that no longer matches leaves the list', () => {
  const buffer = createFlowBuffer(() => (candidate) => candidate.status === 'active', 100);
  buffer.snapshot([flow('a', 1)]);
  expect(buffer.list()).toHaveLength(1);
  buffer.apply([{ sequence: 1, id: 'a', version: 2, flow: flow('a', 2), movedTo: null }]);
  expect(buffer.list()).toHaveLength(0);
});
