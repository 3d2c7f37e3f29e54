import { excerpt } from '../../model/cut-text.ts';
import type { ForeignSpan } from '../foreign.ts';
import type { Item, ReadOptions } from '../format.ts';
import { LIMITS, type AttributeValue } from '../../model/otlp.ts';
import { FILE_LIMITS, tooLarge } from '../input/limits.ts';
import { readInstant } from '../instants.ts';
import { GROUP_WEIGHT } from '../weight.ts';
import { createSpanGroup, GROUP, ordered, spanOfEvent } from './cases.ts';

/**
 * Names of the attributes in which a span keeps the OCEL event and objects from which it was made,
 * for values that a span has no field for.
 */
export const OCEL_EVENT = 'ocel.event';
export const OCEL_OBJECTS = 'ocel.objects';

/** An object of OCEL 2.0, in the shape that it has in JSON. */
export interface OcelObject {
  id: string;
  type: string;
  attributes?: OcelAttribute[];
  relationships?: OcelRelation[];
}
export interface OcelEvent {
  id: string;
  type: string;
  time: string;
  attributes?: Omit<OcelAttribute, 'time'>[];
  relationships?: OcelRelation[];
}
export interface OcelAttribute {
  name: string;
  time: string;
  value: string | number | boolean;
}
export interface OcelRelation {
  objectId: string;
  qualifier: string;
}

/** Number of events from which the type of the objects that become flows is determined. */
const MAX_SAMPLE = 1000;
const MAX_KEYS = 20;

/**
 * Converts a log of object-centric events to flows. Some of the objects become flows, and the
 * events that refer to such an object are its steps. The other objects of an event become business
 * keys. An event that refers to several flows is a step of the first one; for each of the others a
 * note is made that it was skipped. Objects must come before the events that refer to them; events
 * that come earlier are held in memory, up to a limit.
 */
export function createOcelLog({ caseType }: ReadOptions) {
  const types = new Map<string, string>();
  /** Objects, as JSON, to which no event has referred so far. */
  const unnamed = new Map<string, string>();
  const held = { bytes: 0, ofEvents: 0, events: [] as OcelEvent[] };
  let chosen: Cases | null = caseType === '' ? null : { type: caseType };
  let isComplete = false;
  const made = { spans: createSpanGroup(), skipped: [] as Item[] };

  const hold = (bytes: number): void => {
    held.bytes += bytes;
    if (held.bytes > FILE_LIMITS.held)
      throw tooLarge(
        'more objects, or events before their objects, than can be held',
        'Write the objects before the events, or split the log by time.',
      );
  };
  const skip = (event: OcelEvent, why: string): void => {
    made.skipped.push({ kind: 'skipped', what: `event ${excerpt(event.id, 100)}`, why });
  };
  const isCase = ({ objectId, qualifier }: OcelRelation): boolean =>
    types.has(objectId) &&
    (chosen?.type === undefined ? FLOW.test(qualifier) : types.get(objectId) === chosen.type);
  const add = (event: OcelEvent): void => {
    const relations = event.relationships ?? [];
    const cases = relations.filter((relation) => isCase(relation));
    const [first, ...others] = cases.map(({ objectId }) => objectId);
    const at = readInstant(event.time);
    if (first === undefined) return skip(event, 'it refers to no object that is a flow');
    if (at === null) return skip(event, 'it has no time');
    for (const other of new Set(others))
      if (other !== first)
        skip(
          event,
          `it is a step of ${excerpt(first, 100)} and not of ${excerpt(other, 100)} as well`,
        );
    made.spans.push(spanOf(event, first, at));
  };
  const spanOf = (event: OcelEvent, flow: string, at: bigint): ForeignSpan => {
    const values = new Map(event.attributes?.map(({ name, value }) => [name, String(value)]));
    const keys = new Map<string, string>();
    const named = (event.relationships ?? []).flatMap((relation) => {
      const { objectId } = relation;
      const type = types.get(objectId);
      if (type !== undefined && !isCase(relation) && keys.size < MAX_KEYS) keys.set(type, objectId);
      const json = unnamed.get(objectId);
      unnamed.delete(objectId);
      return json ?? [];
    });
    const start = readInstant(values.get('start')) ?? startBefore(values.get('workMs'), at);
    const isFailed =
      values.get('status') === 'failed' || /^(?:1|true)$/.test(values.get('failed') ?? '');
    return spanOfEvent({
      ...{ flow, type: types.get(flow)!, step: event.type, id: event.id, ...ordered(start, at) },
      service: values.get('service') ?? values.get('resource') ?? values.get('org:resource') ?? '',
      ...(isFailed && { error: values.get('error') ?? 'failed' }),
      causes: causesOf(event.id, values.get('caused by')),
      keys: [...keys],
      attributes: keptOf(event, named),
    });
  };
  const release = (): void => {
    const isEnough = held.events.length >= MAX_SAMPLE || held.ofEvents >= GROUP_WEIGHT;
    if (!isComplete && (types.size === 0 || !isEnough)) return;
    chosen ??= casesOf(held.events, types);
    held.events.splice(0).forEach(add);
    held.bytes -= held.ofEvents;
    held.ofEvents = 0;
  };

  return {
    object(object: OcelObject): void {
      types.set(object.id, object.type);
      const json = JSON.stringify(object);
      hold(json.length);
      unnamed.set(object.id, json);
    },
    event(event: OcelEvent): void {
      const bytes = JSON.stringify(event).length;
      hold(bytes);
      held.ofEvents += bytes;
      held.events.push(event);
      release();
    },
    /**
     * Returns the items made so far, once there are enough for a group; all of them if the log has
     * ended.
     */
    *taken(isEnd = false): Iterable<Item> {
      if (isEnd) {
        isComplete = true;
        release();
        for (const id of unnamed.keys())
          made.skipped.push({
            kind: 'skipped',
            what: `object ${id}`,
            why: 'no event refers to it',
          });
      } else if (!made.spans.isFull() && made.skipped.length < GROUP) return;
      yield* made.spans.take();
      yield* made.skipped.splice(0);
    },
  };
}

/**
 * Returns the attributes that keep the event and its objects as JSON. JSON that is longer than an
 * attribute may be is left out, because it would be cut and could not be parsed.
 */
function keptOf(event: OcelEvent, objects: string[]): Record<string, AttributeValue> {
  const isShort = (json: string): boolean => json.length <= LIMITS.text;
  const json = JSON.stringify(event);
  if (!isShort(json)) return {};
  const short = objects.filter(isShort).slice(0, LIMITS.attributes);
  return { [OCEL_EVENT]: json, ...(short.length > 0 && { [OCEL_OBJECTS]: short }) };
}

function startBefore(workMs: string | undefined, end: bigint): bigint {
  const ns = Math.round(Number(workMs ?? 0) * 1e6);
  return Number.isFinite(ns) && ns > 0 ? end - BigInt(ns) : end;
}

/**
 * Returns the ids of the events that caused the event. In our own export, the id of an event begins
 * with the id of its flow, but the ids of its causes do not.
 */
function causesOf(id: string, causes = ''): string[] {
  const prefix = id.slice(0, id.lastIndexOf('/') + 1);
  return causes
    .split(' ')
    .filter((cause) => cause !== '')
    .map((cause) => prefix + cause);
}

/**
 * Which objects are flows: those of the type `type` or, if it is absent, those that events refer to
 * with the qualifier `flow` or `case`.
 */
interface Cases {
  type?: string;
}
const FLOW = /^(?:flow|case)$/;

/**
 * Determines which objects are flows: those that events refer to as flows or cases; otherwise the
 * objects of the type of which most events have exactly one object.
 */
function casesOf(events: readonly OcelEvent[], types: ReadonlyMap<string, string>): Cases {
  const counts = new Map<string, number>();
  for (const { relationships = [] } of events) {
    if (relationships.some(({ qualifier }) => FLOW.test(qualifier))) return {};
    const seen = new Map<string, number>();
    for (const { objectId } of relationships) {
      const type = types.get(objectId);
      if (type !== undefined) seen.set(type, (seen.get(type) ?? 0) + 1);
    }
    for (const [type, objects] of seen)
      counts.set(type, (counts.get(type) ?? 0) + (objects === 1 ? 1 : 0.1));
  }
  const [best] = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return { type: best?.[0] ?? '' };
}
