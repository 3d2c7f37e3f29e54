import { ATTR_FLOW_OUTCOME, OUTCOMES } from '@fermata/instrumentation/semconv';
import { boundName, boundText } from '../../model/cut-text.ts';
import { LIMITS, type AttributeValue } from '../../model/otlp.ts';
import { requestOf, type ForeignLink, type ForeignSpan } from '../foreign.ts';
import type { Item } from '../format.ts';
import { keyAttribute, stepAttributes } from '../names.ts';
import { GROUP_WEIGHT, weightOfSpan } from '../weight.ts';

/**
 * An event of a log that consists of cases: of a table, of XES, or of OCEL seen from one type of
 * object.
 */
export interface CaseEvent {
  flow: string;
  type: string;
  step: string;
  service: string;
  start: bigint;
  end: bigint | null;
  /** Id of the event, which is unique within its flow. */
  id: string;
  error?: string | undefined;
  outcome?: string | undefined;
  /** Ids of the events of the same flow that caused this one. */
  causes?: readonly string[];
  keys?: readonly (readonly [string, string])[];
  attributes?: Readonly<Record<string, AttributeValue>>;
}

/** Name of the service of an event if the log does not state who performed it. */
const NOBODY = 'unknown';
const KNOWN_OUTCOMES: ReadonlySet<string> = new Set(OUTCOMES);

/**
 * Converts an event to a span. All events of a flow are in one trace and have the id of the flow. A
 * log of cases states the order of events, but not which event caused which, so a link is made only
 * if the file names a cause. Texts are cut at once, because spans are held in memory until a group
 * is full.
 */
export function spanOfEvent(event: CaseEvent): ForeignSpan {
  const { start, end, error, outcome, causes = [], keys = [], attributes = {} } = event;
  const [flow, type, id] = [event.flow, event.type, event.id].map(boundName) as Three;
  const [step, service] = [boundText(event.step), boundText(event.service)];
  const trace = `case\0${type}\0${flow}`;
  return {
    ...{ trace, id, name: step, service: service || NOBODY, start, end, kind: 'internal' },
    ...(error !== undefined && error !== '' && { error: boundText(error) }),
    links: causes.slice(0, LIMITS.links).map((cause): ForeignLink => ({ id: boundName(cause) })),
    attributes: {
      ...Object.fromEntries(Object.entries(attributes).map(bounded)),
      ...stepAttributes(flow, type, step),
      ...(outcome !== undefined && KNOWN_OUTCOMES.has(outcome) && { [ATTR_FLOW_OUTCOME]: outcome }),
      ...Object.fromEntries(
        keys.slice(0, MAX_KEYS).map(([name, value]) => [keyAttribute(name), boundText(value)]),
      ),
    },
  };
}

type Three = [string, string, string];
const MAX_KEYS = 200;
const bounded = ([name, value]: [string, AttributeValue]): [string, AttributeValue] => [
  ...([boundText(name), typeof value === 'string' ? boundText(value) : value] as const),
];

/** Maximum number of spans in a group that is passed on. */
export const GROUP = 1000;

/** Collects spans to pass them on in groups. */
export function createSpanGroup() {
  let spans: ForeignSpan[] = [];
  let weight = 0;
  return {
    push(span: ForeignSpan): void {
      spans.push(span);
      weight += weightOfSpan(span);
    },
    isFull: (): boolean => spans.length >= GROUP || weight >= GROUP_WEIGHT,
    last: (): ForeignSpan | undefined => spans.at(-1),
    *take(): Iterable<Item> {
      const all = spans;
      [spans, weight] = [[], 0];
      if (all.length > 0) yield { kind: 'spans', request: requestOf(all) };
    },
  };
}

/** Returns the two times in order, because in some logs the end is before the start. */
export const ordered = (start: bigint, end: bigint): { start: bigint; end: bigint } =>
  end < start ? { start: end, end: start } : { start, end };
