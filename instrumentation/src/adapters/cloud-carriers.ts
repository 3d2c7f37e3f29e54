/**
 * Carriers of the cloud brokers, as pure functions: what `injectHeaders` wrote into a plain object becomes message
 * attributes, and attributes become what `extractHeaders` reads. No client is needed, and none is touched.
 */
type Headers = Record<string, unknown>;

/** `SendMessage` wants `StringValue`; a received message has the same. */
export type SqsAttributes = Record<string, { DataType?: string; StringValue?: string }>;
/** SQS and SNS refuse an eleventh attribute. */
const MOST_ATTRIBUTES = 10;
/** Where there is no room for each, all of them travel in this one. */
const ALL_IN_ONE = 'fermata-context';
/** SQS: letters, digits, hyphen, underscore, dot. */
const NAME = /^[A-Za-z0-9_.-]{1,256}$/;

/** The application's attributes with ours; they come first, and are never dropped. */
export function toSqsAttributes(own: SqsAttributes, headers: Headers): SqsAttributes {
  const entries = Object.entries(headers).filter(
    ([name, value]) => NAME.test(name) && typeof value === 'string' && value !== '' && !(name in own),
  ) as [string, string][];
  const room = MOST_ATTRIBUTES - Object.keys(own).length;
  if (room <= 0) return own;
  const attribute = (value: string): SqsAttributes[string] => ({ DataType: 'String', StringValue: value });
  if (entries.length <= room)
    return { ...own, ...Object.fromEntries(entries.map(([name, value]) => [name, attribute(value)])) };
  return { ...own, [ALL_IN_ONE]: attribute(JSON.stringify(Object.fromEntries(entries))) };
}

/** Of SQS, and of SNS notifications in a body (`{ Type, Value }`). */
export function fromSqsAttributes(
  attributes: Record<string, { StringValue?: string; Value?: string }> | undefined,
): Headers {
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
    MessageAttributes?: Record<string, { Value?: string }>;
  };
  return typeof attributes === 'object' ? fromSqsAttributes(attributes) : {};
}

/** Pub/Sub: names must not begin with `goog`, values are at most 1024 bytes. */
const LONGEST_PUBSUB = 1024;
export function toPubSubAttributes(own: Record<string, string>, headers: Headers): Record<string, string> {
  const ours = Object.entries(headers).filter(
    ([name, value]) =>
      typeof value === 'string' && !(name in own) && Buffer.byteLength(value) <= LONGEST_PUBSUB,
  ) as [string, string][];
  return { ...Object.fromEntries(ours), ...own };
}

/** The client's own instrumentation writes `googclient_traceparent`; a plain one counts more. */
export function fromPubSubAttributes(attributes: Record<string, string> | undefined): Headers {
  const headers: Headers = {};
  for (const [name, value] of Object.entries(attributes ?? {}))
    if (name.startsWith('googclient_')) headers[name.slice('googclient_'.length)] = value;
  for (const [name, value] of Object.entries(attributes ?? {}))
    if (!name.startsWith('googclient_')) headers[name] = value;
  return headers;
}

/** Service Bus: `Diagnostic-Id` is the historic name of traceparent; both are written. */
export function toServiceBusProperties(own: Headers, headers: Headers): Headers {
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
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Headers) : {};
  } catch {
    return {};
  }
}
