import { KeyValues, LIMITS, type OtlpExport } from '../model/otlp.ts';
import type { ForeignSpan } from './foreign.ts';

/**
 * Maximum number of characters that are passed on together. A limit on the number of records would
 * not be enough, because a record may have a few words or a megabyte.
 */
export const GROUP_WEIGHT = 8 * 1024 * 1024;

/** Returns the total number of characters of all texts in a value. */
function textsIn(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length;
  if (value instanceof KeyValues) return textsIn(value.list);
  if (!Array.isArray(value)) return 0;
  let sum = 0;
  for (const one of value) sum += textsIn(one);
  return sum;
}

/** A link counts as so many characters, because its id is hashed. */
const LINK_WEIGHT = 1000;

export function weightOfSpan(span: ForeignSpan): number {
  const { trace, id, name, service, error = '', links = [], attributes = {} } = span;
  let sum = textsIn([trace, id, name, service, error]);
  sum += LINK_WEIGHT * Math.min(links.length, LIMITS.links);
  for (const [key, value] of Object.entries(attributes)) sum += key.length + textsIn(value);
  return sum;
}

export function weightOfRequest({ spans, logs }: OtlpExport): number {
  let sum = 0;
  for (const { name, statusMessage, attributes, events, links } of spans) {
    sum += textsIn([name, statusMessage, attributes]);
    for (const event of events) sum += textsIn([event.name, event.attributes]);
    for (const link of links) sum += textsIn(link.attributes);
  }
  for (const { body, attributes } of logs) sum += textsIn([body, attributes]);
  return sum;
}
