import { handleMessage } from '../adapter-kit.ts';
import { fromSnsBody, fromSqsAttributes } from './cloud-carriers.ts';

/**
 * This adapter handles SQS messages that AWS Lambda passes to a function as records of one event.
 * The function calls it for each record, because no client library is involved that could be
 * patched.
 */
export interface SqsRecord {
  messageId: string;
  body: string;
  /** Amazon resource name of the queue. The part after the last colon is the queue's name. */
  eventSourceARN: string;
  attributes?: { ApproximateReceiveCount?: string };
  messageAttributes?: Record<string, { dataType?: string; stringValue?: string | undefined }>;
}

/**
 * Runs a handler for one record, in a span of its own and in the flow that the record's attributes
 * name. An error reaches the caller unchanged. The Lambda function must await `flush()` before it
 * returns, because AWS then freezes the process and nothing more would be exported.
 */
export function handleSqsRecord<T>(record: SqsRecord, handler: () => T): T {
  const { messageAttributes = {}, messageId, body, eventSourceARN, attributes } = record;
  const queue = eventSourceARN.slice(eventSourceARN.lastIndexOf(':') + 1);
  const texts = Object.entries(messageAttributes).map(
    ([name, { stringValue }]) => [name, { StringValue: stringValue }] as const,
  );
  const deliveries = Number(attributes?.ApproximateReceiveCount ?? 1);
  return handleMessage(
    {
      ...{ system: 'aws_sqs', destination: queue, group: queue, type: queue, id: messageId },
      headers: { ...fromSnsBody(body), ...fromSqsAttributes(Object.fromEntries(texts)) },
      ...(deliveries > 1 && { attempt: deliveries }),
    },
    handler,
  );
}
