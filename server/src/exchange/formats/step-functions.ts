import { ATTR_FLOW_OUTCOME } from '@fermata/instrumentation/semconv';
import { boundName, boundText } from '../../model/cut-text.ts';
import type { ForeignSpan } from '../foreign.ts';
import type { Item, ReadOptions } from '../format.ts';
import { jsonItems, parseItem, wholeEnd, type JsonItem } from '../input/json-items.ts';
import { tooLarge } from '../input/limits.ts';
import { readInstant } from '../instants.ts';
import { itemsOf, tried } from '../items.ts';
import { stepAttributes } from '../names.ts';

/** An event of a history of AWS Step Functions, as `GetExecutionHistory` returns it. */
interface StatesEvent {
  id: number;
  previousEventId: number;
  type: string;
  timestamp?: string | number;
  stateEnteredEventDetails?: { name: string };
}
interface History {
  events?: StatesEvent[];
  /** Added by the person who saves a history, because the answer of AWS does not contain it. */
  executionArn?: string;
  stateMachineArn?: string;
}

/** Maximum number of events of one history. AWS itself ends an execution at 25,000. */
const MAX_EVENTS = 200_000;

/**
 * Reads histories of AWS Step Functions from a single history, a list, or one per line. Each
 * history becomes a flow.
 */
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
  if (events.length > MAX_EVENTS) throw tooLarge(`a history has more than ${MAX_EVENTS} events`);
  const name =
    lastPart(history.executionArn) ||
    what.replace('history', 'execution') + ` ${String(events[0]!.timestamp)}`;
  const type = flowType || lastPart(history.stateMachineArn) || 'state machine';
  yield* itemsOf(spansOf(boundName(type), boundName(name), events), (span) => span, wholeEnd(item));
}
const lastPart = (arn = ''): string => arn.split(':').at(-1) ?? '';

/**
 * Base of invented times: if a history has no times, the event with id n gets this time plus n ms.
 */
const NO_TIME = 1_700_000_000_000_000_000n;
const timeOf = ({ id, timestamp }: StatesEvent): bigint =>
  readInstant(timestamp) ?? NO_TIME + BigInt(id) * 1_000_000n;

export function spansOf(type: string, name: string, events: readonly StatesEvent[]): ForeignSpan[] {
  const last = events.at(-1)!;
  const byId = new Map(events.map((event) => [event.id, event]));
  const stateOf = statesOf(events);
  const ends = endsOf(events, stateOf);
  const trace = `step functions\0${type}\0${name}`;
  const lastReason = reasonIn(last);
  const states = events.flatMap((event): ForeignSpan[] => {
    const step = event.stateEnteredEventDetails?.name;
    if (step === undefined) return [];
    const { exit, failure, reason } = ends.get(event.id) ?? {};
    const end = exit ?? failure ?? last;
    const error = failure && (reason ?? lastReason ?? 'failed');
    const isFirst = byId.get(event.previousEventId)?.type === 'MapIterationStarted';
    const map = isFirst ? stateOf(event) : undefined;
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

interface StateEnd {
  exit?: StatesEvent;
  failure?: StatesEvent;
  /** Tells why it failed, if the failure says so. */
  reason?: string | undefined;
}
/** Returns how each state ended, by the id of the event with which it was entered. */
function endsOf(
  events: readonly StatesEvent[],
  stateOf: (event: StatesEvent) => number | undefined,
): ReadonlyMap<number, StateEnd> {
  const ends = new Map<number, StateEnd>();
  for (const event of events) {
    const state = stateOf(event);
    if (state === undefined) continue;
    let end = ends.get(state);
    if (end === undefined) ends.set(state, (end = {}));
    if (event.type.endsWith('StateExited')) end.exit ??= event;
    if (end.failure !== undefined || !FAILURE.test(event.type)) continue;
    end.failure = event;
    end.reason = reasonIn(event);
  }
  return ends;
}

/**
 * Returns a function that gives the id of the event by which the state of an event was entered. It
 * is found by following the chain of causes. For the end of a map, whose cause is inside its last
 * iteration, the chain is followed to the map. Each cause has a smaller id than its effect, so
 * events are processed in the order of ids, and each needs only the result of its cause.
 */
function statesOf(events: readonly StatesEvent[]): (event: StatesEvent) => number | undefined {
  /**
   * For each event, the nearest state and the nearest map on its chain of causes, including itself.
   */
  const known = new Map<number, { state?: number | undefined; map?: number | undefined }>();
  for (const { id, previousEventId, type, stateEnteredEventDetails } of inOrderOfIds(events)) {
    const cause = previousEventId < id ? known.get(previousEventId) : undefined;
    if (stateEnteredEventDetails === undefined) known.set(id, cause ?? {});
    else known.set(id, { state: id, map: isOfMap(type) ? id : cause?.map });
  }
  return ({ id, previousEventId, type }) => {
    const cause = previousEventId < id ? known.get(previousEventId) : undefined;
    return isOfMap(type) ? cause?.map : cause?.state;
  };
}
const isOfMap = (type: string): boolean => type.startsWith('Map');
const inOrderOfIds = (events: readonly StatesEvent[]): StatesEvent[] =>
  [...events].sort((a, b) => a.id - b.id);
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

function reasonIn(event: StatesEvent): string | undefined {
  const reason = /"error":"([^"]+)"/.exec(JSON.stringify(event))?.[1];
  return reason === undefined ? reason : boundText(reason);
}
