import { ATTR_FLOW_OUTCOME } from '@fermata/instrumentation/semconv';
import type { ForeignSpan } from '../foreign.ts';
import type { Item, ReadOptions } from '../format.ts';
import { jsonItems, parseItem, wholeEnd, type JsonItem } from '../input/json-items.ts';
import { readInstant } from '../instants.ts';
import { itemsOf, tried } from '../items.ts';
import { stepAttributes } from '../names.ts';

/** An event of a history of AWS Step Functions, as `GetExecutionHistory` answers. */
interface StatesEvent {
  id: number;
  previousEventId: number;
  type: string;
  timestamp?: string | number;
  stateEnteredEventDetails?: { name: string };
}
interface History {
  events?: StatesEvent[];
  /** Not of AWS: whoever saves a history adds what the answer does not say. */
  executionArn?: string;
  stateMachineArn?: string;
}

/** Reads histories of executions: one, a list, or by line. Each is a flow. */
export async function* readStepFunctions(
  chunks: AsyncIterable<Uint8Array>,
  { flowType }: ReadOptions,
): AsyncIterable<Item> {
  let number = 0;
  for await (const item of jsonItems(chunks, ['', '[]'])) {
    const what = `history ${++number}`;
    yield* tried(what, () => itemsOfHistory(item, what, flowType));
  }
}

function* itemsOfHistory(item: JsonItem, what: string, flowType: string): Iterable<Item> {
  const history = parseItem<History>(item);
  const events = history.events ?? [];
  const isHistory =
    events.length > 0 &&
    events.every(({ id, type }) => typeof id === 'number' && typeof type === 'string');
  if (!isHistory) {
    yield { kind: 'skipped', what, why: 'it has no list of events with ids' };
    return;
  }
  const name =
    lastPart(history.executionArn) ||
    what.replace('history', 'execution') + ` ${String(events[0]!.timestamp)}`;
  const type = flowType || lastPart(history.stateMachineArn) || 'state machine';
  yield* itemsOf(spansOf(type, name, events), (span) => span, wholeEnd(item));
}
const lastPart = (arn = ''): string => arn.split(':').at(-1) ?? '';

/** Where a history has no times, its n-th event counts as having happened after n ms. */
const NO_TIME = 1_700_000_000_000_000_000n;
const timeOf = ({ id, timestamp }: StatesEvent): bigint =>
  readInstant(timestamp) ?? NO_TIME + BigInt(id) * 1_000_000n;

function spansOf(type: string, name: string, events: readonly StatesEvent[]): ForeignSpan[] {
  const last = events.at(-1)!;
  const byId = new Map(events.map((event) => [event.id, event]));
  const before = ({ previousEventId }: StatesEvent): StatesEvent | undefined =>
    byId.get(previousEventId);
  /**
   * The state in which the event happened: the chain of causes leads to where it was entered. What
   * ends a map is caused within its iterations, so the chain goes on to the map.
   */
  const stateOf = (event: StatesEvent): number | undefined => {
    const isOfMap = /^Map/.test(event.type);
    let cause = before(event);
    for (let steps = 0; cause !== undefined && steps < events.length; steps++) {
      const isState = cause.stateEnteredEventDetails !== undefined;
      if (isState && (!isOfMap || /^Map/.test(cause.type))) return cause.id;
      cause = before(cause);
    }
    return undefined;
  };
  const within = new Map<number | undefined, StatesEvent[]>();
  for (const event of events) {
    const state = stateOf(event);
    within.set(state, [...(within.get(state) ?? []), event]);
  }
  const trace = `step functions\0${type}\0${name}`;
  const states = events.flatMap((event): ForeignSpan[] => {
    const step = event.stateEnteredEventDetails?.name;
    if (step === undefined) return [];
    const own = within.get(event.id) ?? [];
    const failure = own.find(({ type: what }) => FAILURE.test(what));
    const end = own.find(({ type: what }) => what.endsWith('StateExited')) ?? failure ?? last;
    const error = failure && (reasonIn(failure) ?? reasonIn(last) ?? 'failed');
    const map = before(event)?.type === 'MapIterationStarted' ? stateOf(event) : undefined;
    return [
      {
        ...{ trace, id: `event ${event.id}`, name: step, service: step, kind: 'server' },
        parent: map === undefined ? 'execution' : `event ${map}`,
        ...{ start: timeOf(event), end: timeOf(end), error },
        attributes: {
          ...stepAttributes(name, type, step),
          ...(error !== undefined && { 'error.type': error }),
        },
      },
    ];
  });
  return [executionOf(type, name, trace, events), ...states];
}
const FAILURE = /^(?!MapIteration).*(Failed|TimedOut)$/;

const OUTCOMES: ReadonlyMap<string, string> = new Map([
  ['ExecutionSucceeded', 'completed'],
  ['ExecutionFailed', 'failed'],
  ['ExecutionAborted', 'cancelled'],
  ['ExecutionTimedOut', 'timed_out'],
]);

function executionOf(
  type: string,
  name: string,
  trace: string,
  events: readonly StatesEvent[],
): ForeignSpan {
  const last = events.at(-1)!;
  const outcome = OUTCOMES.get(last.type);
  return {
    ...{ trace, id: 'execution', name: type, service: 'states', start: timeOf(events[0]!) },
    end: outcome === undefined ? null : timeOf(last),
    ...(outcome === 'failed' && { error: reasonIn(last) ?? 'failed' }),
    attributes: {
      ...stepAttributes(name, type, ''),
      ...(outcome !== undefined && { [ATTR_FLOW_OUTCOME]: outcome }),
    },
  };
}

const reasonIn = (event: StatesEvent): string | undefined =>
  /"error":"([^"]+)"/.exec(JSON.stringify(event))?.[1];
