import { boundText, excerpt } from '../../model/cut-text.ts';
import type { ForeignSpan } from '../foreign.ts';
import type { Item, ReadOptions } from '../format.ts';
import { FILE_LIMITS, malformed } from '../input/limits.ts';
import { xmlParts, type XmlPart } from '../input/xml-events.ts';
import { readInstant } from '../instants.ts';
import { createSpanGroup, GROUP, ordered, spanOfEvent } from './cases.ts';

/** Reads XES (IEEE 1849). Each trace becomes a flow, each event a step. */
export async function* readXes(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncIterable<Item> {
  const log = createXesLog(options);
  try {
    for await (const part of xmlParts(chunks)) {
      log.take(part);
      if (log.isFull()) yield* log.taken();
    }
  } finally {
    // Events before an error are passed on like those of a file without errors.
    yield* log.taken();
  }
  if (!log.isXes) throw malformed('not XES: there is no <log>');
}

type Attributes = Map<string, string>;
interface OpenEvent {
  start: bigint;
  event: Attributes;
  weight: number;
}
function weightOf(event: Attributes): number {
  let sum = 0;
  for (const [name, value] of event) sum += name.length + value.length;
  return sum;
}
const VALUES: ReadonlySet<string> = new Set(['string', 'date', 'int', 'float', 'boolean', 'id']);
/** Maximum number of events of a trace that have begun and not ended. Further ones are skipped. */
const MAX_OPEN = 10_000;
/** Maximum number of attributes of a trace that become keys. */
const MAX_KEYS = 20;
const OWN: ReadonlySet<string> = new Set([
  'concept:name',
  'type',
  'environment',
  'status',
  'outcome',
]);

function createXesLog({ flowType }: ReadOptions) {
  const group = createSpanGroup();
  let skipped: Item[] = [];
  const path: string[] = [];
  const about = { log: new Map() as Attributes, trace: new Map() as Attributes };
  let event: Attributes = new Map();
  const count = { traces: 0, events: 0 };
  /** Events that have begun and not ended, by their name and who performs them. */
  const open = createOpenEvents<OpenEvent>();

  const add = (of: Attributes, start: bigint, end: bigint | null, number: number): void => {
    const trace = about.trace;
    const status = of.get('status') ?? of.get('failed') ?? '';
    const isFailed = /^(?:failed|1|true|ate_abort|pi_abort)$/i.test(status);
    group.push(
      spanOfEvent({
        flow: trace.get('concept:name') ?? `trace ${count.traces}`,
        type: trace.get('type') ?? (flowType || (about.log.get('concept:name') ?? '')),
        step: of.get('concept:name') ?? '',
        service: of.get('org:resource') ?? of.get('org:group') ?? '',
        ...(end === null ? { start, end } : ordered(start, end)),
        id: of.get('id') ?? `event ${number}`,
        ...(isFailed && { error: of.get('error') ?? 'failed' }),
        causes: (of.get('caused by') ?? '').split(' ').filter((cause) => cause !== ''),
        keys: keysOf(trace),
        attributes: othersOf(of),
      }),
    );
  };
  const skip = (why: string): void => {
    skipped.push({ kind: 'skipped', what: `trace ${count.traces}, event ${count.events}`, why });
  };
  const finishEvent = (): void => {
    count.events++;
    const at = readInstant(event.get('time:timestamp'));
    if (!event.has('concept:name')) return skip('it has no concept:name');
    if (at === null) return skip('it has no time:timestamp');
    const transition = (event.get('lifecycle:transition') ?? 'complete').toLowerCase();
    const who = event.get('concept:instance') ?? event.get('org:resource') ?? '';
    const key = `${event.get('concept:name')}\0${who}`;
    if (transition === 'start') {
      const weight = weightOf(event);
      if (open.count() >= MAX_OPEN || open.weight() + weight > FILE_LIMITS.item)
        return skip('too many events have begun and not ended');
      open.begin(key, { start: at, event, weight });
    } else if (ENDS.has(transition)) {
      const began = open.end(key);
      if (transition !== 'complete') event.set('status', 'failed');
      const start = readInstant(event.get('start_timestamp')) ?? began?.start ?? at;
      add(event, start, at, count.events);
    } else skip(`its transition is ${excerpt(transition, 40)}`);
  };
  const finishTrace = (): void => {
    let number = count.events;
    for (const { start, event: of } of open.take()) add(of, start, null, ++number);
    const outcome = about.trace.get('outcome');
    const last = group.last();
    if (outcome !== undefined && last !== undefined) endFlow(last, outcome);
  };

  return {
    isFull: (): boolean => group.isFull() || skipped.length >= GROUP,
    get isXes() {
      return about.log.has('');
    },
    *taken(): Iterable<Item> {
      yield* group.take();
      const all = skipped;
      skipped = [];
      yield* all;
    },
    take(part: XmlPart): void {
      if (part.kind === 'close') {
        path.pop();
        if (part.name === 'event' && path.at(-1) === 'trace') finishEvent();
        if (part.name === 'trace') finishTrace();
        return;
      }
      const { name, attributes } = part;
      const parent = path.at(-1);
      path.push(name);
      if (path.length === 1) {
        if (name !== 'log') throw malformed(`not XES: the root is <${name.slice(0, 40)}>`);
        about.log.set('', '');
      } else if (name === 'trace' && parent === 'log') {
        about.trace = new Map();
        count.events = 0;
        count.traces++;
      } else if (name === 'event' && parent === 'trace') event = new Map();
      else if (VALUES.has(name)) {
        const to = parent === 'event' ? event : parent === 'trace' ? about.trace : about.log;
        const isDirect = parent === 'event' || parent === 'trace' || parent === 'log';
        if (isDirect && to.size < MAX_ATTRIBUTES)
          to.set(boundText(attributes['key'] ?? '?'), boundText(attributes['value'] ?? ''));
      }
    },
  };
}

/**
 * Keeps events that have begun and not ended. If several have the same key, the oldest one ends
 * first.
 */
export function createOpenEvents<T extends { weight: number }>() {
  let lists = new Map<string, { events: T[]; ended: number }>();
  let count = 0;
  let weight = 0;
  return {
    count: (): number => count,
    /** Returns the number of characters of all kept events. */
    weight: (): number => weight,
    begin(key: string, event: T): void {
      count++;
      weight += event.weight;
      const list = lists.get(key);
      if (list === undefined) lists.set(key, { events: [event], ended: 0 });
      else list.events.push(event);
    },
    end(key: string): T | undefined {
      const list = lists.get(key);
      if (list === undefined) return undefined;
      count--;
      const event = list.events[list.ended++]!;
      weight -= event.weight;
      if (list.ended === list.events.length) lists.delete(key);
      else if (list.ended > 100 && 2 * list.ended > list.events.length) {
        // Ended events are removed only when they are more than half of the list, so that the cost
        // per event is constant.
        list.events.splice(0, list.ended);
        list.ended = 0;
      }
      return event;
    },
    /** Yields all events that have not ended, and forgets them. */
    *take(): Iterable<T> {
      const all = lists;
      lists = new Map<string, { events: T[]; ended: number }>();
      [count, weight] = [0, 0];
      for (const { events, ended } of all.values())
        for (let i = ended; i < events.length; i++) yield events[i]!;
    },
  };
}

const MAX_ATTRIBUTES = 200;
const ENDS: ReadonlySet<string> = new Set(['complete', 'ate_abort', 'pi_abort', 'withdraw']);

function endFlow(span: ForeignSpan, outcome: string): void {
  const ended = spanOfEvent({
    ...{ flow: '', type: '', step: '', service: '', start: 0n, end: 0n, id: '', outcome },
  });
  for (const [name, value] of Object.entries(ended.attributes ?? {}))
    if (value === outcome) span.attributes = { ...span.attributes, [name]: value };
}

const keysOf = (trace: Attributes): (readonly [string, string])[] =>
  [...trace]
    .filter(([name, value]) => !OWN.has(name) && value !== '')
    .slice(0, MAX_KEYS)
    .map(([name, value]) => [name.replace(/^key\./, ''), value] as const);

const OF_EVENT: ReadonlySet<string> = new Set([
  ...['concept:name', 'org:resource', 'time:timestamp', 'start_timestamp', 'id', 'caused by'],
  ...['lifecycle:transition', 'attempts', 'error', 'status'],
]);
const othersOf = (event: Attributes): Record<string, string> =>
  Object.fromEntries([...event].filter(([name]) => !OF_EVENT.has(name)));
