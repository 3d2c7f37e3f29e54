import { FermataError } from '../base/errors.ts';
import {
  doubleValue,
  emptyExport,
  KeyValues,
  LIMITS,
  TOO_DEEP,
  type Attributes,
  type AttributeValue,
  type OtlpEvent,
  type OtlpExport,
  type OtlpLink,
  type OtlpResource,
  type OtlpSpan,
} from '../model/otlp.ts';
import { unixNanos, type UnixNanos } from '../model/time.ts';
import { boundText } from '../model/cut-text.ts';
import { OwnTexts } from './text-cache.ts';
import { parseJson, type Json, type JsonObject, type Key } from './json.ts';
import { capped, hasRoom, noteLeftOut, refuse, scopeWith, wrongId } from './otlp-rules.ts';

/**
 * Decodes a trace request in OTLP/JSON (opentelemetry-proto docs/specification.md, "JSON Protobuf
 * Encoding"). As specified there, names are in lowerCamelCase only, ids are hex in either case,
 * 64-bit integers are numbers or strings, enums are integers, and unknown fields are ignored.
 */
export function decodeTracesJson(body: Buffer): OtlpExport {
  const out = emptyExport();
  const root = rootOf(body);
  for (const group of list(root, 'resourceSpans')) {
    const resource = resourceOf(group, out);
    for (const scope of list(group, 'scopeSpans')) {
      const named = scopeOf(scope, out);
      for (const span of list(scope, 'spans')) {
        if (!hasRoom(out)) continue;
        const before = out.truncated;
        const traceId = id(span, 'traceId');
        const spanId = id(span, 'spanId');
        const parentSpanId = id(span, 'parentSpanId');
        const wrong = wrongId(traceId, spanId, parentSpanId);
        if (wrong !== '') {
          refuse(out, wrong);
          continue;
        }
        const status = object(span, 'status');
        const sent = {
          attributes: list(span, 'attributes'),
          events: list(span, 'events'),
          links: list(span, 'links'),
        };
        const decoded: OtlpSpan = {
          resource,
          ...named,
          traceId,
          spanId,
          parentSpanId,
          traceState: text(span, 'traceState', out),
          flags: integer(span, 'flags'),
          name: text(span, 'name', out),
          kind: integer(span, 'kind'),
          start: time(span, 'startTimeUnixNano'),
          end: time(span, 'endTimeUnixNano'),
          attributes: attributes(sent.attributes, out, 0),
          events: capped(sent.events, LIMITS.events, out).map((event) => eventOf(event, out)),
          links: capped(sent.links, LIMITS.links, out).map((link) => linkOf(link, out)),
          statusCode: integer(status, 'code'),
          statusMessage: text(status, 'message', out),
        };
        noteLeftOut(decoded, {
          attributes: leftOut(span, sent.attributes, decoded.attributes),
          events: integer(span, 'droppedEventsCount') + sent.events.length - decoded.events.length,
          links: integer(span, 'droppedLinksCount') + sent.links.length - decoded.links.length,
          cut: out.truncated - before,
        });
        out.spans.push(decoded);
      }
    }
  }
  return out;
}

/** Reads the scope that the following spans have in common. */
function scopeOf(group: JsonObject, out: OtlpExport): Pick<OtlpSpan, 'scopeName' | 'scope'> {
  const scope = object(group, 'scope');
  const sent = list(scope, 'attributes');
  const read = attributes(sent, out, 0);
  return {
    scopeName: text(scope, 'name', out),
    ...scopeWith({
      version: text(scope, 'version', out),
      attributes: read,
      schemaUrl: text(group, 'schemaUrl', out),
      dropped: leftOut(scope, sent, read),
    }),
  };
}

function eventOf(event: JsonObject, out: OtlpExport): OtlpEvent {
  const sent = list(event, 'attributes');
  const read = attributes(sent, out, 0);
  const dropped = leftOut(event, sent, read);
  return {
    time: time(event, 'timeUnixNano'),
    name: text(event, 'name', out),
    attributes: read,
    ...(dropped > 0 && { dropped }),
  };
}

function linkOf(link: JsonObject, out: OtlpExport): OtlpLink {
  const sent = list(link, 'attributes');
  const read = attributes(sent, out, 0);
  const dropped = leftOut(link, sent, read);
  const traceState = text(link, 'traceState', out);
  const flags = integer(link, 'flags');
  return {
    traceId: id(link, 'traceId'),
    spanId: id(link, 'spanId'),
    attributes: read,
    ...(traceState !== '' && { traceState }),
    ...(flags !== 0 && { flags }),
    ...(dropped > 0 && { dropped }),
  };
}

/** Returns the number of attributes that the sender dropped or that exceeded the limit. */
const leftOut = (of: JsonObject, sent: JsonObject[], read: Attributes): number =>
  integer(of, 'droppedAttributesCount') + sent.length - read.length / 2;

export function decodeLogsJson(body: Buffer): OtlpExport {
  const out = emptyExport();
  const root = rootOf(body);
  for (const group of list(root, 'resourceLogs')) {
    const resource = resourceOf(group, out);
    for (const scope of list(group, 'scopeLogs')) {
      const scopeName = text(object(scope, 'scope'), 'name', out);
      for (const log of list(scope, 'logRecords')) {
        if (!hasRoom(out)) continue;
        out.logs.push({
          resource,
          scopeName,
          traceId: id(log, 'traceId'),
          spanId: id(log, 'spanId'),
          time: time(log, 'timeUnixNano'),
          observed: time(log, 'observedTimeUnixNano'),
          eventName: text(log, 'eventName', out),
          severity: integer(log, 'severityNumber'),
          severityText: text(log, 'severityText', out),
          body: anyValue(log['body'], out, 0),
          attributes: attributes(list(log, 'attributes'), out, 0),
        });
      }
    }
  }
  return out;
}

/** Decodes an OTLP/JSON request from a file. The file may contain spans, log records or both. */
export function decodeFileJson(body: Buffer): OtlpExport {
  const hasLogs = body.includes('"resourceLogs"');
  const out = !hasLogs || body.includes('"resourceSpans"') ? decodeTracesJson(body) : emptyExport();
  if (!hasLogs) return out;
  const { logs, rejected, rejectedReason, truncated } = decodeLogsJson(body);
  return {
    ...{ ...out, logs, rejected: out.rejected + rejected },
    ...{
      rejectedReason: out.rejectedReason || rejectedReason,
      truncated: out.truncated + truncated,
    },
  };
}

/**
 * Maximum nesting of a request's JSON: 12 levels around an attribute value, and three levels for
 * each level of the value itself.
 */
const JSON_DEPTH = 12 + LIMITS.depth * 3;

const malformed = (what: string): FermataError =>
  new FermataError('otlp.malformed', `not OTLP/JSON: ${what}`);

function rootOf(body: Buffer): JsonObject {
  if (body.length === 0) return {};
  const root = parseJson(body.toString('utf8'), JSON_DEPTH, LIMITS.jsonValues);
  return asObject(root, 'the request');
}

function asObject(value: Json | undefined, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(`${what} is not an object`);
  return value;
}

const NOTHING: JsonObject = Object.create(null) as JsonObject;

function object(parent: JsonObject, name: Key): JsonObject {
  const value = parent[name];
  return value === undefined || value === null ? NOTHING : asObject(value, name);
}

function list(parent: JsonObject, name: Key): JsonObject[] {
  const value = parent[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(`${name} is not an array`);
  return value.map((item) => asObject(item, `an item of ${name}`));
}

const own = new OwnTexts();
/**
 * Returns the text, cut if it exceeds the limit. Lone surrogates are replaced, because UTF-8 cannot
 * represent them.
 */
function tidy(value: string, out: OtlpExport): string {
  if (value.length > LIMITS.text) out.truncated++;
  return own.of(boundText(value).toWellFormed());
}

function text(parent: JsonObject, name: Key, out: OtlpExport): string {
  const value = parent[name];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw malformed(`${name} is not a string`);
  return tidy(value, out);
}

const HEX = /^[0-9a-f]*$/;

/**
 * Reads an id in hex, in either case. Any other text is marked with a leading `?` and shortened, so
 * that `wrongId` rejects it. Only the record is then refused, and not the whole request.
 */
function id(parent: JsonObject, name: Key): string {
  const value = parent[name];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw malformed(`${name} is not a string`);
  const lower = value.toLowerCase();
  return HEX.test(lower) ? own.of(lower) : `?${lower}`.slice(0, 8);
}

/**
 * Allowed formats of numbers that are given as strings, according to protobuf's JSON mapping. Other
 * strings are malformed, even if `Number` accepts them.
 */
const WHOLE = /^-?\d{1,20}$/;
const DOUBLE = /^(-?\d+(\.\d+)?([eE][+-]?\d+)?|-?Infinity|NaN)$/;

function integer(parent: JsonObject, name: Key): number {
  const value = parent[name];
  if (value === undefined || value === null) return 0;
  const number = typeof value === 'string' && WHOLE.test(value) ? Number(value) : value;
  if (
    typeof number !== 'number' ||
    !Number.isInteger(number) ||
    number < -(2 ** 31) ||
    number >= 2 ** 32
  )
    throw malformed(`${name} is not an integer of 32 bits`);
  return number >>> 0;
}

interface Range {
  least: bigint;
  most: bigint;
}
const INT64: Range = { least: -(2n ** 63n), most: 2n ** 63n - 1n };
const UINT64: Range = { least: 0n, most: 2n ** 64n - 1n };

function time(parent: JsonObject, name: Key): UnixNanos {
  const value = parent[name];
  if (value === undefined || value === null || value === '') return unixNanos(0n);
  return unixNanos(int64(value, name, UINT64));
}

/**
 * Reads a 64-bit integer. A number outside the range is malformed and not truncated to 64 bits,
 * which would change its value.
 */
function int64(value: Json, name: string, { least, most }: Range): bigint {
  if (isWhole(value)) {
    const exact = BigInt(value);
    if (exact >= least && exact <= most) return exact;
  }
  throw malformed(`${name} is not an integer between ${least} and ${most}`);
}

const isWhole = (value: Json): value is bigint | number | string =>
  typeof value === 'bigint' ||
  Number.isInteger(value) ||
  (typeof value === 'string' && WHOLE.test(value));

function doubleOf(value: Json): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint' || (typeof value === 'string' && DOUBLE.test(value)))
    return Number(value);
  throw malformed('doubleValue is not a number');
}

function resourceOf(group: JsonObject, out: OtlpExport): OtlpResource {
  const resource = object(group, 'resource');
  const sent = list(resource, 'attributes');
  const read = attributes(sent, out, 0);
  const schemaUrl = text(group, 'schemaUrl', out);
  const dropped = leftOut(resource, sent, read);
  return {
    attributes: read,
    ...(schemaUrl !== '' && { schemaUrl }),
    ...(dropped > 0 && { dropped }),
  };
}

function attributes(items: JsonObject[], out: OtlpExport, depth: number): Attributes {
  const flat: Attributes = [];
  for (const item of capped(items, LIMITS.attributes, out))
    flat.push(text(item, 'key', out), anyValue(item['value'], out, depth));
  return flat;
}

function anyValue(value: Json | undefined, out: OtlpExport, depth: number): AttributeValue {
  if (value === undefined || value === null) return null;
  if (depth >= LIMITS.depth) {
    out.truncated++;
    return TOO_DEEP;
  }
  const any = asObject(value, 'an attribute value');
  const string = any['stringValue'];
  if (typeof string === 'string') return tidy(string, out);
  const boolean = any['boolValue'];
  if (typeof boolean === 'boolean') return boolean;
  const int = any['intValue'];
  if (int !== undefined && int !== null) {
    const exact = int64(int, 'intValue', INT64);
    const number = Number(exact);
    return Number.isSafeInteger(number) ? number : exact;
  }
  const double = any['doubleValue'];
  if (double !== undefined && double !== null) return doubleValue(doubleOf(double));
  const bytes = any['bytesValue'];
  if (typeof bytes === 'string') return new Uint8Array(Buffer.from(tidy(bytes, out), 'base64'));
  if (any['arrayValue'] !== undefined)
    return capped(list(object(any, 'arrayValue'), 'values'), LIMITS.attributes, out).map((item) =>
      anyValue(item, out, depth + 1),
    );
  if (any['kvlistValue'] !== undefined)
    return new KeyValues(attributes(list(object(any, 'kvlistValue'), 'values'), out, depth + 1));
  return null;
}
