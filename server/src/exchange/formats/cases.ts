import { ATTR_FLOW_OUTCOME, OUTCOMES } from '@fermata/instrumentation/semconv';
import type { AttributeValue } from '../../model/otlp.ts';
import type { ForeignLink, ForeignSpan } from '../foreign.ts';
import { keyAttribute, stepAttributes } from '../names.ts';

/** An event of a log of cases: a table, XES, or OCEL seen from one type of its objects. */
export interface CaseEvent {
  flow: string;
  type: string;
  step: string;
  service: string;
  start: bigint;
  end: bigint | null;
  /** Identifies the event within its flow. */
  id: string;
  error?: string | undefined;
  outcome?: string | undefined;
  /** Ids of the events of the same flow that caused this one. */
  causes?: readonly string[];
  keys?: readonly (readonly [string, string])[];
  attributes?: Readonly<Record<string, AttributeValue>>;
}

/** Name of the service of an event of which the log does not say who did it. */
const NOBODY = 'unknown';
const KNOWN_OUTCOMES: ReadonlySet<string> = new Set(OUTCOMES);

/**
 * Makes a span of an event. All events of a flow are in one trace, and joined by the flow's id. A
 * log of cases says in which order its events were, and not which of them caused which: a link is
 * made only where the file names a cause.
 */
export function spanOfEvent(event: CaseEvent): ForeignSpan {
  const { flow, type, step, service, start, end, id, error, outcome, causes = [] } = event;
  const trace = `case\0${type}\0${flow}`;
  return {
    ...{ trace, id, name: step, service: service || NOBODY, start, end, kind: 'internal' },
    ...(error !== undefined && error !== '' && { error }),
    links: causes.map((cause): ForeignLink => ({ id: cause })),
    attributes: {
      ...event.attributes,
      ...stepAttributes(flow, type, step),
      ...(outcome !== undefined && KNOWN_OUTCOMES.has(outcome) && { [ATTR_FLOW_OUTCOME]: outcome }),
      ...Object.fromEntries((event.keys ?? []).map(([name, value]) => [keyAttribute(name), value])),
    },
  };
}

/** Spans that are passed on together. */
export const GROUP = 1000;

/** Returns `start` and `end` in order: some logs have them the other way round. */
export const ordered = (start: bigint, end: bigint): { start: bigint; end: bigint } =>
  end < start ? { start: end, end: start } : { start, end };
