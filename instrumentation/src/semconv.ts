/**
 * This is the vocabulary: every attribute, event and header name that Fermata defines. It has no
 * imports and holds constants only. The server reads these names from here; nothing else in the
 * project spells them (invariant I5).
 *
 * Generated from `instrumentation/semconv/` by `npm run semconv`. The namespace is
 * `fermata.`, because OpenTelemetry owns `process.*`, `messaging.*` and `event.*`, and
 * `workflow.*` is contested (https://opentelemetry.io/docs/specs/semconv/general/naming/).
 */

// Which flow a span belongs to.
/** Kind of process, low cardinality: `order-fulfilment`. */
export const ATTR_FLOW_TYPE = 'fermata.flow.type';
/** version of its definition */
export const ATTR_FLOW_VERSION = 'fermata.flow.version';
/** One run of the process: an opaque id, best the business id: `order-42`. */
export const ATTR_FLOW_ID = 'fermata.flow.id';
/**
 * How the id got onto the span: `message` (read from a message's headers), `explicit` (set by
 * hand), `ambient` (context).
 */
export const ATTR_FLOW_SOURCE = 'fermata.flow.source';
/** flow that started this one */
export const ATTR_FLOW_PARENT_ID = 'fermata.flow.parent.id';
/** and its type */
export const ATTR_FLOW_PARENT_TYPE = 'fermata.flow.parent.type';
/** completed, failed, compensated, cancelled, timed_out */
export const ATTR_FLOW_OUTCOME = 'fermata.flow.outcome';
/** When the flow should have ended, epoch ms. */
export const ATTR_FLOW_DEADLINE = 'fermata.flow.deadline';
/** On `fermata.flow.defined`: what a flow type consists of, as JSON. */
export const ATTR_FLOW_DEFINITION = 'fermata.flow.definition';
/**
 * Set on the resource of spans that are history: their flows are shown, and neither teach nor
 * alert.
 */
export const ATTR_IMPORTED = 'fermata.imported';
/** Prefix of business keys: `fermata.flow.key.order_id`. They find flows, they never join them. */
export const ATTR_FLOW_KEY_PREFIX = 'fermata.flow.key.';

// Which step of it.
/** step */
export const ATTR_STEP_NAME = 'fermata.step.name';
/** one run of a step */
export const ATTR_STEP_ID = 'fermata.step.id';
/** task | compensation | timer | human. */
export const ATTR_STEP_KIND = 'fermata.step.kind';
/** 1 for the first delivery. */
export const ATTR_STEP_ATTEMPT = 'fermata.step.attempt';
/** success | failure | skip | timeout. */
export const ATTR_STEP_RESULT = 'fermata.step.result';
/** Name or id of the step that this one undoes. */
export const ATTR_STEP_COMPENSATES = 'fermata.step.compensates';
/** When the step should have ended, epoch ms. */
export const ATTR_STEP_DEADLINE = 'fermata.step.deadline';

// Which message.
/** event | command | reply | query | timer. */
export const ATTR_MESSAGE_KIND = 'fermata.message.kind';
/** `OrderCreated`. */
export const ATTR_MESSAGE_TYPE = 'fermata.message.type';
/** its id */
export const ATTR_MESSAGE_ID = 'fermata.message.id';
/** Set by a consumer whose message came through a dead-letter queue: the queue it failed in. */
export const ATTR_MESSAGE_DEAD_LETTERED_FROM = 'fermata.message.dead_lettered_from';
/** Messages that wait behind this one for the same group. */
export const ATTR_MESSAGE_LAG = 'fermata.message.lag';
/**
 * On `fermata.step.started` of a delivery: trace id and span id of the span that sent the message,
 * joined by a hyphen, because log events have no links.
 */
export const ATTR_MESSAGE_CREATION = 'fermata.message.creation';
/**
 * Set on both sides of a message whose protocol carries no context. Its id is made from its
 * content.
 */
export const ATTR_MESSAGE_CONTEXTLESS = 'fermata.message.contextless';
/** Set on the span of a delivery whose handler returned without an acknowledgement. */
export const ATTR_MESSAGE_UNACKNOWLEDGED = 'fermata.message.unacknowledged';
/** Id of the message that caused this one. */
export const ATTR_CAUSATION_ID = 'fermata.causation.id';
/** Id that all messages of one conversation share. */
export const ATTR_CORRELATION_ID = 'fermata.correlation.id';
/** Routing slip: names of the steps still to come, comma-separated. */
export const ATTR_ITINERARY = 'fermata.itinerary';

// Log events (LogRecord.eventName): they exist while a step hangs, a span only once it has ended.
/** flow started */
export const EVENT_FLOW_STARTED = 'fermata.flow.started';
/** flow completed */
export const EVENT_FLOW_COMPLETED = 'fermata.flow.completed';
/** flow failed */
export const EVENT_FLOW_FAILED = 'fermata.flow.failed';
/** flow cancelled */
export const EVENT_FLOW_CANCELLED = 'fermata.flow.cancelled';
/** A service says at its start what a flow type consists of. Belongs to no flow. */
export const EVENT_FLOW_DEFINED = 'fermata.flow.defined';
/** flow expects */
export const EVENT_FLOW_EXPECTS = 'fermata.flow.expects';
/** flow heartbeat */
export const EVENT_FLOW_HEARTBEAT = 'fermata.flow.heartbeat';
/** step started */
export const EVENT_STEP_STARTED = 'fermata.step.started';
/** step completed */
export const EVENT_STEP_COMPLETED = 'fermata.step.completed';
/** step failed */
export const EVENT_STEP_FAILED = 'fermata.step.failed';
/** compensation started */
export const EVENT_COMPENSATION_STARTED = 'fermata.compensation.started';
/** compensation completed */
export const EVENT_COMPENSATION_COMPLETED = 'fermata.compensation.completed';
/** compensation failed */
export const EVENT_COMPENSATION_FAILED = 'fermata.compensation.failed';

// Headers: what travels with a message beside W3C trace context and baggage.
/**
 * flow id; explicit, because several clients drop baggage (kafkajs eachBatch, SQS, amqplib with
 * links)
 */
export const HEADER_FLOW_ID = 'fermata-flow-id';
/** flow type */
export const HEADER_FLOW_TYPE = 'fermata-flow-type';
/** flow version */
export const HEADER_FLOW_VERSION = 'fermata-flow-version';
/** message id */
export const HEADER_MESSAGE_ID = 'fermata-message-id';
/** message kind */
export const HEADER_MESSAGE_KIND = 'fermata-message-kind';
/** message type */
export const HEADER_MESSAGE_TYPE = 'fermata-message-type';
/** causation id */
export const HEADER_CAUSATION_ID = 'fermata-causation-id';
/** correlation id */
export const HEADER_CORRELATION_ID = 'fermata-correlation-id';
/** routing slip: the steps still to come, the receiver's first */
export const HEADER_ITINERARY = 'fermata-itinerary';
/**
 * Baggage carries the attribute names themselves, so that baggage-span-processor stamps plain
 * services rightly.
 */
export const BAGGAGE_KEYS = [ATTR_FLOW_ID, ATTR_FLOW_TYPE, ATTR_FLOW_VERSION] as const;

// CloudEvents extensions that are read and written (cloudevents/spec: correlation.md, bam.md).
export const CE_CORRELATION_ID = 'correlationid';
export const CE_CAUSATION_ID = 'causationid';
/** Business activity: transaction (= flow) id and process (= flow type) id. */
export const CE_FLOW_ID = 'bamtxid';
export const CE_FLOW_TYPE = 'bampid';

export const MESSAGE_KINDS = ['event', 'command', 'reply', 'query', 'timer'] as const;
export const OUTCOMES = ['completed', 'failed', 'compensated', 'cancelled', 'timed_out'] as const;
export const FLOW_SOURCES = ['message', 'explicit', 'ambient'] as const;
