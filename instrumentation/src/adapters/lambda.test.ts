import { expect, test } from 'vitest';
import { currentFlow, publishEvent, startFlow } from '../index.ts';
import { recordTelemetry } from '../testing/telemetry.ts';
import { toSqsAttributes, type SqsText } from './cloud-carriers.ts';
import { handleSqsRecord } from './lambda.ts';

const { joined } = recordTelemetry();

test('a record is handled in the flow that its attributes name, whose third try fails', () => {
  const order = { type: 'orders', destination: 'orders', system: 'aws_sqs' };
  const sent = startFlow({ id: 'order-1', type: 'order' }, () =>
    publishEvent(order, (headers) => toSqsAttributes<SqsText>({}, headers)),
  );
  const record = {
    ...{ messageId: 'm1', body: '{"id":1}' },
    eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:orders',
    attributes: { ApproximateReceiveCount: '3' },
    messageAttributes: Object.fromEntries(
      Object.entries(sent).map(([name, { DataType, StringValue }]) => [
        name,
        { dataType: DataType, stringValue: StringValue },
      ]),
    ),
  };
  const failure = new Error('address unknown');
  expect(() =>
    handleSqsRecord(record, () => {
      expect(currentFlow()).toEqual({ id: 'order-1', type: 'order' });
      throw failure;
    }),
  ).toThrow(failure);
  const [[send, handled]] = joined() as [[object, object]];
  expect(send).toBeDefined();
  expect(handled).toMatchObject({
    name: 'process orders',
    attributes: { 'messaging.destination.name': 'orders', 'fermata.step.attempt': 3 },
    status: { message: 'address unknown' },
  });
});

test('a record without context is handled all the same', () => {
  const record = { messageId: 'm1', body: 'x', eventSourceARN: 'orders' };
  expect(handleSqsRecord(record, () => 'shipped')).toBe('shipped');
});
