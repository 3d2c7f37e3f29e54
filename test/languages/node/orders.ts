import { setTimeout as after } from 'node:timers/promises';
import { completeFlow, startFlow } from '@fermata/instrumentation';
import { Kafka, logLevel } from 'kafkajs';

/** Places orders, and ends each when it is told that the order was shipped. */
const { PREFIX: prefix = '', KAFKA: broker = '', ORDERS: count = '0' } = process.env;
const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.ERROR });
const producer = kafka.producer();
const consumer = kafka.consumer({ groupId: `${prefix}-order` });
await producer.connect();
await consumer.connect();
await consumer.subscribe({ topic: `${prefix}.shipped`, fromBeginning: true });
let shipped = 0;
await consumer.run({
  eachMessage: async () => {
    completeFlow();
    shipped++;
  },
});
for (let n = 0; n < Number(count); n++) {
  const id = `${prefix}-${n}`;
  await startFlow({ id, type: 'mixed-order' }, () =>
    producer.send({
      topic: `${prefix}.orders`,
      messages: [{ key: id, value: JSON.stringify({ id }) }],
    }),
  );
}
while (shipped < Number(count)) await after(100);
await after(1000);
await consumer.disconnect();
await producer.disconnect();
