import 'reflect-metadata';
import { Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  AmqpConnection,
  MessageHandlerErrorBehavior,
  Nack,
  RabbitMQModule,
  RabbitRPC,
  RabbitSubscribe,
} from '@golevelup/nestjs-rabbitmq';
import { startFlow } from '@fermata/instrumentation';

const exchange = process.env.EXCHANGE ?? 'orders';
const queueOptions = { durable: false, autoDelete: true };

@Injectable()
class Billing {
  constructor(@Inject(AmqpConnection) private readonly amqp: AmqpConnection) {}

  @RabbitSubscribe({
    exchange,
    routingKey: 'order.created',
    queue: `${exchange}-billing`,
    queueOptions,
    errorBehavior: MessageHandlerErrorBehavior.NACK,
  })
  async charge(order: { id: string; card: string }): Promise<Nack | void> {
    if (order.card === 'stolen') throw new Error('card refused');
    if (order.card === 'expired') return new Nack();
    await this.amqp.publish(exchange, 'payment.captured', { id: order.id });
  }

  @RabbitSubscribe({
    exchange,
    routingKey: 'payment.captured',
    queue: `${exchange}-shipping`,
    queueOptions,
  })
  async ship(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }

  @RabbitRPC({ exchange, routingKey: 'stock.count', queue: `${exchange}-stock`, queueOptions })
  async count(): Promise<{ stock: number }> {
    return { stock: 42 };
  }
}

@Module({
  imports: [
    RabbitMQModule.forRoot({
      uri: 'amqp://guest:guest@127.0.0.1:5672',
      exchanges: [{ name: exchange, type: 'topic', options: { durable: false, autoDelete: true } }],
      connectionInitOptions: { wait: true },
    }),
  ],
  providers: [Billing],
})
class BillingModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.createApplicationContext(BillingModule);
  const amqp = app.get(AmqpConnection);
  process.on('message', ({ id, card }: { id: string; card: string }) => {
    void startFlow({ id, type: 'order' }, async () => {
      await amqp.request({ exchange, routingKey: 'stock.count', payload: {} });
      await amqp.publish(exchange, 'order.created', { id, card });
    });
  });
  process.send?.('ready');
}
void bootstrap();
