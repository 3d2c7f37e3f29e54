/**
 * This is the vocabulary: every attribute, event and header name that Fermata defines. It has no
 * imports and holds constants only. The server reads these names from here; nothing else in the
 * project spells them (invariant I5).
 *
 * Generated from `instrumentation/semconv/` by `npm run semconv`. The namespace is
 * `fermata.`, because OpenTelemetry owns `process.*`, `messaging.*` and `event.*`, and
 * `workflow.*` is contested (https://opentelemetry.io/docs/specs/semconv/general/naming/).
 */

// These attributes tell to which flow a span belongs.
/** Kind of business process, one of a small number: `order-fulfilment`. */
export const ATTR_FLOW_TYPE = 'fermata.flow.type';
/** Version of the definition of the flow type. */
export const ATTR_FLOW_VERSION = 'fermata.flow.version';
/**
 * Id of one run of the process. It is opaque; best is the id of the business object: `order-42`.
 */
export const ATTR_FLOW_ID = 'fermata.flow.id';
/**
 * How the flow id got onto the span: `message` (from a message's headers), `explicit` (set by the
 * application) or `ambient` (from the context, which may leak).
 */
export const ATTR_FLOW_SOURCE = 'fermata.flow.source';
/** Id of the flow that started this one. */
export const ATTR_FLOW_PARENT_ID = 'fermata.flow.parent.id';
/** Type of the flow that started this one. */
export const ATTR_FLOW_PARENT_TYPE = 'fermata.flow.parent.type';
/** How the flow ended: completed, failed, compensated, cancelled or timed_out. */
export const ATTR_FLOW_OUTCOME = 'fermata.flow.outcome';
/** Time at which the flow should have ended, epoch ms. */
export const ATTR_FLOW_DEADLINE = 'fermata.flow.deadline';
/** Definition of a flow type as JSON, on the event `fermata.flow.defined`. */
export const ATTR_FLOW_DEFINITION = 'fermata.flow.definition';
/**
 * This attribute is set on the resource of spans that were imported as history. Their flows are
 * shown, but they raise no alerts and the server learns nothing from them.
 */
export const ATTR_IMPORTED = 'fermata.imported';
/**
 * Prefix of business keys, such as `fermata.flow.key.order_id`. People find flows by them. Equal
 * keys do not join spans into one flow.
 */
export const ATTR_FLOW_KEY_PREFIX = 'fermata.flow.key.';

// These attributes describe a step of a flow.
/** Name of the step. */
export const ATTR_STEP_NAME = 'fermata.step.name';
/** Id of one run of the step. */
export const ATTR_STEP_ID = 'fermata.step.id';
/** Kind of the step: task, compensation, timer or human. */
export const ATTR_STEP_KIND = 'fermata.step.kind';
/** Number of the attempt, 1 for the first. */
export const ATTR_STEP_ATTEMPT = 'fermata.step.attempt';
/** Result of the step: success, failure, skip or timeout. */
export const ATTR_STEP_RESULT = 'fermata.step.result';
/** Name or id of the step that this one undoes. */
export const ATTR_STEP_COMPENSATES = 'fermata.step.compensates';
/** Time at which the step should have ended, epoch ms. */
export const ATTR_STEP_DEADLINE = 'fermata.step.deadline';

// These attributes describe a message.
/** Kind of the message: event, command, reply, query or timer. */
export const ATTR_MESSAGE_KIND = 'fermata.message.kind';
/** Type of the message: `OrderCreated`. */
export const ATTR_MESSAGE_TYPE = 'fermata.message.type';
/** Id of the message. */
export const ATTR_MESSAGE_ID = 'fermata.message.id';
/** Queue in which the message failed before it came through a dead-letter queue. */
export const ATTR_MESSAGE_DEAD_LETTERED_FROM = 'fermata.message.dead_lettered_from';
/** Number of messages that wait behind this one for the same consumer group. */
export const ATTR_MESSAGE_LAG = 'fermata.message.lag';
/**
 * Span that sent the message: its trace id and span id, joined by a hyphen. It is set on the event
 * `fermata.step.started` of a delivery, because log events have no links.
 */
export const ATTR_MESSAGE_CREATION = 'fermata.message.creation';
/**
 * This attribute is set by the sender and the receiver of a message whose protocol cannot carry
 * context. Both compute the message id from the content.
 */
export const ATTR_MESSAGE_CONTEXTLESS = 'fermata.message.contextless';
/**
 * This attribute is set on the span of a delivery whose handler returned without acknowledging the
 * delivery.
 */
export const ATTR_MESSAGE_UNACKNOWLEDGED = 'fermata.message.unacknowledged';
/** Id of the message that caused this one. */
export const ATTR_CAUSATION_ID = 'fermata.causation.id';
/** Id that all messages of one conversation share. */
export const ATTR_CORRELATION_ID = 'fermata.correlation.id';
/** Routing slip: names of the steps still to come, comma-separated. */
export const ATTR_ITINERARY = 'fermata.itinerary';

// Names of log events (LogRecord.eventName). A log event is exported while a step still hangs, a
// span only after it has ended.
/** A flow has started. */
export const EVENT_FLOW_STARTED = 'fermata.flow.started';
/** A flow has completed. */
export const EVENT_FLOW_COMPLETED = 'fermata.flow.completed';
/** A flow has failed, or was compensated. */
export const EVENT_FLOW_FAILED = 'fermata.flow.failed';
/** A flow was cancelled. */
export const EVENT_FLOW_CANCELLED = 'fermata.flow.cancelled';
/** A service defines a flow type when it starts. The event belongs to no flow. */
export const EVENT_FLOW_DEFINED = 'fermata.flow.defined';
/** A flow expects a certain step. */
export const EVENT_FLOW_EXPECTS = 'fermata.flow.expects';
/** A long step reports that it is still working. */
export const EVENT_FLOW_HEARTBEAT = 'fermata.flow.heartbeat';
/** A step has started. */
export const EVENT_STEP_STARTED = 'fermata.step.started';
/** A step has completed. */
export const EVENT_STEP_COMPLETED = 'fermata.step.completed';
/** A step has failed. */
export const EVENT_STEP_FAILED = 'fermata.step.failed';
/** A compensation has started. */
export const EVENT_COMPENSATION_STARTED = 'fermata.compensation.started';
/** A compensation has completed. */
export const EVENT_COMPENSATION_COMPLETED = 'fermata.compensation.completed';
/** A compensation has failed. */
export const EVENT_COMPENSATION_FAILED = 'fermata.compensation.failed';

// Message headers, sent besides W3C trace context and baggage.
/**
 * id of the flow; sent besides baggage, which several clients drop (kafkajs eachBatch, SQS, amqplib
 * with links)
 */
export const HEADER_FLOW_ID = 'fermata-flow-id';
/** type of the flow */
export const HEADER_FLOW_TYPE = 'fermata-flow-type';
/** version of the definition of the flow type */
export const HEADER_FLOW_VERSION = 'fermata-flow-version';
/** id of the message */
export const HEADER_MESSAGE_ID = 'fermata-message-id';
/** kind of the message: event, command, reply, query or timer */
export const HEADER_MESSAGE_KIND = 'fermata-message-kind';
/** type of the message */
export const HEADER_MESSAGE_TYPE = 'fermata-message-type';
/** id of the message that caused this one */
export const HEADER_CAUSATION_ID = 'fermata-causation-id';
/** id that all messages of one conversation share */
export const HEADER_CORRELATION_ID = 'fermata-correlation-id';
/** routing slip: the steps still to come, the receiver's first */
export const HEADER_ITINERARY = 'fermata-itinerary';
/**
 * Baggage keys equal the attribute names, so that OpenTelemetry's baggage span processor adds the
 * right attributes in services without this package.
 */
export const BAGGAGE_KEYS = [ATTR_FLOW_ID, ATTR_FLOW_TYPE, ATTR_FLOW_VERSION] as const;

// CloudEvents extensions that are read and written (cloudevents/spec: correlation.md, bam.md).
export const CE_CORRELATION_ID = 'correlationid';
export const CE_CAUSATION_ID = 'causationid';
/**
 * Extensions for business activity monitoring: its transaction id is the flow id, its process id is
 * the flow type.
 */
export const CE_FLOW_ID = 'bamtxid';
export const CE_FLOW_TYPE = 'bampid';

export const MESSAGE_KINDS = ['event', 'command', 'reply', 'query', 'timer'] as const;
export const OUTCOMES = ['completed', 'failed', 'compensated', 'cancelled', 'timed_out'] as const;
export const FLOW_SOURCES = ['message', 'explicit', 'ambient'] as const;
