import {
  ATTR_FLOW_ID,
  ATTR_FLOW_OUTCOME,
  ATTR_FLOW_TYPE,
  ATTR_STEP_NAME,
} from '@fermata/instrumentation/semconv';
import type { ForeignSpan } from './otlp.ts';

interface StatesEvent {
  id: number;
  previousEventId: number;
  type: string;
  stateEnteredEventDetails?: { name: string };
}
/** A snapshot test of LocalStack: what the service answered, by the name of the test. */
export type Snapshots = Record<
  string,
  { 'recorded-content': { get_execution_history?: { events: StatesEvent[] } } }
>;

/** The times are masked, so that the n-th event counts as having happened after n ms. */
const BEGIN_MS = 1_700_000_000_000;
const timeOf = ({ id }: StatesEvent): bigint => BigInt(BEGIN_MS + id) * 1_000_000n;

/** Converts each execution to a span, and below it one for each state that was entered. */
export function fromSnapshots(type: string, snapshots: Snapshots): ForeignSpan[] {
  return Object.entries(snapshots).flatMap(([test, snapshot]) => {
    const events = snapshot['recorded-content'].get_execution_history?.events;
    return events === undefined ? [] : fromExecution(type, test.split('::').at(-1)!, events);
  });
}

function fromExecution(type: string, name: string, events: StatesEvent[]): ForeignSpan[] {
  const last = events.at(-1)!;
  const flow = { [ATTR_FLOW_ID]: name, [ATTR_FLOW_TYPE]: type };
  const before = ({ previousEventId }: StatesEvent): StatesEvent | undefined =>
    events.find(({ id }) => id === previousEventId);
  /**
   * The state in which the event happened: the chain of causes leads to where it was entered. What
   * ends a map is caused within its iterations, so the chain goes on to the map.
   */
  const stateOf = (event: StatesEvent, isOfMap = /^Map/.test(event.type)): number | undefined => {
    const cause = before(event);
    if (cause === undefined) return undefined;
    const isState = cause.stateEnteredEventDetails !== undefined;
    return isState && (!isOfMap || /^Map/.test(cause.type)) ? cause.id : stateOf(cause, isOfMap);
  };
  const states = events.flatMap((event): ForeignSpan[] => {
    const step = event.stateEnteredEventDetails?.name;
    if (step === undefined) return [];
    const own = events.filter((one) => stateOf(one) === event.id);
    const failure = own.find(({ type: what }) =>
      /^(?!MapIteration).*(Failed|TimedOut)$/.test(what),
    );
    const end = own.find(({ type: what }) => what.endsWith('StateExited')) ?? failure ?? last;
    const error = failure && (reasonIn(failure) ?? reasonIn(last));
    const map = before(event)?.type === 'MapIterationStarted' ? stateOf(event) : undefined;
    const parent = map === undefined ? 'execution' : String(map);
    return [
      {
        ...{ trace: name, id: String(event.id), parent, name: step },
        ...{ service: step, kind: 'server', start: timeOf(event), end: timeOf(end) },
        ...(error !== undefined && { error }),
        attributes: {
          ...flow,
          [ATTR_STEP_NAME]: step,
          ...(error !== undefined && { 'error.type': error }),
        },
      },
    ];
  });
  const outcome = last.type === 'ExecutionSucceeded' ? 'completed' : 'failed';
  return [
    {
      ...{ trace: name, id: 'execution', name: type, service: 'states', kind: 'internal' },
      ...{ start: timeOf(events[0]!), end: timeOf(last) },
      ...(outcome === 'failed' && { error: reasonIn(last)! }),
      attributes: { ...flow, [ATTR_FLOW_OUTCOME]: outcome },
    },
    ...states,
  ];
}

const reasonIn = (event: StatesEvent): string | undefined =>
  /"error":"([^"]+)"/.exec(JSON.stringify(event))?.[1];
