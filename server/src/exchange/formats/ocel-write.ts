import type { Flow, Step } from '../../model/flow.ts';
import type { Attributes, AttributeValue } from '../../model/otlp.ts';
import type { FlowSource } from '../format.ts';
import { writeInstant } from '../instants.ts';
import { caseOf, endOf, errorText } from '../names.ts';
import {
  OCEL_EVENT,
  OCEL_OBJECTS,
  type OcelAttribute,
  type OcelEvent,
  type OcelObject,
  type OcelRelation,
} from './ocel-log.ts';
import { eventOf as eventOfJson, objectOf } from './ocel-json.ts';

/**
 * Writes OCEL 2.0 as JSON (https://www.ocel-standard.org). Each flow becomes an object, each of its
 * business keys an object that flows may share, and each step an event at the time of its end.
 * Objects are written before events, because readers need them to understand the events. Types are
 * written last, because they are known only then.
 */
export async function* writeOcel(source: FlowSource): AsyncIterable<string> {
  const objects = new Set<string>();
  const objectTypes: Types = new Map();
  yield '{"objects":[';
  let separator = '\n';
  /**
   * Objects that refer to other objects. They are written last, when it is known which of those
   * objects exist.
   */
  const referring: OcelObject[] = [];
  for await (const flow of source.heads())
    for (const object of await allObjects(source, flow, objects)) {
      declare(objectTypes, object);
      if (object.relationships?.length) {
        referring.push(object);
        continue;
      }
      yield separator + JSON.stringify(object);
      separator = ',\n';
    }
  for (const { relationships = [], ...object } of referring) {
    const known = relationships.filter(({ objectId }) => objects.has(objectId));
    yield separator + JSON.stringify({ ...object, relationships: known });
    separator = ',\n';
  }
  yield '\n],\n"events":[';
  const eventTypes: Types = new Map();
  const events = new Set<string>();
  separator = '\n';
  for await (const flow of source.flows())
    for (const event of await allEvents(source, flow, objects)) {
      if (events.has(event.id)) continue;
      events.add(event.id);
      declare(eventTypes, event);
      yield separator + JSON.stringify(event);
      separator = ',\n';
    }
  yield `\n],\n"objectTypes":${typesOf(objectTypes)},\n`;
  yield `"eventTypes":${typesOf(eventTypes)}}\n`;
}

/** For each type, the names of its attributes and the OCEL types of their values. */
type Types = Map<string, Map<string, string>>;
function declare(types: Types, { type, attributes = [] }: OcelObject | OcelEvent): void {
  let known = types.get(type);
  if (known === undefined) types.set(type, (known = new Map<string, string>()));
  for (const { name, value } of attributes) {
    const is = EVENT_ATTRIBUTES[name] ?? typeOfValue(value);
    known.set(name, known.has(name) && known.get(name) !== is ? 'string' : is);
  }
}
const typeOfValue = (value: OcelAttribute['value']): string =>
  typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'boolean' : 'float';

/**
 * Returns the OCEL objects and events from which an imported flow was made; null if the flow was
 * not imported from OCEL, or not all of its events were kept.
 */
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
/**
 * Parses an attribute that should hold an object or event of OCEL. Returns null if it holds
 * anything else, because any sender can send such an attribute.
 */
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
  // The flow is missing in the list of objects if it is newer than that list. Its events are left
  // out, because they would belong to no object.
  if (!known.has(idOf(flow))) return [];
  return flow.steps.map((step) => eventOf(flow, step, relations));
}

/** Attributes of events, with their OCEL types. */
const EVENT_ATTRIBUTES: Readonly<Record<string, string>> = {
  ...{ service: 'string', start: 'time', status: 'string', attempts: 'integer', error: 'string' },
  'caused by': 'string',
};

/** Ids of objects must differ between all types, so each id contains its type. */
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

/**
 * Returns the object of the flow and those of its keys, without objects that were written already.
 */
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

const typesOf = (types: Types): string =>
  JSON.stringify(
    [...types].map(([name, attributes]) => ({
      ...{ name, attributes: [...attributes].map(([one, type]) => ({ name: one, type })) },
    })),
  );
