import type { IClientPublishOptions, IPublishPacket, MqttClient } from 'mqtt';
import { handleMessage, markTraced, publishEvent } from '../adapter-kit.ts';

/**
 * This adapter traces a client of MQTT.js 5. In MQTT 5, context travels as user properties. MQTT
 * 3.1.1 has no place for context; there, with `envelope`, the payload becomes a structured
 * CloudEvent (https://cloudevents.io, JSON format) that carries the context, and this adapter
 * unwraps the payload again at the receiver. A handler's span ends before the handler's first
 * await; what the handler does later is still in the flow of its message.
 */
export interface MqttOptions {
  /**
   * Wraps payloads in an envelope, which works only if all other clients of these topics use this
   * adapter, too. Default: off.
   */
  envelope?: boolean;
  /** CloudEvents attribute `source` of the envelopes. */
  source?: string;
  stepOf?: (topic: string) => string | undefined;
  /** Consumer group of these handlers, for replicas that share a subscription. */
  group?: string;
}

const ENVELOPE = 'application/cloudevents+json';
type Done = (error?: Error, packet?: object) => unknown;

export function traceMqtt<C extends MqttClient>(client: C, options: MqttOptions = {}): C {
  if (!markTraced(client)) return client;
  const isV5 = client.options.protocolVersion === 5;
  const publish = client.publish.bind(client) as unknown as (
    topic: string,
    payload: string | Buffer,
    given: IClientPublishOptions,
    done?: Done,
  ) => C;
  client.publish = ((
    topic: string,
    payload: string | Buffer,
    ...rest: [IClientPublishOptions?, Done?] | [Done?]
  ) => {
    const given = (typeof rest[0] === 'object' ? rest[0] : undefined) ?? {};
    const done = rest.find((one) => typeof one === 'function') as Done | undefined;
    // User properties that were passed on from a received message are included, as far as they
    // apply to the new message.
    const own = isV5 ? { headers: { ...given.properties?.userProperties } } : {};
    return publishEvent({ type: topic, destination: topic, system: 'mqtt', ...own }, (headers) => {
      if (isV5) {
        const userProperties = headers as Record<string, string>;
        return publish(
          topic,
          payload,
          { ...given, properties: { ...given.properties, userProperties } },
          done,
        );
      }
      if (options.envelope !== true) return publish(topic, payload, given, done);
      return publish(
        topic,
        enclose(topic, payload, headers, options.source ?? 'mqtt'),
        given,
        done,
      );
    });
  }) as never;

  const emit = client.emit.bind(client) as (event: string, ...args: unknown[]) => boolean;
  client.emit = (event: string, ...args: unknown[]) => {
    if (event !== 'message') return emit(event, ...args);
    const [topic, payload, packet] = args as [string, Buffer, IPublishPacket];
    const opened = !isV5 && options.envelope === true ? open(payload) : null;
    const step = options.stepOf?.(topic);
    return handleMessage(
      {
        system: 'mqtt',
        destination: topic,
        headers: opened?.headers ?? { ...packet.properties?.userProperties },
        type: topic,
        ...(options.group !== undefined && { group: options.group }),
        ...(step !== undefined && { step }),
        ...(packet.dup && { attempt: 2 }),
      },
      () => emit(event, topic, opened?.payload ?? payload, packet),
    );
  };
  return client;
}

function enclose(
  topic: string,
  payload: string | Buffer,
  headers: Record<string, unknown>,
  source: string,
): string {
  return JSON.stringify({
    specversion: '1.0',
    id: headers['fermata-message-id'],
    source,
    type: topic,
    datacontenttype: ENVELOPE,
    data_base64: Buffer.from(payload).toString('base64'),
    fermataheaders: headers,
  });
}

/**
 * Returns the headers and the payload in an envelope; null if the payload is no envelope. Handlers
 * then get the payload as it is.
 */
function open(payload: Buffer): { headers: Record<string, unknown>; payload: Buffer } | null {
  if (payload[0] !== 0x7b) return null;
  try {
    const event = JSON.parse(payload.toString('utf8')) as Record<string, unknown>;
    const { data_base64: data, fermataheaders: headers } = event;
    if (typeof data !== 'string' || typeof headers !== 'object' || headers === null) return null;
    return { headers: headers as Record<string, unknown>, payload: Buffer.from(data, 'base64') };
  } catch {
    return null;
  }
}

/**
 * Instruments an MQTT module without changes to the application. The tracing of each client starts
 * when the client is first used. A second call does nothing.
 */
export function instrumentMqtt(module: { MqttClient: { prototype: object } }): void {
  const prototype = module.MqttClient.prototype as {
    publish: (...args: unknown[]) => unknown;
    connect: (...args: unknown[]) => unknown;
  };
  if (!markTraced(prototype)) return;
  const connect = prototype.connect;
  prototype.connect = function (this: MqttClient, ...args: unknown[]) {
    traceMqtt(this);
    return connect.apply(this, args);
  };
}
