import type { OtlpScope, OtlpSpan } from '../model/otlp.ts';
import type { AttributeReader, ReadAttributes } from './attributes.ts';

/** Returns the fields that are defined, as JSON; '' if none is. */
export function moreOf(fields: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(fields);
  return text === '{}' ? '' : text;
}

/**
 * Returns the rarely needed fields of a span as JSON: the version, attributes and schema of its
 * scope, the schema of its resource, counts of dropped items, and the names of attributes that are
 * doubles. They are shown only in the details of a single span. Returns '' if the span has none of
 * these fields.
 */
export function moreOfSpan(
  reader: Pick<AttributeReader, 'json'>,
  span: OtlpSpan,
  resource: { more: string },
  read: Pick<ReadAttributes, 'doubles'>,
): string {
  const { scope, droppedAttributes, droppedEvents, cut } = span;
  const parts: string[] = [];
  if (scope !== undefined) parts.push(`"scope":${(scope.memo ??= scopeText(reader, scope))}`);
  if (resource.more !== '') parts.push(`"resource":${resource.more}`);
  if (read.doubles.length > 0) parts.push(`"doubles":${JSON.stringify(read.doubles)}`);
  if (droppedAttributes !== undefined) parts.push(`"droppedAttributes":${droppedAttributes}`);
  if (droppedEvents !== undefined) parts.push(`"droppedEvents":${droppedEvents}`);
  if (cut !== undefined) parts.push(`"cut":${cut}`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function scopeText(reader: Pick<AttributeReader, 'json'>, scope: OtlpScope): string {
  const attributes = reader.json(scope.attributes);
  const parts = [
    scope.version === '' ? '' : `"version":${JSON.stringify(scope.version)}`,
    scope.schemaUrl === '' ? '' : `"schemaUrl":${JSON.stringify(scope.schemaUrl)}`,
    scope.dropped === 0 ? '' : `"dropped":${scope.dropped}`,
    attributes === '' ? '' : `"attributes":${attributes}`,
  ];
  return `{${parts.filter((part) => part !== '').join(',')}}`;
}
