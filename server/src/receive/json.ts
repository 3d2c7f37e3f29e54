import { FermataError } from '../base/errors.ts';
import { tooManyParts } from './otlp-rules.ts';

/**
 * Result of parsing JSON from possibly hostile senders. `JSON.parse` is not suitable: it rounds
 * 64-bit integers, accepts 200,000 levels of nesting (which overflow the stack of recursive code),
 * and a key `__proto__` sets the prototype. `parseJson` returns integers beyond 53 bits as bigint,
 * and objects without a prototype.
 *
 * `parseJson` throws `otlp.malformed` for invalid JSON, `otlp.too-deep`, or `otlp.too-large` for
 * too many values. The number of values is limited, because each value needs memory, however short
 * its text is.
 */
export type Json = string | number | bigint | boolean | null | Json[] | JsonObject;
export type JsonObject = { [key in Key]?: Json };
export type Key = (typeof KEYS)[number];

/**
 * All keys that the OTLP/JSON decoder reads. Other keys are parsed and dropped. Storing them would
 * be slow, because V8 needs more than a microsecond for each new key: a request with four million
 * different keys took six seconds.
 */
const KEYS = [
  'arrayValue',
  'attributes',
  'body',
  'boolValue',
  'bytesValue',
  'code',
  'doubleValue',
  'droppedAttributesCount',
  'droppedEventsCount',
  'droppedLinksCount',
  'endTimeUnixNano',
  'eventName',
  'severityText',
  'events',
  'flags',
  'intValue',
  'key',
  'kind',
  'kvlistValue',
  'links',
  'logRecords',
  'message',
  'name',
  'observedTimeUnixNano',
  'parentSpanId',
  'resource',
  'resourceLogs',
  'resourceSpans',
  'schemaUrl',
  'scope',
  'scopeLogs',
  'scopeSpans',
  'severityNumber',
  'spanId',
  'spans',
  'startTimeUnixNano',
  'status',
  'stringValue',
  'timeUnixNano',
  'traceId',
  'traceState',
  'value',
  'values',
  'version',
] as const;
const KNOWN: ReadonlySet<string> = new Set(KEYS);
const isKnown = (key: string): key is Key => KNOWN.has(key);

/**
 * Maximum length of an integer that is parsed exactly, characters. 20 characters suffice for any
 * 64-bit integer with its sign. A longer integer is parsed as a double, because `BigInt` takes
 * seconds for millions of digits.
 */
const MAX_INTEGER_DIGITS = 20;

export function parseJson(text: string, maxDepth: number, maxValues: number): Json {
  let at = 0;
  let values = 0;

  const fail = (what: string): never => {
    throw new FermataError('otlp.malformed', `not JSON: ${what} at character ${at}`);
  };
  const space = (): void => {
    for (;;) {
      const c = text.charCodeAt(at);
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return;
      at++;
    }
  };
  const string = (): string => {
    const from = ++at;
    for (;;) {
      const c = text.charCodeAt(at);
      if (c === 34) return text.slice(from, at++);
      if (c === 92) break;
      if (c < 32 || Number.isNaN(c)) fail('unterminated string');
      at++;
    }
    // The string contains an escape sequence, so find its end and let `JSON.parse` decode it.
    while (text.charCodeAt(at) !== 34) {
      const c = text.charCodeAt(at);
      if (c < 32 || Number.isNaN(c)) fail('unterminated string');
      at += c === 92 ? 2 : 1;
    }
    const raw = text.slice(from - 1, ++at);
    try {
      return JSON.parse(raw) as string;
    } catch {
      return fail('bad escape');
    }
  };
  const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
  const number = (): number | bigint => {
    NUMBER.lastIndex = at;
    const match = NUMBER.exec(text);
    if (match === null) return fail('unexpected character');
    at = NUMBER.lastIndex;
    const [digits, fraction, exponent] = match;
    const value = Number(digits);
    const whole = fraction === undefined && exponent === undefined;
    return whole && digits.length <= MAX_INTEGER_DIGITS && !Number.isSafeInteger(value)
      ? BigInt(digits)
      : value;
  };
  const word = <T>(literal: string, value: T): T => {
    if (!text.startsWith(literal, at)) fail('unexpected word');
    at += literal.length;
    return value;
  };
  const value = (depth: number): Json => {
    if (depth > maxDepth)
      throw new FermataError(
        'otlp.too-deep',
        `JSON nested deeper than ${maxDepth} levels at character ${at}`,
      );
    if (++values > maxValues) throw tooManyParts(maxValues);
    space();
    switch (text[at]) {
      case '{': {
        const object = Object.create(null) as JsonObject;
        at++;
        space();
        if (text[at] === '}') {
          at++;
          return object;
        }
        for (;;) {
          space();
          if (text[at] !== '"') fail('expected a key');
          const key = string();
          space();
          if (text[at++] !== ':') fail('expected ":"');
          const item = value(depth + 1);
          if (isKnown(key)) object[key] = item;
          space();
          const next = text[at++];
          if (next === '}') return object;
          if (next !== ',') fail('expected "," or "}"');
        }
      }
      case '[': {
        const list: Json[] = [];
        at++;
        space();
        if (text[at] === ']') {
          at++;
          return list;
        }
        for (;;) {
          list.push(value(depth + 1));
          space();
          const next = text[at++];
          if (next === ']') return list;
          if (next !== ',') fail('expected "," or "]"');
        }
      }
      case '"':
        return string();
      case 't':
        return word('true', true);
      case 'f':
        return word('false', false);
      case 'n':
        return word('null', null);
      default:
        return number();
    }
  };
  const result = value(0);
  space();
  if (at < text.length) fail('text after the end');
  return result;
}
