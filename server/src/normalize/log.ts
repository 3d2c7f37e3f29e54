import { createHash } from 'node:crypto';
import { ERROR_SEVERITY, LOG_LIMITS, SEVERITIES, type LogRecord } from '../model/log-record.ts';
import {
  KeyValues,
  WholeDouble,
  type Attributes,
  type AttributeValue,
  type OtlpLog,
} from '../model/otlp.ts';
import { nameIn, shortened, textOf, type AttributeReader } from './attributes.ts';
import { ID16, ID32, NO_TRACE } from './ids.ts';
import { EXCEPTION_TYPE, SECRET_NAME } from './names.ts';
import type { ResourceReader } from './resource.ts';

/**
 * Maximum length of a record's resource, characters. It is small, because all records of a process
 * have the same resource.
 */
const MAX_RESOURCE = 8192;
const HASH_DIGITS = 16;

/**
 * Returns a function that converts an ordinary log record to the form in which it is stored. Values
 * of attributes with secret names are removed, also in a body that is a map.
 */
export const createLogNormalizer =
  (reader: Pick<AttributeReader, 'plainJson'>, resourceOf: ResourceReader) =>
  (log: OtlpLog, receivedAtMs: number, leastSeverity: number): LogRecord | null => {
    const severity = severityOf(log);
    if (severity < leastSeverity) return null;
    if (!ID32.test(log.traceId) || log.traceId === NO_TRACE) return null;
    const resource = resourceOf(log.resource);
    const attributes = boundedJson(reader, log.attributes);
    const body = bodyText(log.body);
    const time = log.time === 0n ? log.observed : log.time;
    const spanId = ID16.test(log.spanId) ? log.spanId : '';
    const isResourceKept = resource.json.length <= MAX_RESOURCE;
    return {
      id: createHash('sha1')
        .update(`${log.traceId}\0${spanId}\0${time}\0${severity}\0${log.eventName}\0${body}\0`)
        .update(`${attributes.json}\0${resource.json}`)
        .digest('hex')
        .slice(0, HASH_DIGITS),
      traceId: log.traceId,
      spanId,
      time,
      receivedAtMs,
      severity,
      service: resource.service,
      eventName: nameIn(log.eventName),
      scope: nameIn(log.scopeName),
      body: shortened(body, LOG_LIMITS.body),
      attributes: attributes.json,
      resource: isResourceKept ? resource.json : '',
      isCut: body.length > LOG_LIMITS.body || attributes.cut || !isResourceKept,
    };
  };

/**
 * Severity numbers by lower-case severity text, for senders that set only the text. `err` and
 * similar words come from syslog.
 */
const WORDS: ReadonlyMap<string, number> = new Map([
  ...SEVERITIES,
  ...([
    ['verbose', 5],
    ['information', 9],
    ['informational', 9],
    ['notice', 10],
    ['warning', 13],
    ['err', 17],
    ['severe', 17],
    ['critical', 21],
    ['crit', 21],
    ['alert', 21],
    ['emergency', 21],
    ['panic', 21],
  ] as const),
]);

/**
 * Returns the severity number of a record. If it has none, the number is derived from the severity
 * text. Without such a text, a record with an exception is an ERROR.
 */
function severityOf({ severity, severityText, attributes }: OtlpLog): number {
  if (severity > 0) return Math.min(severity, 24);
  const said = severityText === '' ? undefined : WORDS.get(severityText.trim().toLowerCase());
  if (said !== undefined) return said;
  for (let i = 0; i < attributes.length; i += 2)
    if (attributes[i] === EXCEPTION_TYPE) return ERROR_SEVERITY;
  return 0;
}

/** Returns attributes as JSON, without attributes for which the remaining space is too small. */
function boundedJson(
  reader: Pick<AttributeReader, 'plainJson'>,
  attributes: Attributes,
): { json: string; cut: boolean } {
  const parts: string[] = [];
  let room: number = LOG_LIMITS.attributes;
  let cut = false;
  for (let i = 0; i < attributes.length; i += 2) {
    // Count the two braces of this attribute's JSON as the comma and braces of the whole text.
    const part = reader.plainJson([attributes[i]!, attributes[i + 1]!]).json;
    cut ||= part.length > room;
    if (part.length > room) continue;
    parts.push(part.slice(1, -1));
    room -= part.length;
  }
  return { json: parts.length === 0 ? '' : `{${parts.join(',')}}`, cut };
}

/**
 * Returns a body as text. A map or list becomes JSON, without the values of entries with secret
 * names.
 */
function bodyText(body: AttributeValue): string {
  if (Array.isArray(body) || body instanceof KeyValues) return readable(body);
  if (body instanceof Uint8Array) return Buffer.from(body).toString('base64');
  return textOf(body);
}

/**
 * Returns a value as ordinary JSON for people, unlike `valueJson`, which preserves the exact types.
 */
function readable(value: AttributeValue): string {
  if (Array.isArray(value)) return `[${value.map(readable).join(',')}]`;
  if (value instanceof KeyValues) {
    const pairs: string[] = [];
    for (let i = 0; i < value.list.length; i += 2) {
      const name = value.list[i] as string;
      const kept = SECRET_NAME.test(name) ? '"[redacted]"' : readable(value.list[i + 1]!);
      pairs.push(`${JSON.stringify(name)}:${kept}`);
    }
    return `{${pairs.join(',')}}`;
  }
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (value instanceof WholeDouble) return String(value.value);
  if (typeof value === 'bigint') return String(value);
  return JSON.stringify(value);
}
