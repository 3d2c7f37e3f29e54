/**
 * The functions for the carriers of cloud brokers are pure and need no client. They turn the plain
 * object that `injectHeaders` wrote into message attributes, and message attributes into the object
 * that `extractHeaders` reads. An application may give the attributes of a received message to a
 * new message. Then what the attributes say about the received message is replaced by what is true
 * of the new one.
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
 * Separates the application's own attributes (`own`) from context attributes that came with a
 * received message. If the new message is sent outside of any flow, the flow of the received
 * message is added to its headers. If the headers carry no context, all given attributes are
 * returned as `own`.
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
 * An attribute of SQS. The text is in `StringValue` in `SendMessage` and in received messages, and
 * in `Value` in notifications of SNS.
 */
export interface SqsAttribute {
  DataType?: string | undefined;
  StringValue?: string | undefined;
  Value?: string | undefined;
}
export type SqsText = Record<'DataType' | 'StringValue', string>;
/** Maximum number of attributes of a message: SQS and SNS reject an eleventh one. */
const MAX_ATTRIBUTES = 10;
/**
 * Name of the attribute that holds all headers together where there is no room for one attribute
 * for each header.
 */
const ALL_IN_ONE = 'fermata-context';
/** Matches names that SQS accepts: letters, digits, hyphen, underscore, dot. */
const NAME = /^[A-Za-z0-9_.-]{1,256}$/;

/**
 * Returns the application's attributes and those for the headers. The application's attributes are
 * never dropped: if there are ten of them already, the headers are left out. Never throws.
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
 * Returns the headers that the attributes of an SQS message, or of an SNS notification, carry.
 * Attributes of a notification have the form `{ Type, Value }`.
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
 * Returns the headers in the body of an SQS message that came from SNS. SNS wraps a notification
 * into such a body unless raw delivery is on.
 */
export function fromSnsBody(body: string): Headers {
  const { MessageAttributes: attributes } = parsed(body) as {
    MessageAttributes?: Record<string, SqsAttribute>;
  };
  return typeof attributes === 'object' ? fromSqsAttributes(attributes) : {};
}

/**
 * Maximum length of an attribute's value in Pub/Sub, bytes. Names of attributes must not begin with
 * `goog`.
 */
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
 * Returns the headers in attributes of Pub/Sub. The client's own instrumentation writes
 * `googclient_traceparent`; a plain `traceparent` takes precedence.
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
 * Returns the application's properties and the headers, as properties of Service Bus. The trace
 * context is written as `traceparent` and as `Diagnostic-Id`, the historic name of `traceparent`.
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
