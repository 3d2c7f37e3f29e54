import { createRequire } from 'node:module';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import mqtt from 'mqtt';
import { describe, expect, test } from 'vitest';
import { currentFlow, withFlow } from '../index.ts';
import { isReachable, unique } from '../testing/brokers.ts';
import { flowIdOf, recordTelemetry, until } from '../testing/telemetry.ts';
import { instrumentMqtt, traceMqtt } from './mqtt.ts';

const { spansOf, joined } = recordTelemetry();
const hasMqtt = await isReachable('Mosquitto', 1883);

describe.runIf(hasMqtt)('MQTT', () => {
  test.each([
    ['5: user properties', { protocolVersion: 5 as const }, {}],
    ['3.1.1: a CloudEvents envelope', { protocolVersion: 4 as const }, { envelope: true }],
  ])('%s', async (_, protocol, options) => {
    const topic = unique();
    const sender = traceMqtt(await mqtt.connectAsync('mqtt://127.0.0.1:1883', protocol), options);
    const receiver = traceMqtt(await mqtt.connectAsync('mqtt://127.0.0.1:1883', protocol), options);
    await receiver.subscribeAsync(topic, { qos: 1 });
    const seen = new Promise<string>((resolve) =>
      receiver.on('message', (_topic, payload) =>
        resolve(`${payload.toString()} ${currentFlow()?.id}`),
      ),
    );
    withFlow({ id: 'm' }, () => sender.publish(topic, 'plain text', { qos: 1 }));
    expect(await seen).toBe('plain text m');
    await until(() => spansOf('process').length === 1);
    const [[sent, handled]] = joined() as [[ReadableSpan, ReadableSpan]];
    expect([flowIdOf(sent), flowIdOf(handled)]).toEqual(['m', 'm']);
    await Promise.all([sender.endAsync(), receiver.endAsync()]);
  });
  test('a handler that passes properties on sends a message of its own', async () => {
    const topic = unique();
    const client = traceMqtt(
      await mqtt.connectAsync('mqtt://127.0.0.1:1883', { protocolVersion: 5 }),
    );
    await client.subscribeAsync([topic, `${topic}/next`], { qos: 1 });
    const seen: Record<string, unknown>[] = [];
    client.on('message', (where, payload, { properties }) => {
      seen.push({ ...properties!.userProperties });
      if (where === topic)
        client.publish(`${topic}/next`, payload, { qos: 1, properties: properties! });
    });
    const userProperties = { tenant: 't1', 'fermata-itinerary': 'here,there' };
    withFlow({ id: 'fwd' }, () =>
      client.publish(topic, 'x', { qos: 1, properties: { userProperties } }),
    );
    await until(() => seen.length === 2);
    const [first, second] = seen;
    expect(first).toMatchObject(userProperties);
    expect(second).toMatchObject({
      tenant: 't1',
      'fermata-flow-id': 'fwd',
      'fermata-message-type': `${topic}/next`,
      'fermata-causation-id': first!['fermata-message-id'],
    });
    expect(second).not.toHaveProperty('fermata-itinerary');
    await client.endAsync();
  });
  test('a peer without the adapter gets the payload as it was sent', async () => {
    const topic = unique();
    const sender = traceMqtt(
      await mqtt.connectAsync('mqtt://127.0.0.1:1883', { protocolVersion: 4 }),
    );
    const plain = await mqtt.connectAsync('mqtt://127.0.0.1:1883', { protocolVersion: 4 });
    await plain.subscribeAsync(topic);
    const seen = new Promise<string>((resolve) =>
      plain.on('message', (_topic, payload) => resolve(payload.toString())),
    );
    sender.publish(topic, '{"a":1}');
    expect(await seen).toBe('{"a":1}');
    await Promise.all([sender.endAsync(), plain.endAsync()]);
  });
  test.each(['mqtt', 'mqtt4'])(
    '%s, without code and MQTT 3.1.1: both sides name the message by its content, and await its handler',
    async (name) => {
      const module = createRequire(import.meta.url)(name) as Pick<
        typeof mqtt,
        'MqttClient' | 'connect'
      >;
      instrumentMqtt(module);
      const topic = unique();
      const client = module.connect('mqtt://127.0.0.1:1883', { protocolVersion: 4 });
      await new Promise<unknown>((resolve) => client.once('connect', resolve));
      await new Promise((resolve) => client.subscribe(topic, resolve));
      let goOn!: () => void;
      const waits = new Promise<void>((resolve) => (goOn = resolve));
      const listener: () => unknown = () => waits;
      client.on('message', listener);
      client.publish(topic, '{"order":42}');
      await until(() => spansOf('send').length === 1);
      await new Promise((resolve) => client.publish(`${topic}/other`, 'x', { qos: 1 }, resolve));
      expect(spansOf('process')).toHaveLength(0);
      goOn();
      await until(() => spansOf('process').length === 1);
      const [handled] = spansOf('process');
      const [sent] = spansOf('send');
      expect(handled!.attributes).toMatchObject({
        'messaging.message.id': sent!.attributes['messaging.message.id'],
        'fermata.message.contextless': true,
      });
      await new Promise((resolve) => client.end(false, {}, resolve));
    },
  );
});
