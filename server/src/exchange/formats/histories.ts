import {
  ATTR_FLOW_OUTCOME,
  ATTR_STEP_ATTEMPT,
  ATTR_STEP_KIND,
} from '@fermata/instrumentation/semconv';
import { boundName } from '../../model/cut-text.ts';
import type { ForeignSpan } from '../foreign.ts';
import type { Item, ReadOptions } from '../format.ts';
import { jsonItems, parseItem } from '../input/json-items.ts';
import { FILE_LIMITS, malformed, tooLarge } from '../input/limits.ts';
import { readInstant } from '../instants.ts';
import { itemsOf, tried } from '../items.ts';
import { keyAttribute, stepAttributes } from '../names.ts';

/**
 * An event of a history of Temporal or Cadence. Each type of event has its attributes in a field of
 * its own.
 */
type HistoryEvent = {
  eventId?: string | number;
  eventType?: string;
  /** In ns since 1970 (Cadence), or as ISO 8601 with up to nine decimals (Temporal). */
  timestamp?: string | number;
  eventTime?: string;
} & Partial<Record<`${string}EventAttributes`, EventAttributes>>;
interface EventAttributes {
  workflowId?: string;
  scheduledEventId?: string | number;
  initiatedEventId?: string | number;
  startedEventId?: string | number;
  attempt?: number;
  originalExecutionRunId?: string;
  firstExecutionRunId?: string;
  parentWorkflowExecution?: { workflowId?: string };
  workflowType?: { name?: string };
  activityType?: { name?: string };
  reason?: string;
  failure?: Failure;
  header?: { fields?: { '_tracer-data'?: { data?: string } } };
}
interface Failure {
  message?: string;
  cause?: Failure;
}

/** Maximum number of events of one history. Temporal itself ends an execution at 51,200. */
const MAX_EVENTS = 200_000;

/**
 * Reads histories of Temporal and Cadence from a single history (a list of events, `{ events }` or
 * `{ history }`), a list of histories, or one per line. Each history becomes a flow.
 */
export async function* readHistories(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncIterable<Item> {
  let events: HistoryEvent[] = [];
  let bytes = 0;
  for await (const item of jsonItems(chunks, ['', '[]', '[][]'])) {
    const read = parseItem<HistoryEvent & Whole>(item);
    const whole = read.events ?? read.history?.events;
    if (whole !== undefined) {
      yield* historyOf(events, options);
      [events, bytes] = [[], 0];
      yield* historyOf(whole, options);
      continue;
    }
    if (typeof read.eventType !== 'string') {
      yield {
        kind: 'skipped',
        what: `byte ${item.end}`,
        why: 'it is neither a history nor an event',
      };
      continue;
    }
    if (typeOf(read) === 'WorkflowExecutionStarted') {
      yield* historyOf(events, options);
      [events, bytes] = [[], 0];
    }
    if (events.length >= MAX_EVENTS) throw tooLarge(`a history has more than ${MAX_EVENTS} events`);
    bytes += item.json.length;
    if (bytes > FILE_LIMITS.held) throw tooLarge('a history is larger than can be held');
    events.push(read);
  }
  yield* historyOf(events, options);
}
interface Whole {
  events?: HistoryEvent[];
  history?: { events?: HistoryEvent[] };
}

/**
 * Returns the type of an event. `EVENT_TYPE_ACTIVITY_TASK_FAILED`, as some tools export it, becomes
 * `ActivityTaskFailed`.
 */
const typeOf = ({ eventType = '' }: HistoryEvent): string =>
  eventType.startsWith('EVENT_TYPE_')
    ? eventType
        .slice('EVENT_TYPE_'.length)
        .toLowerCase()
        .replaceAll(/(?:^|_)([a-z])/g, (_all, letter: string) => letter.toUpperCase())
    : eventType;
const attributesOf = (event: HistoryEvent): EventAttributes =>
  (Object.entries(event).find(([name]) => name.endsWith('EventAttributes'))?.[1] ??
    {}) as EventAttributes;
const timeOf = ({ timestamp, eventTime }: HistoryEvent): bigint =>
  readInstant(timestamp ?? eventTime) ?? 0n;

const OUTCOMES: ReadonlyMap<string, string> = new Map([
  ['WorkflowExecutionCompleted', 'completed'],
  ['WorkflowExecutionContinuedAsNew', 'completed'],
  ['WorkflowExecutionFailed', 'failed'],
  ['WorkflowExecutionCanceled', 'cancelled'],
  ['WorkflowExecutionTerminated', 'cancelled'],
  ['WorkflowExecutionTimedOut', 'timed_out'],
]);
/** Types of events that begin a unit of work, with the kind of the unit. */
const BEGINS: ReadonlyMap<string, 'activity' | 'timer' | 'child'> = new Map([
  ['ActivityTaskScheduled', 'activity'],
  ['TimerStarted', 'timer'],
  ['StartChildWorkflowExecutionInitiated', 'child'],
]);
/** Types of events that end a unit of work. Such an event names the event that began the unit. */
const ENDS =
  /^(?:ActivityTask|ChildWorkflowExecution|Timer)(?:Completed|Failed|TimedOut|Canceled|Fired)$/;

const historyOf = (events: readonly HistoryEvent[], options: ReadOptions): Iterable<Item> =>
  tried('a history', () => itemsOfHistory(events, options));

function* itemsOfHistory(
  events: readonly HistoryEvent[],
  { flowType }: ReadOptions,
): Iterable<Item> {
  const [first] = events;
  if (first === undefined) return;
  if (events.length > MAX_EVENTS) throw tooLarge(`a history has more than ${MAX_EVENTS} events`);
  if (typeOf(first) !== 'WorkflowExecutionStarted')
    throw malformed('a history does not begin with WorkflowExecutionStarted');
  // Events are sorted by id, because their times may be in another order.
  const inOrder = [...events].sort((a, b) => Number(a.eventId) - Number(b.eventId));
  yield* itemsOf(spansOf(inOrder, first, flowType), (span) => span);
}

/**
 * Converts a history to the spans that tracing interceptors would record: one for the execution,
 * and below it one for each activity, timer and child workflow. A unit that has not ended has no
 * end.
 */
function spansOf(
  events: readonly HistoryEvent[],
  first: HistoryEvent,
  flowType: string,
): ForeignSpan[] {
  const begun = attributesOf(first);
  const run = begun.originalExecutionRunId ?? begun.firstExecutionRunId;
  const flow = boundName(begun.workflowId ?? run ?? `${timeOf(first)}`);
  const type = boundName(flowType || (begun.workflowType?.name ?? 'workflow'));
  const caller = callerIn(begun);
  const trace = caller?.trace ?? `history\0${flow}\0${run === undefined ? run : boundName(run)}`;
  const execution = `execution ${run === undefined ? run : boundName(run)}`;
  const units = unitsOf(events, { trace, flow, type, execution });
  const last = events.at(-1)!;
  const outcome = OUTCOMES.get(typeOf(last));
  const parent = begun.parentWorkflowExecution?.workflowId;
  return [
    {
      ...{ trace, id: execution, name: type, service: 'workflow worker', parent: caller?.span },
      ...{ start: timeOf(first), end: outcome === undefined ? null : timeOf(last) },
      ...(outcome === 'failed' && { error: reasonOf(last) }),
      attributes: {
        ...stepAttributes(flow, type, begun.workflowType?.name ?? type),
        ...(outcome !== undefined && { [ATTR_FLOW_OUTCOME]: outcome }),
        ...(run !== undefined && { [keyAttribute('run')]: run }),
        ...(caller !== null && { [keyAttribute('trace')]: caller.trace }),
        ...(parent !== undefined && { [keyAttribute('parent workflow')]: parent }),
      },
    },
    ...units,
  ];
}

/** Returns the spans of the activities, timers and child workflows of an execution. */
function unitsOf(
  events: readonly HistoryEvent[],
  {
    trace,
    flow,
    type,
    execution,
  }: Readonly<Record<'trace' | 'flow' | 'type' | 'execution', string>>,
): ForeignSpan[] {
  const ends = new Map<string, HistoryEvent>();
  const starts = new Map<string, EventAttributes>();
  for (const event of events) {
    const began = beganAt(event);
    if (ENDS.test(typeOf(event)) && !ends.has(began)) ends.set(began, event);
    else if (typeOf(event) === 'ActivityTaskStarted') starts.set(began, attributesOf(event));
  }
  return events.flatMap((event): ForeignSpan[] => {
    const kind = BEGINS.get(typeOf(event));
    if (kind === undefined) return [];
    const { activityType, workflowType } = attributesOf(event);
    const step = activityType?.name ?? workflowType?.name ?? kind;
    const id = String(event.eventId);
    const end = ends.get(id);
    const error = end && /(Failed|TimedOut)$/.test(typeOf(end)) ? reasonOf(end) : undefined;
    const attempt = starts.get(id)?.attempt ?? 0;
    return [
      {
        ...{ trace, id: `${execution} unit ${id}`, parent: execution, name: step },
        service: `${kind === 'timer' ? 'workflow' : kind} worker`,
        kind: kind === 'timer' ? 'internal' : 'server',
        ...{ start: timeOf(event), end: end === undefined ? null : timeOf(end), error },
        attributes: {
          ...stepAttributes(flow, type, step),
          ...(kind === 'timer' && { [ATTR_STEP_KIND]: kind }),
          ...(attempt > 1 && { [ATTR_STEP_ATTEMPT]: attempt }),
        },
      },
    ];
  });
}

function beganAt(event: HistoryEvent): string {
  const { scheduledEventId, initiatedEventId, startedEventId } = attributesOf(event);
  return String(scheduledEventId ?? initiatedEventId ?? startedEventId);
}

/**
 * Returns the message of the innermost failure, because the failures around it only say that
 * something inside has failed.
 */
function reasonOf(event: HistoryEvent): string {
  const { reason } = attributesOf(event);
  let { failure } = attributesOf(event);
  for (let depth = 0; failure?.cause !== undefined && failure.cause !== null && depth < 50; depth++)
    failure = failure.cause;
  return failure?.message ?? reason ?? typeOf(event);
}

/**
 * Returns the span that started the execution, as the interceptors of Temporal's SDK pass it on;
 * null if there is none.
 */
function callerIn({ header }: EventAttributes): { trace: string; span: string } | null {
  const data = header?.fields?.['_tracer-data']?.data;
  if (typeof data !== 'string') return null;
  try {
    const { traceparent = '' } = JSON.parse(Buffer.from(data, 'base64').toString()) as {
      traceparent?: string;
    };
    const [, trace, span] = /^\w\w-([0-9a-f]{32})-([0-9a-f]{16})-\w\w$/.exec(traceparent) ?? [];
    return trace === undefined || span === undefined ? null : { trace, span };
  } catch {
    // A header that is not JSON names no span.
    return null;
  }
}
