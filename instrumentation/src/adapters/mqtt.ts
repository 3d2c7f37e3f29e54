import type { IClientPublishOptions, IPublishPacket, MqttClient } from 'mqtt';
import {
  contentId,
  type IncomingMessage,
  markTraced,
  type OutgoingMessage,
  publishEvent,
  startProcessing,
  TRACED,
} from '../adapter-kit.ts';
import { ATTR_MESSAGE_CONTEXTLESS } from '../semconv.ts';
import { traceEmitted } from './parts/emitted.ts';

/**
 * This adapter traces a client of MQTT.js 4 and 5. In MQTT 5, context travels as user properties.
 * MQTT 3.1.1 cannot carry context. With the option `envelope`, the payload is wrapped into a
 * structured CloudEvent (https://cloudevents.io, JSON format) that carries the context, and
 * unwrapped at the receiver. Without `envelope`, both sides compute a message id from the content.
 * The handling of a message ends when all its listeners have returned and their promises have
 * settled.
 */
export interface MqttOptions {
  /**
   * Whether payloads are wrapped into an envelope. All other clients of these topics must use this
   * adapter with this option, too. Default: false.
   */
  envelope?: boolean;
  /** CloudEvents attribute `source` of the envelopes. Default: `mqtt`. */
  source?: string;
  stepOf?: (topic: string) => string | undefined;
  /** Consumer group of these handlers. Replicas that share a subscription have the same group. */
  group?: string;
}

const ENVELOPE = 'application/cloudevents+json';
type Done = (error?: Error, packet?: object) => unknown;
type Publish = (
  topic: string,
  payload: string | Buffer,
  given: IClientPublishOptions,
  done?: Done,
) => unknown;

/** How the messages of a client carry context. */
type Carrier = 'properties' | 'envelope' | 'nothing';

export function traceMqtt<C extends MqttClient>(client: C, options: MqttOptions = {}): C {
  if (!markTraced(client)) return client;
  const carrier: Carrier =
    client.options.protocolVersion === 5
      ? 'properties'
      : options.envelope === true
        ? 'envelope'
        : 'nothing';
  tracePublishing(client, options, carrier);
  traceReceiving(client, options, carrier);
  return client;
}

function tracePublishing(client: MqttClient, options: MqttOptions, carrier: Carrier): void {
  const publish = client.publish.bind(client) as unknown as Publish;
  client.publish = ((
    topic: string,
    payload: string | Buffer,
    ...rest: [IClientPublishOptions?, Done?] | [Done?]
  ) => {
    const given = (typeof rest[0] === 'object' ? rest[0] : undefined) ?? {};
    const done = rest.find((one) => typeof one === 'function') as Done | undefined;
    if (carrier === 'nothing') sayContextless();
    return publishEvent(outgoing(topic, payload, given, carrier), (headers) => {
      if (carrier === 'nothing') return publish(topic, payload, given, done);
      if (carrier === 'envelope')
        return publish(
          topic,
          enclose(topic, payload, headers, options.source ?? 'mqtt'),
          given,
          done,
        );
      const userProperties = headers as Record<string, string>;
      const properties = { ...given.properties, userProperties };
      return publish(topic, payload, { ...given, properties }, done);
    });
  }) as never;
}

function outgoing(
  topic: string,
  payload: string | Buffer,
  given: IClientPublishOptions,
  carrier: Carrier,
): OutgoingMessage {
  const message = { type: topic, destination: topic, system: 'mqtt' };
  // The application may have copied user properties from a received message. `publishEvent`
  // recognizes and replaces the context in them.
  if (carrier === 'properties')
    return { ...message, headers: { ...given.properties?.userProperties } };
  if (carrier === 'envelope') return message;
  return {
    ...message,
    id: contentId(topic, payload),
    attributes: { [ATTR_MESSAGE_CONTEXTLESS]: true },
  };
}

let isContextlessSaid = false;
function sayContextless(): void {
  if (isContextlessSaid) return;
  isContextlessSaid = true;
  // In a browser there is no `process`, so nothing is printed.
  globalThis.process?.stderr?.write(
    'fermata: MQTT 3.1.1 carries no context; its messages are joined by their content. → protocolVersion: 5, or traceMqtt with envelope: true\n',
  );
}

const RECEIVED = new Set(['message']);

function traceReceiving(client: MqttClient, options: MqttOptions, carrier: Carrier): void {
  traceEmitted(client, RECEIVED, (_event, given) => {
    const [topic, payload, packet] = given as [string, Buffer, IPublishPacket];
    const opened = carrier === 'envelope' ? open(payload) : null;
    const headers = opened?.headers ?? { ...packet.properties?.userProperties };
    return {
      start: () => startProcessing(incoming(topic, payload, packet, headers, options, carrier)),
      args: [topic, opened?.payload ?? payload, packet],
    };
  });
}

function incoming(
  topic: string,
  payload: Buffer,
  packet: IPublishPacket,
  headers: Record<string, unknown>,
  options: MqttOptions,
  carrier: Carrier,
): IncomingMessage {
  const step = options.stepOf?.(topic);
  return {
    system: 'mqtt',
    destination: topic,
    headers,
    type: topic,
    ...(options.group !== undefined && { group: options.group }),
    ...(step !== undefined && { step }),
    ...(packet.dup && { attempt: 2 }),
    ...(carrier === 'nothing' && {
      id: contentId(topic, payload),
      attributes: { [ATTR_MESSAGE_CONTEXTLESS]: true },
    }),
  };
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
 * Returns the headers and the payload of an envelope; null if the payload is not an envelope and
 * therefore reaches the handlers unchanged.
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
 * Patches the MQTT.js module, so that the application needs no change. Each client is traced from
 * its first publish, emit or listener on. A second call does nothing.
 */
export function instrumentMqtt(module: { MqttClient: { prototype: object } }): void {
  const prototype = module.MqttClient.prototype as Record<
    'publish' | 'emit' | 'on',
    (...args: unknown[]) => unknown
  >;
  if (!markTraced(prototype)) return;
  for (const name of ['publish', 'emit', 'on'] as const) {
    const original = prototype[name];
    prototype[name] = function (this: MqttClient, ...args) {
      if (Object.hasOwn(this, TRACED) || (this.options as unknown) === undefined)
        return original.apply(this, args);
      traceMqtt(this);
      return (this[name] as typeof original)(...args);
    };
  }
}
