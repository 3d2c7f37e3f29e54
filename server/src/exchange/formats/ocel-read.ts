import type { Item, ReadOptions } from '../format.ts';
import { jsonItems, parseItem } from '../input/json-items.ts';
import { malformed } from '../input/limits.ts';
import { xmlParts } from '../input/xml-events.ts';
import { eventOf, objectOf } from './ocel-json.ts';
import { createOcelLog, type OcelObject } from './ocel-log.ts';

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
  for await (const part of xmlParts(chunks)) {
    if (part.kind === 'open') {
      const { name, attributes: has } = part;
      if (path.length === 0 && name !== 'log') throw malformed('not OCEL: the root is no <log>');
      path.push(name);
      const [, section] = path;
      const { id = '', type = '', time = '' } = has;
      if (path.length === 3 && (section === 'objects' || section === 'events'))
        current = { id, type, time, attributes: [], relationships: [] };
      else if (current !== null && name === 'attribute')
        attribute = { name: has['name'] ?? '', time };
      else if (current !== null && 'object-id' in has)
        current.relationships!.push({
          ...{ objectId: has['object-id'] ?? '', qualifier: has['qualifier'] ?? '' },
        });
      continue;
    }
    if (current !== null && part.name === 'attribute')
      current.attributes!.push({ ...attribute, value: part.text });
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
