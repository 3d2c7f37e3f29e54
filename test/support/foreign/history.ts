import {
  ATTR_FLOW_ID,
  ATTR_FLOW_OUTCOME,
  ATTR_FLOW_TYPE,
  ATTR_STEP_KIND,
  ATTR_STEP_NAME,
} from '@fermata/instrumentation/semconv';
import type { ForeignSpan } from './otlp.ts';

/** An event of a history of Temporal or Cadence. Every kind of event keeps its attributes apart. */
type HistoryEvent = {
  eventId: string | number;
  eventType: string;
  /** In ns (Cadence), or ISO 8601 with up to nine digits of a second (Temporal). */
  timestamp?: string;
  eventTime?: string;
} & Partial<Record<`${string}EventAttributes`, EventAttributes>>;
interface EventAttributes {
  scheduledEventId?: string | number;
  initiatedEventId?: string | number;
  startedEventId?: string | number;
  workflowType?: { name: string };
  activityType?: { name: string };
  failure?: Failure;
  header?: { fields?: { '_tracer-data'?: { data: string } } };
}
interface Failure {
  message?: string;
  cause?: Failure;
}

/** Reads either form of history. Times of Cadence are beyond what a number can hold. */
export function readHistory(text: string): HistoryEvent[] {
  const exact = text.replaceAll(/("timestamp":\s*)(\d{17,})/g, '$1"$2"');
  const read = JSON.parse(exact) as
    HistoryEvent[] | { events: HistoryEvent[] } | { history: { events: HistoryEvent[] } };
  if (Array.isArray(read)) return read;
  return 'events' in read ? read.events : read.history.events;
}

/** Writes `EVENT_TYPE_ACTIVITY_TASK_FAILED`, as some export it, as `ActivityTaskFailed`. */
const typeOf = ({ eventType }: HistoryEvent): string =>
  eventType.startsWith('EVENT_TYPE_')
    ? eventType
        .slice('EVENT_TYPE_'.length)
        .toLowerCase()
        .replaceAll(/(?:^|_)([a-z])/g, (_all, letter: string) => letter.toUpperCase())
    : eventType;
const attributesOf = (event: HistoryEvent): EventAttributes =>
  Object.entries(event).find(([name]) => name.endsWith('EventAttributes'))?.[1] as EventAttributes;
function timeOf({ timestamp, eventTime }: HistoryEvent): bigint {
  if (timestamp !== undefined && /^\d+$/.test(timestamp)) return BigInt(timestamp);
  const [, seconds, fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(timestamp ?? eventTime ?? '')!;
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

const OUTCOMES: Record<string, string> = {
  WorkflowExecutionCompleted: 'completed',
  WorkflowExecutionFailed: 'failed',
  WorkflowExecutionCanceled: 'cancelled',
  WorkflowExecutionTimedOut: 'timed_out',
};
/** Events that begin a unit of work, and what it is. */
const BEGINS: Record<string, 'activity' | 'timer' | 'child'> = {
  ActivityTaskScheduled: 'activity',
  TimerStarted: 'timer',
  StartChildWorkflowExecutionInitiated: 'child',
};
/** Events that end one. They name the event that began it. */
const ENDS =
  /^(ActivityTask|ChildWorkflowExecution|Timer)(Completed|Failed|TimedOut|Canceled|Fired)$/;

/**
 * Converts a history as tracing interceptors would record it: a span for the execution, and below
 * it one for each activity, timer and child. What has not ended yet has no end.
 */
export function fromHistory(name: string, events: HistoryEvent[]): ForeignSpan[] {
  const [first, last] = [events[0]!, events.at(-1)!];
  const begun = attributesOf(first);
  const caller = callerIn(begun);
  const trace = caller?.trace ?? name;
  const flow = { [ATTR_FLOW_ID]: name, [ATTR_FLOW_TYPE]: begun.workflowType!.name };
  const units = events.flatMap((event): ForeignSpan[] => {
    const kind = BEGINS[typeOf(event)];
    if (kind === undefined) return [];
    const { activityType, workflowType } = attributesOf(event);
    const step = activityType?.name ?? workflowType?.name ?? kind;
    const end = events.find(
      (one) => ENDS.test(typeOf(one)) && String(beganAt(one)) === String(event.eventId),
    );
    const error = end && /(Failed|TimedOut)$/.test(typeOf(end)) ? reasonOf(end) : undefined;
    return [
      {
        ...{ trace, id: `unit ${event.eventId}`, parent: 'execution', name: step },
        service: `${kind === 'timer' ? 'workflow' : kind} worker`,
        kind: kind === 'timer' ? 'internal' : 'server',
        ...{ start: timeOf(event), end: end === undefined ? null : timeOf(end) },
        ...(error !== undefined && { error }),
        attributes: {
          ...flow,
          [ATTR_STEP_NAME]: step,
          ...(kind === 'timer' && { [ATTR_STEP_KIND]: kind }),
        },
      },
    ];
  });
  const outcome = OUTCOMES[typeOf(last)];
  const execution: ForeignSpan = {
    ...{ trace, id: 'execution', name: begun.workflowType!.name, service: 'workflow worker' },
    ...(caller !== null && { parent: caller.span }),
    ...{ start: timeOf(first), end: outcome === undefined ? null : timeOf(last) },
    ...(outcome === 'failed' && { error: reasonOf(last) }),
    attributes: {
      ...flow,
      [ATTR_STEP_NAME]: begun.workflowType!.name,
      ...(outcome !== undefined && { [ATTR_FLOW_OUTCOME]: outcome }),
    },
  };
  return [execution, ...units];
}

const beganAt = (event: HistoryEvent): string | number | undefined => {
  const { scheduledEventId, initiatedEventId, startedEventId } = attributesOf(event);
  return scheduledEventId ?? initiatedEventId ?? startedEventId;
};

/** The innermost message: those around it say only that something within has failed. */
function reasonOf(event: HistoryEvent): string {
  let failure = attributesOf(event).failure;
  while (failure?.cause !== undefined) failure = failure.cause;
  return failure?.message ?? typeOf(event);
}

/** Whoever started the execution, as the interceptors of Temporal's SDK hand it on. */
function callerIn({ header }: EventAttributes): { trace: string; span: string } | null {
  const data = header?.fields?.['_tracer-data']?.data;
  if (data === undefined) return null;
  const { traceparent } = JSON.parse(Buffer.from(data, 'base64').toString()) as {
    traceparent: string;
  };
  const [, trace, span] = traceparent.split('-') as [string, string, string];
  return { trace, span };
}
