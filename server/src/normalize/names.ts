import * as fermata from '@fermata/instrumentation/semconv';
import type { Milestone, Outcome } from '../model/span.ts';

/**
 * All attribute names that Fermata understands, by the field that they fill. To support another
 * name, add it to this table. If a span has several names of one field, the name listed first takes
 * precedence. Sources: OpenTelemetry semantic conventions 1.17 … 1.45 (messaging deprecations),
 * CloudEvents, BullMQ, Temporal, Kogito.
 */
export const FIELDS = {
  flowId: [
    fermata.ATTR_FLOW_ID,
    'cloudevents.bamtxid',
    'bamtxid',
    'process.instance.id',
    'temporalWorkflowID',
    'temporal.workflow.id',
  ],
  flowType: [
    fermata.ATTR_FLOW_TYPE,
    'cloudevents.bampid',
    'bampid',
    'temporalWorkflowType',
    'bullmq.flow.name',
  ],
  flowVersion: [fermata.ATTR_FLOW_VERSION],
  flowSource: [fermata.ATTR_FLOW_SOURCE],
  flowParentId: [fermata.ATTR_FLOW_PARENT_ID],
  flowParentType: [fermata.ATTR_FLOW_PARENT_TYPE],
  flowOutcome: [fermata.ATTR_FLOW_OUTCOME],
  flowDeadline: [fermata.ATTR_FLOW_DEADLINE],
  stepName: [fermata.ATTR_STEP_NAME],
  stepId: [fermata.ATTR_STEP_ID],
  stepKind: [fermata.ATTR_STEP_KIND],
  stepAttempt: [
    fermata.ATTR_STEP_ATTEMPT,
    'messaging.gcp_pubsub.message.delivery_attempt',
    'gcp_pubsub.message.delivery_attempt',
    'messaging.servicebus.message.delivery_count',
    'messaging.azure_servicebus.message.delivery_count',
    'bullmq.job.attempts.made',
    'oban.job.attempt',
  ],
  /** Number of earlier attempts, which is 0 for the first attempt. */
  stepRetries: [
    'nservicebus.delayed_retries',
    'celery.retries',
    // Some agents can be configured to report message headers, with this prefix.
    'messaging.header.x_redelivered_count',
    'messaging.header.x-redelivered-count',
    'messaging.header.x_delivery_count',
    'messaging.header.x-delivery-count',
  ],
  stepResult: [
    fermata.ATTR_STEP_RESULT,
    // MassTransit reports the state of a saga after it handled a message. This state is the result
    // of the step.
    'messaging.masstransit.end_state',
  ],
  stepCompensates: [fermata.ATTR_STEP_COMPENSATES],
  stepDeadline: [fermata.ATTR_STEP_DEADLINE],
  itinerary: [fermata.ATTR_ITINERARY],
  messageKind: [fermata.ATTR_MESSAGE_KIND],
  messageIntent: ['nservicebus.message_intent'],
  messageType: [
    fermata.ATTR_MESSAGE_TYPE,
    'cloudevents.event_type',
    'cloudevents.type',
    'bullmq.job.name',
    'celery.task_name',
    'messaging.message_type',
  ],
  /** Full names of the message's types, most derived type first (`message-types.ts`). */
  messageTypes: [
    'messaging.masstransit.message_types',
    'messaging.masstransit.message_type',
    'nservicebus.enclosed_message_types',
  ],
  /**
   * Class of a job. Job frameworks put all jobs into few queues, so only the class of the job names
   * the message.
   */
  jobType: [
    'messaging.sidekiq.job_class',
    'oban.job.worker',
    'messaging.message.job_name',
    'symfony.messenger.message',
  ],
  messageId: [
    fermata.ATTR_MESSAGE_ID,
    'messaging.message.id',
    'messaging.message_id',
    'messaging.masstransit.message_id',
    'nservicebus.message_id',
    'bullmq.job.id',
    'oban.job.job_id',
    'cloudevents.event_id',
  ],
  deadLetteredFrom: [
    fermata.ATTR_MESSAGE_DEAD_LETTERED_FROM,
    // Headers that libraries add when they move a message to a dead-letter destination.
    'messaging.header.kafka_dlt_original_topic',
    'messaging.header.kafka_dlt-original-topic',
    'messaging.header.x_original_exchange',
    'messaging.header.x-original-exchange',
    'messaging.header.x_original_channel',
    'messaging.header.x-original-channel',
  ],
  /** How the consumer settled the message (`settlement.ts`). */
  settlement: [
    'messaging.servicebus.disposition_status',
    'nservicebus.recoverability_action',
    'messaging.gcp_pubsub.result',
    'celery.state',
  ],
  system: ['messaging.system'],
  operation: ['messaging.operation.type', 'messaging.operation'],
  operationName: ['messaging.operation.name'],
  destination: [
    'messaging.destination.template',
    'messaging.destination.name',
    'messaging.destination',
    'messaging.source.name',
    'messaging.source',
    'messaging.destination_publish.name',
    'message_bus.destination',
    'bullmq.queue.name',
    'nservicebus.processing_endpoint',
  ],
  subscription: [
    'messaging.destination.subscription.name',
    'messaging.servicebus.destination.subscription_name',
    'messaging.azure_servicebus.destination.subscription_name',
  ],
  routingKey: ['messaging.rabbitmq.destination.routing_key', 'messaging.rabbitmq.routing_key'],
  group: [
    'messaging.consumer.group.name',
    'messaging.kafka.consumer.group',
    'messaging.kafka.consumer_group',
    'messaging.eventhubs.consumer.group',
    'messaging.azure_eventhubs.consumer.group',
    'messaging.rocketmq.client_group',
    'messaging.nats.consumer.group',
    'messaging.consumer.group',
    'messaging.consumer_group',
  ],
  partition: [
    'messaging.destination.partition.id',
    'messaging.kafka.destination.partition',
    'messaging.kafka.partition',
    'messaging.kafka.source.partition',
  ],
  offset: ['messaging.kafka.offset', 'messaging.kafka.message.offset'],
  batchCount: ['messaging.batch.message_count'],
  /** Size of a message with its headers, bytes. It is 0 only if there was no message. */
  envelopeSize: ['messaging.message.envelope.size'],
  conversation: [
    'messaging.message.conversation_id',
    'messaging.conversation_id',
    'nservicebus.conversation_id',
  ],
  temporary: ['messaging.destination.temporary', 'messaging.destination.anonymous'],
  /** Path of a call to the Dapr sidecar. Dapr publishes messages by such calls. */
  daprApi: ['dapr.api'],
  httpRoute: ['http.route'],
  /** `uri` and `method` are Micrometer's names for an HTTP request on the server side. */
  uri: ['uri'],
  method: ['method'],
  httpMethod: ['http.request.method', 'http.method'],
  rpcService: ['rpc.service'],
  rpcMethod: ['rpc.method'],
  faasTrigger: ['faas.trigger'],
  errorType: ['error.type', 'exception.type'],
  httpStatus: ['http.response.status_code', 'http.status_code'],
  rpcStatus: ['rpc.response.status_code', 'rpc.grpc.status_code'],
  errorMessage: ['exception.message', 'error.message', 'celery.retry.reason'],
  creation: [fermata.ATTR_MESSAGE_CREATION],
  contextless: [fermata.ATTR_MESSAGE_CONTEXTLESS],
} as const satisfies Record<string, readonly string[]>;

export type Field = keyof typeof FIELDS;
export const FIELD_COUNT = Object.keys(FIELDS).length;
export const FIELD_INDEX = Object.fromEntries(
  Object.keys(FIELDS).map((name, i) => [name, i]),
) as Record<Field, number>;

export const RESOURCE = {
  service: ['service.name'],
  version: ['service.version'],
  instance: ['service.instance.id'],
  host: ['host.name', 'host.id'],
  environment: ['deployment.environment.name', 'deployment.environment'],
} as const;
/**
 * Resource attribute that is true for imported spans. Imported spans do not train the learned
 * models and cause no alerts.
 */
export const IMPORTED = fermata.ATTR_IMPORTED;

/**
 * Prefix of attributes that contain business keys: `fermata.flow.key.order_id` contains the key
 * `order_id`.
 */
export const KEY_PREFIX = fermata.ATTR_FLOW_KEY_PREFIX;
/** Attributes without this prefix that contain a business key, mapped to the name of the key. */
export const KEY_NAMES: ReadonlyMap<string, string> = new Map([
  ['messaging.masstransit.saga_id', 'saga'],
  ['nservicebus.saga.saga_id', 'saga'],
]);
/**
 * Messaging systems by prefixes of attribute names, for agents that do not report
 * `messaging.system`.
 */
export const SYSTEMS: readonly (readonly [prefix: string, system: string])[] = [
  ['bullmq.job.name', 'bullmq'],
  ['celery.', 'celery'],
  ['nservicebus.', 'nservicebus'],
  ['oban.', 'oban'],
  ['messaging.sidekiq.', 'sidekiq'],
  ['spring.rabbit.', 'rabbitmq'],
  ['messaging.rabbitmq.', 'rabbitmq'],
  ['spring.kafka.', 'kafka'],
  ['messaging.kafka.', 'kafka'],
  ['messaging.rocketmq.', 'rocketmq'],
  ['messaging.nats.', 'nats'],
  ['messaging.servicebus.', 'servicebus'],
  ['messaging.eventhubs.', 'eventhubs'],
  ['messaging.gcp_pubsub.', 'gcp_pubsub'],
];
/**
 * Names of messaging systems that differ between versions of the semantic conventions and between
 * agents, in lower case, mapped to one name. Both sides of a message must have the same one,
 * because a message id only identifies a message within its system.
 */
export const SYSTEM_NAMES: ReadonlyMap<string, string> = new Map([
  ['azureservicebus', 'servicebus'],
  ['azure_servicebus', 'servicebus'],
  ['azureeventhubs', 'eventhubs'],
  ['azure_eventhubs', 'eventhubs'],
  ['azure_eventgrid', 'eventgrid'],
  ['amazonsqs', 'aws_sqs'],
  ['aws.sqs', 'aws_sqs'],
  ['amazonsns', 'aws.sns'],
  ['aws_sns', 'aws.sns'],
  ['googlepubsub', 'gcp_pubsub'],
  ['google_pubsub', 'gcp_pubsub'],
  ['apache_kafka', 'kafka'],
]);
export const MESSAGE_KINDS: readonly string[] = fermata.MESSAGE_KINDS;
export const OUTCOMES: readonly string[] = fermata.OUTCOMES;
export const FLOW_SOURCES: readonly string[] = fermata.FLOW_SOURCES;
/**
 * Milestones by the names of log events (`LogRecord.eventName`). Log records with other names only
 * serve to be displayed (`log.ts`).
 */
export const MILESTONES: ReadonlyMap<string, Milestone> = new Map<string, Milestone>(
  Object.entries({
    [fermata.EVENT_FLOW_STARTED]: 'flow-started',
    [fermata.EVENT_FLOW_COMPLETED]: 'flow-completed',
    [fermata.EVENT_FLOW_FAILED]: 'flow-failed',
    [fermata.EVENT_FLOW_CANCELLED]: 'flow-cancelled',
    [fermata.EVENT_FLOW_EXPECTS]: 'flow-expects',
    [fermata.EVENT_FLOW_HEARTBEAT]: 'flow-heartbeat',
    [fermata.EVENT_STEP_STARTED]: 'step-started',
    [fermata.EVENT_STEP_COMPLETED]: 'step-completed',
    [fermata.EVENT_STEP_FAILED]: 'step-failed',
    [fermata.EVENT_COMPENSATION_STARTED]: 'compensation-started',
    [fermata.EVENT_COMPENSATION_COMPLETED]: 'compensation-completed',
    [fermata.EVENT_COMPENSATION_FAILED]: 'compensation-failed',
  }),
);
/**
 * Names of the log event that announces the definition of a flow type, and of the attribute that
 * contains the definition. The event belongs to no flow.
 */
export const DEFINITION = { event: fermata.EVENT_FLOW_DEFINED, body: fermata.ATTR_FLOW_DEFINITION };
/** Outcome of a flow by the milestone that ends it. */
export const MILESTONE_OUTCOMES: Partial<Record<Milestone, Outcome>> = {
  'flow-completed': 'completed',
  'flow-failed': 'failed',
  'flow-cancelled': 'cancelled',
};
/**
 * Matches names of attributes whose values are never stored, because the names suggest secrets. The
 * values themselves are not examined.
 */
export const SECRET_NAME =
  /(?:^|[._-])(?:password|passwd|secret|authorization|cookie|set-cookie|api[_-]?key|access[_-]?token|refresh[_-]?token|private[_-]?key|credential)s?(?:$|[._-])/i;
/** Attribute that log records of exceptions have. */
export const EXCEPTION_TYPE = 'exception.type';
