import type { Item, ReadOptions } from '../format.ts';
import { jsonItems, parseItem } from '../input/json-items.ts';
import { FILE_LIMITS, malformed, tooLarge } from '../input/limits.ts';
import { xmlParts } from '../input/xml-events.ts';
import { eventOf, objectOf } from './ocel-json.ts';
import { createOcelLog, type OcelAttribute, type OcelObject } from './ocel-log.ts';

/** Reads OCEL 2.0 as JSON. */
export async function* readOcel(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncIterable<Item> {
  const log = createOcelLog(options);
  try {
    for await (const item of jsonItems(chunks, ['.objects[]', '.events[]'])) {
      if (item.path === '.objects[]') log.object(objectOf(parseItem(item)));
      else log.event(eventOf(parseItem(item)));
      yield* log.taken();
    }
  } finally {
    yield* log.taken(true);
  }
}

/** Reads OCEL 2.0 as XML. */
export async function* readOcelXml(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncIterable<Item> {
  const log = createOcelLog(options);
  try {
    yield* partsOf(chunks, log);
  } finally {
    yield* log.taken(true);
  }
}

async function* partsOf(
  chunks: AsyncIterable<Uint8Array>,
  log: ReturnType<typeof createOcelLog>,
): AsyncIterable<Item> {
  let path: string[] = [];
  let current: (OcelObject & { time: string }) | null = null;
  let attribute = { name: '', time: '' };
  /** Bytes of the object or event that is being read. */
  let size = 0;
  const grow = (...texts: string[]): void => {
    for (const text of texts) size += text.length;
    size += PART_BYTES;
    if (size > FILE_LIMITS.item)
      throw tooLarge(`one object or event is larger than ${FILE_LIMITS.item / 1024 / 1024} MiB`);
  };
  const types = createTypes();
  for await (const part of xmlParts(chunks)) {
    if (part.kind === 'open') {
      const { name, attributes: has } = part;
      if (path.length === 0 && name !== 'log') throw malformed('not OCEL: the root is no <log>');
      path.push(name);
      const [, section] = path;
      const { id = '', type = '', time = '' } = has;
      types.read(path, has);
      if (path.length === 3 && (section === 'objects' || section === 'events'))
        [current, size] = [{ id, type, time, attributes: [], relationships: [] }, 0];
      else if (current !== null && name === 'attribute')
        attribute = { name: has['name'] ?? '', time };
      else if (current !== null && 'object-id' in has) {
        const relation = { objectId: has['object-id'] ?? '', qualifier: has['qualifier'] ?? '' };
        grow(relation.objectId, relation.qualifier);
        current.relationships!.push(relation);
      }
      continue;
    }
    if (current !== null && part.name === 'attribute') {
      grow(attribute.name, attribute.time, part.text);
      current.attributes!.push({
        ...attribute,
        value: types.valueOf(path[1]!, current.type, attribute.name, part.text),
      });
    }
    if (path.length === 3 && current !== null) {
      const { time, ...object } = current;
      if (path[1] === 'objects') log.object(object);
      else {
        const attributes = object.attributes!.map(({ name, value }) => ({ name, value }));
        log.event({ ...object, time, attributes });
      }
      current = null;
      yield* log.taken();
    }
    path = path.slice(0, -1);
  }
}

/** Memory that an attribute or a relation takes beside its texts. */
const PART_BYTES = 100;
/** Attributes of types that are remembered. Values of others remain texts. */
const MAX_DECLARED = 10_000;

/** Reads what XML says of the types of values, which are all texts in the elements themselves. */
function createTypes() {
  const declared = new Map<string, string>();
  let ofType = '';
  const keyOf = (section: string, type: string, name: string): string =>
    JSON.stringify([section.startsWith('object') ? 'object' : 'event', type, name]);
  return {
    read(path: readonly string[], has: Readonly<Record<string, string>>): void {
      const [, section = ''] = path;
      if (section !== 'object-types' && section !== 'event-types') return;
      const { name = '', type = '' } = has;
      if (path.length === 3) ofType = name;
      else if (path.at(-1) === 'attribute' && NOT_TEXT.test(type) && declared.size < MAX_DECLARED)
        declared.set(keyOf(section, ofType, name), type);
    },
    valueOf(section: string, type: string, name: string, text: string): OcelAttribute['value'] {
      const is = declared.get(keyOf(section, type, name));
      if (is === undefined || text.trim() === '') return text;
      if (is === 'boolean') return text === 'true' || (text === 'false' ? false : text);
      const number = Number(text);
      return Number.isFinite(number) && Math.abs(number) <= Number.MAX_SAFE_INTEGER ? number : text;
    },
  };
}
const NOT_TEXT = /^(?:boolean|integer|float)$/;
