import type { FlowSource } from '../format.ts';
import { declare, eventsOfFlows, objectsOfFlows, type OcelTypes } from './ocel-content.ts';
import type { OcelAttribute, OcelEvent, OcelObject, OcelRelation } from './ocel-log.ts';
import { xml } from './xml-text.ts';

/**
 * Writes OCEL 2.0 as XML (https://www.ocel-standard.org). The types stand before the objects and
 * the events, which are therefore read twice. What is of a type that was not there the first time
 * came while the file was being written, and is left out.
 */
export async function* writeOcelXml(source: FlowSource): AsyncIterable<string> {
  const { objectTypes, eventTypes } = await typesIn(source);
  yield '<?xml version="1.0" encoding="UTF-8"?>\n<log>\n';
  yield* typeElements('object-type', objectTypes);
  yield* typeElements('event-type', eventTypes);
  const known = new Set<string>();
  yield '<objects>\n';
  for await (const object of objectsOfFlows(source, known))
    if (isDeclared(objectTypes, object)) yield element('object', object);
    else known.delete(object.id);
  yield '</objects>\n<events>\n';
  for await (const event of eventsOfFlows(source, known))
    if (isDeclared(eventTypes, event)) yield element('event', event);
  yield '</events>\n</log>\n';
}

async function typesIn(
  source: FlowSource,
): Promise<Record<'objectTypes' | 'eventTypes', OcelTypes>> {
  const objectTypes: OcelTypes = new Map();
  const eventTypes: OcelTypes = new Map();
  const known = new Set<string>();
  for await (const object of objectsOfFlows(source, known)) declare(objectTypes, object);
  for await (const event of eventsOfFlows(source, known)) declare(eventTypes, event);
  return { objectTypes, eventTypes };
}

function isDeclared(types: OcelTypes, { type, attributes = [] }: OcelObject | OcelEvent): boolean {
  const declared = types.get(type);
  return declared !== undefined && attributes.every(({ name }) => declared.has(name));
}

function* typeElements(tag: string, types: OcelTypes): Iterable<string> {
  yield `<${tag}s>\n`;
  for (const [name, attributes] of types) {
    const each = [...attributes].map(
      ([one, type]) => `<attribute name="${xml(one)}" type="${type}"/>`,
    );
    yield `<${tag} name="${xml(name)}"><attributes>${each.join('')}</attributes></${tag}>\n`;
  }
  yield `</${tag}s>\n`;
}

function element(tag: 'object' | 'event', one: OcelObject | OcelEvent): string {
  const { id, type, attributes = [], relationships = [] } = one;
  const time = timeOf(one);
  return (
    `<${tag} id="${xml(id)}" type="${xml(type)}"${time}>` +
    `<attributes>${attributes.map(attributeElement).join('')}</attributes>` +
    `<objects>${relationships.map(relationElement).join('')}</objects></${tag}>\n`
  );
}
const timeOf = (one: object): string =>
  'time' in one && typeof one.time === 'string' ? ` time="${xml(one.time)}"` : '';
const attributeElement = (one: Omit<OcelAttribute, 'time'>): string =>
  `<attribute name="${xml(one.name)}"${timeOf(one)}>${xml(String(one.value))}</attribute>`;
const relationElement = ({ objectId, qualifier }: OcelRelation): string =>
  `<relationship object-id="${xml(objectId)}" qualifier="${xml(qualifier)}"/>`;
