/**
 * This file converts between headers and the message attributes of cloud brokers, in both
 * directions. The headers are those that `injectHeaders` writes and `extractHeaders` reads. The
 * functions are pure and need no client library. If an application copies the attributes of a
 * received message to a new message, the context in them is replaced by that of the new message.
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
 * Separates the application's own attributes (`own`) from context attributes that were copied from
 * a received message. If the new message is sent outside of any flow, it gets the flow of the
 * received message. If `headers` carry no context, all given attributes are returned as `own`.
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
 * A message attribute of SQS. The text is in `StringValue` when a message is sent or received, and
 * in `Value` in a notification of SNS.
 */
export interface SqsAttribute {
  DataType?: string | undefined;
  StringValue?: string | undefined;
  Value?: string | undefined;
}
export type SqsText = Record<'DataType' | 'StringValue', string>;
/** Maximum number of attributes of a message. SQS and SNS reject a message with more. */
const MAX_ATTRIBUTES = 10;
/**
 * Name of a single attribute that holds all headers as JSON. It is used if a message has no room
 * for one attribute per header.
 */
const ALL_IN_ONE = 'fermata-context';
/** Matches the attribute names that SQS accepts: letters, digits, hyphen, underscore and dot. */
const NAME = /^[A-Za-z0-9_.-]{1,256}$/;

/**
 * Returns the application's attributes plus attributes for the headers. The application's
 * attributes are never dropped: if they fill the limit, the headers are left out. Never throws.
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

/**
 * Returns the headers that were stored in the attributes of an SQS message or of an SNS
 * notification, whose attributes have the form `{ Type, Value }`.
 */
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

/**
 * Returns the headers in the body of an SQS message that SNS sent. Unless raw delivery is on, SNS
 * wraps each notification into such a body, with the notification's attributes inside.
 */
export function fromSnsBody(body: string): Headers {
  const { MessageAttributes: attributes } = parsed(body) as {
    MessageAttributes?: Record<string, SqsAttribute>;
  };
  return typeof attributes === 'object' ? fromSqsAttributes(attributes) : {};
}

/** Maximum length of an attribute's value in Pub/Sub, bytes. A longer header is left out. */
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
 * Returns the headers that were stored in attributes of a Pub/Sub message. A plain `traceparent`
 * takes precedence over `googclient_traceparent`, which Google's own tracing writes.
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
 * Returns the application's properties plus the headers, as properties of a Service Bus message.
 * The trace context is written as `traceparent` and under its old name `Diagnostic-Id`.
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
