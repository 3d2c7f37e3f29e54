import type { Flow, Step } from '../../model/flow.ts';
import type { Attributes, AttributeValue } from '../../model/otlp.ts';
import type { FlowSource } from '../format.ts';
import { readInstant, writeInstant } from '../instants.ts';
import { caseOf, endOf, errorText } from '../names.ts';
import { eventOf as eventOfJson, objectOf } from './ocel-json.ts';
import {
  OCEL_EVENT,
  OCEL_OBJECTS,
  type OcelAttribute,
  type OcelEvent,
  type OcelObject,
  type OcelRelation,
} from './ocel-log.ts';

/**
 * Yields the objects of OCEL that flows are: each flow is one, and each of its business keys is one
 * that it may share with others. Their ids are added to `known`. Objects that refer to others come
 * last, because it is known then which others there are; they are read again instead of held.
 */
export async function* objectsOfFlows(
  source: FlowSource,
  known: Set<string>,
): AsyncIterable<OcelObject> {
  let isReferring = false;
  for await (const object of objectsIn(source, known))
    if (refersToOthers(object)) isReferring = true;
    else yield object;
  if (!isReferring) return;
  for await (const object of objectsIn(source, new Set()))
    if (refersToOthers(object) && known.has(object.id)) {
      const those = object.relationships!.filter(({ objectId }) => known.has(objectId));
      yield { ...object, relationships: those };
    }
}
async function* objectsIn(source: FlowSource, seen: Set<string>): AsyncIterable<OcelObject> {
  for await (const flow of source.heads()) yield* await allObjects(source, flow, seen);
}
const refersToOthers = ({ relationships = [] }: OcelObject): boolean => relationships.length > 0;

/** Yields the events of OCEL: each step of a flow is one, at its end. */
export async function* eventsOfFlows(
  source: FlowSource,
  objects: ReadonlySet<string>,
): AsyncIterable<OcelEvent> {
  const ids = new Set<string>();
  for await (const flow of source.flows())
    for (const event of await allEvents(source, flow, objects)) {
      if (ids.has(event.id)) continue;
      ids.add(event.id);
      yield event;
    }
}

/** Names of the attributes of each type, and what OCEL calls the type of their values. */
export type OcelTypes = Map<string, Map<string, string>>;

/** Adds what an object or event has to what is known of its type. */
export function declare(types: OcelTypes, { type, attributes = [] }: OcelObject | OcelEvent): void {
  let known = types.get(type);
  if (known === undefined) types.set(type, (known = new Map<string, string>()));
  for (const { name, value } of attributes) {
    const is = typeOfValue(name, value);
    const was = known.get(name) ?? is;
    known.set(name, is === was ? is : isNumber(is) && isNumber(was) ? 'float' : 'string');
  }
}
const isNumber = (type: string): boolean => type === 'integer' || type === 'float';
function typeOfValue(name: string, value: OcelAttribute['value']): string {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number')
    return name === 'attempts' && Number.isInteger(value) ? 'integer' : 'float';
  return name === 'start' && readInstant(value) !== null ? 'time' : 'string';
}

/** Returns what a flow that came from OCEL has kept of it; null if it did not, or not of all. */
async function keptOf(
  source: FlowSource,
  flow: Flow,
): Promise<{ objects: OcelObject[]; events: OcelEvent[] } | null> {
  if (!flow.badges.includes('imported')) return null;
  const kept = { objects: [] as OcelObject[], events: [] as OcelEvent[] };
  for (const { span } of await source.spansOf(flow)) {
    const { attributes = [] } = span ?? {};
    const event = fromJson(valueOf(attributes, OCEL_EVENT), eventOfJson);
    if (event === null) return null;
    kept.events.push(event);
    const objects = valueOf(attributes, OCEL_OBJECTS);
    for (const json of Array.isArray(objects) ? objects : []) {
      const object = fromJson(json, objectOf);
      if (object !== null) kept.objects.push(object);
    }
  }
  return kept.events.length > 0 ? kept : null;
}
/** Anybody can send such an attribute, so that it may hold anything. */
function fromJson<T extends { id: string; type: string }>(
  json: AttributeValue | undefined,
  read: (value: Record<string, unknown>) => T,
): T | null {
  if (typeof json !== 'string') return null;
  try {
    const found = read(JSON.parse(json) as Record<string, unknown>);
    return found.id === '' || found.type === '' ? null : found;
  } catch {
    return null;
  }
}
function valueOf(attributes: Attributes, name: string): AttributeValue | undefined {
  for (let i = 0; i < attributes.length; i += 2)
    if (attributes[i] === name) return attributes[i + 1];
  return undefined;
}

async function allObjects(
  source: FlowSource,
  flow: Flow,
  known: Set<string>,
): Promise<OcelObject[]> {
  const kept = await keptOf(source, flow);
  if (kept === null) return objectsOf(flow, known);
  return kept.objects.filter(({ id }) => !known.has(id) && known.add(id));
}

async function allEvents(
  source: FlowSource,
  flow: Flow,
  known: ReadonlySet<string>,
): Promise<OcelEvent[]> {
  const kept = await keptOf(source, flow);
  const isKnown = ({ objectId }: OcelRelation): boolean => known.has(objectId);
  if (kept !== null)
    return kept.events.flatMap((event) => {
      const relationships = event.relationships?.filter(isKnown) ?? [];
      return relationships.length > 0 ? [{ ...event, relationships }] : [];
    });
  const relations = objectRefs(flow).filter(isKnown);
  // Without its flow an event belongs to nothing: the flow is newer than the list of objects.
  if (!known.has(idOf(flow))) return [];
  return flow.steps.map((step) => eventOf(flow, step, relations));
}

/** Ids of objects are shared by all types, so each names its type. */
const idOf = (flow: Flow): string => `${typeOfFlow(flow)}:${flow.id}`;
const typeOfFlow = ({ type }: Flow): string => type || 'flow';
const keyId = (name: string, value: string): string => `key ${name}:${value}`;
const typeOf = ({ name }: Step): string => name || 'step';

function objectRefs(flow: Flow): { objectId: string; qualifier: string }[] {
  return [
    { objectId: idOf(flow), qualifier: 'flow' },
    ...flow.keys.map(([name, value]) => ({ objectId: keyId(name, value), qualifier: 'key' })),
  ];
}

/** Returns the objects of a flow that no flow before it had, and remembers them. */
function objectsOf(flow: Flow, known: Set<string>): OcelObject[] {
  if (known.has(idOf(flow))) return [];
  known.add(idOf(flow));
  const time = writeInstant(flow.started);
  const texts = {
    ...{ name: caseOf(flow), environment: flow.environment, status: flow.status },
    outcome: flow.outcome ?? '',
  };
  const keys = flow.keys.map(([name, value]) => ({ id: keyId(name, value), type: name, value }));
  const own: OcelObject = {
    id: idOf(flow),
    type: typeOfFlow(flow),
    attributes: Object.entries(texts)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => ({ name, time, value })),
    relationships: [],
  };
  const others = keys.flatMap(({ id, type, value }): OcelObject[] => {
    if (known.has(id)) return [];
    known.add(id);
    return [{ id, type, attributes: [{ name: 'value', time, value }], relationships: [] }];
  });
  return [own, ...others];
}

function eventOf(flow: Flow, step: Step, relationships: ReturnType<typeof objectRefs>): OcelEvent {
  const values: Record<string, string | number> = {
    ...{ service: step.service, start: writeInstant(step.start), status: step.status },
    ...{ attempts: step.attempts.length, error: errorText(step) },
    'caused by': step.causedBy.join(' '),
  };
  return {
    id: `${flow.id}/${step.id}`,
    type: typeOf(step),
    time: writeInstant(endOf(step)),
    attributes: Object.entries(values)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => ({ name, value })),
    relationships,
  };
}
