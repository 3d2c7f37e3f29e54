import { flush, publishEvent, startFlow } from '@fermata/instrumentation';
import { toSqsAttributes } from '@fermata/instrumentation/adapters/cloud-carriers';
import { handleSqsRecord, type SqsRecord } from '@fermata/instrumentation/adapters/lambda';

interface Answer {
  batchItemFailures: { itemIdentifier: string }[];
}

export async function handler(event: { Records: SqsRecord[] }): Promise<Answer> {
  const batchItemFailures: Answer['batchItemFailures'] = [];
  for (const record of event.Records)
    try {
      await handleSqsRecord(record, () => ship(JSON.parse(record.body) as { address: string }));
    } catch {
      batchItemFailures.push({ itemIdentifier: record.messageId });
    }
  // The spans are exported before the function returns, because its process may then be frozen.
  await flush();
  return { batchItemFailures };
}

async function ship({ address }: { address: string }): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (address === 'nowhere') throw new Error('address unknown');
}

// The rest of the file replaces the queue: it calls the function for each message.
process.on('message', ({ id, address }: { id: string; address: string }) => {
  const message = { type: 'orders', destination: 'orders', system: 'aws_sqs' };
  const attributes = startFlow({ id, type: 'order' }, () =>
    publishEvent(message, (headers) => toSqsAttributes({}, headers)),
  );
  const record: SqsRecord = {
    messageId: id,
    body: JSON.stringify({ address }),
    eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:orders',
    messageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, { StringValue }]) => [
        name,
        { dataType: 'String', stringValue: StringValue },
      ]),
    ),
  };
  void handler({ Records: [record] }).then((answer) => console.log(JSON.stringify(answer)));
});
process.send?.('ready');
