/**
 * Carriers of the cloud brokers, as pure functions: they turn what `injectHeaders` wrote into a
 * plain object into message attributes, and attributes into what `extractHeaders` reads. They need
 * no client. An application may send attributes of a received message on with a new one: what they
 * say of the old message is replaced.
 */
import { isPropagationHeader } from '../adapter-kit.ts';
import {
  HEADER_CORRELATION_ID,
  HEADER_FLOW_ID,
  HEADER_FLOW_TYPE,
  HEADER_FLOW_VERSION,
} from '../semconv.ts';

type Headers = Record<string, unknown>;

/**
 * Separates the application's attributes from those that came with another message. The flow of
 * that message goes into the headers where the new one is sent outside of any flow. Without a
 * context to put onto it, a message stays as it was.
 */
function partsOf<V>(
  given: Record<string, V>,
  headers: Headers,
  read: (ours: Record<string, V>) => Headers,
  isOurs: (name: string) => boolean = isPropagationHeader,
): { own: Record<string, V>; headers: Headers } {
  const carries = headers['traceparent'] !== undefined || headers[HEADER_FLOW_ID] !== undefined;
  if (!carries || !Object.keys(given).some(isOurs)) return { own: given, headers };
  const pick = (wanted: boolean): Record<string, V> =>
    Object.fromEntries(Object.entries(given).filter(([name]) => isOurs(name) === wanted));
  const before = headers[HEADER_FLOW_ID] === undefined ? Object.entries(read(pick(true))) : [];
  return {
    own: pick(false),
    headers: {
      ...Object.fromEntries(before.filter(([name]) => OF_THE_FLOW.has(name))),
      ...headers,
    },
  };
}
const OF_THE_FLOW: ReadonlySet<string> = new Set([
  HEADER_FLOW_ID,
  HEADER_FLOW_TYPE,
  HEADER_FLOW_VERSION,
  HEADER_CORRELATION_ID,
  'baggage',
]);

/**
 * An attribute of SQS: `SendMessage` and received messages have `StringValue`, notifications of SNS
 * have `Value`.
 */
export interface SqsAttribute {
  DataType?: string | undefined;
  StringValue?: string | undefined;
  Value?: string | undefined;
}
export type SqsText = Record<'DataType' | 'StringValue', string>;
/** SQS and SNS reject an eleventh attribute. */
const MAX_ATTRIBUTES = 10;
/** Holds all headers in one attribute where there is no room for one each. */
const ALL_IN_ONE = 'fermata-context';
/** Names that SQS accepts: letters, digits, hyphen, underscore, dot. */
const NAME = /^[A-Za-z0-9_.-]{1,256}$/;

/**
 * Adds our attributes to the application's, which come first and are never dropped: where these are
 * ten already, ours are left out. Never throws.
 */
export function toSqsAttributes<A extends SqsAttribute>(
  given: Record<string, A>,
  carried: Headers,
): Record<string, A | SqsText> {
  const { own, headers } = partsOf(given, carried, fromSqsAttributes);
  const entries = Object.entries(headers).filter(
    ([name, value]) =>
      NAME.test(name) && typeof value === 'string' && value !== '' && !(name in own),
  ) as [string, string][];
  const room = MAX_ATTRIBUTES - Object.keys(own).length;
  if (room <= 0) return own;
  const attribute = (value: string): SqsText => ({ DataType: 'String', StringValue: value });
  if (entries.length <= room)
    return {
      ...own,
      ...Object.fromEntries(entries.map(([name, value]) => [name, attribute(value)])),
    };
  return { ...own, [ALL_IN_ONE]: attribute(JSON.stringify(Object.fromEntries(entries))) };
}

/** Reads attributes of SQS, and of SNS notifications in a body (`{ Type, Value }`). */
export function fromSqsAttributes(attributes: Record<string, SqsAttribute> | undefined): Headers {
  const headers: Headers = {};
  for (const [name, { StringValue, Value }] of Object.entries(attributes ?? {})) {
    const value = StringValue ?? Value;
    if (value === undefined) continue;
    if (name === ALL_IN_ONE) Object.assign(headers, parsed(value));
    else headers[name] = value;
  }
  return headers;
}

/** SNS wraps a notification into the body of an SQS message unless raw delivery is on. */
export function fromSnsBody(body: string): Headers {
  const { MessageAttributes: attributes } = parsed(body) as {
    MessageAttributes?: Record<string, SqsAttribute>;
  };
  return typeof attributes === 'object' ? fromSqsAttributes(attributes) : {};
}

/** Limit of Pub/Sub for a value, bytes. Its names must not begin with `goog`. */
const MAX_PUBSUB_BYTES = 1024;
export function toPubSubAttributes(
  given: Record<string, string>,
  carried: Headers,
): Record<string, string> {
  const { own, headers } = partsOf(given, carried, fromPubSubAttributes);
  const ours = Object.entries(headers).filter(
    ([name, value]) =>
      typeof value === 'string' && !(name in own) && Buffer.byteLength(value) <= MAX_PUBSUB_BYTES,
  ) as [string, string][];
  return { ...Object.fromEntries(ours), ...own };
}

/**
 * Reads attributes of Pub/Sub. The client's own instrumentation writes `googclient_traceparent`; a
 * plain `traceparent` takes precedence.
 */
export function fromPubSubAttributes(attributes: Record<string, string> | undefined): Headers {
  const headers: Headers = {};
  for (const [name, value] of Object.entries(attributes ?? {}))
    if (name.startsWith('googclient_')) headers[name.slice('googclient_'.length)] = value;
  for (const [name, value] of Object.entries(attributes ?? {}))
    if (!name.startsWith('googclient_')) headers[name] = value;
  return headers;
}

/**
 * Returns properties of Service Bus. `Diagnostic-Id` is the historic name of traceparent; both are
 * written.
 */
export function toServiceBusProperties(given: Headers, carried: Headers): Headers {
  const isOurs = (name: string): boolean => name === 'Diagnostic-Id' || isPropagationHeader(name);
  const { own, headers } = partsOf(given, carried, fromServiceBusProperties, isOurs);
  const trace = headers['traceparent'];
  return { ...headers, ...(trace !== undefined && { 'Diagnostic-Id': trace }), ...own };
}
export function fromServiceBusProperties(properties: Headers | undefined): Headers {
  const headers: Headers = { ...properties };
  headers['traceparent'] ??= headers['Diagnostic-Id'];
  if (headers['traceparent'] === undefined) delete headers['traceparent'];
  return headers;
}

function parsed(text: string): Headers {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Headers)
      : {};
  } catch {
    return {};
  }
}
