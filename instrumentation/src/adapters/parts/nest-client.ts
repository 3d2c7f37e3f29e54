import { context } from '@opentelemetry/api';
import {
  attempt,
  declareSending,
  type Declaration,
  endFailed,
  markTraced,
  preciseNow,
  startSending,
} from '../../adapter-kit.ts';

/**
 * This file traces the messages that NestJS clients send over any transport; `nest.ts` traces the
 * servers.
 */
/** Field of a packet that carries the context if the transport has no headers. */
export const ENVELOPE = 'fermata';
const CARRYING_CLIENTS = ['ClientNats', 'ClientMqtt', 'ClientRMQ', 'ClientKafka'];
const SYSTEMS: Readonly<Record<string, string>> = { ClientRedis: 'redis', ClientTCP: 'tcp' };

export type Packet = { pattern: unknown; data: unknown; [ENVELOPE]?: unknown };

/**
 * Returns a message pattern as text. Most object patterns have one property with a text, such as `{
 * cmd: 'sum' }`; the text is then the name.
 */
export function nameOfPattern(pattern: unknown): string {
  let value = pattern;
  if (typeof pattern === 'string' && pattern.startsWith('{'))
    value = attempt(() => JSON.parse(pattern) as unknown) ?? pattern;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value);
  const [[, only] = []] = entries;
  if (entries.length === 1 && typeof only === 'string') return only;
  return entries
    .map(([key, one]) => `${key}:${typeof one === 'object' ? JSON.stringify(one) : String(one)}`)
    .sort()
    .join(',');
}

export interface Client {
  publish: (
    packet: Packet,
    callback: (answer: { err?: unknown; isDisposed?: boolean }) => void,
  ) => unknown;
  dispatchEvent: (packet: Packet) => unknown;
}

/**
 * Wraps the two methods that clients of every transport have: `publish` sends requests,
 * `dispatchEvent` sends events.
 */
export function traceClient(client: Client, classes: Record<string, unknown>): void {
  if (!markTraced(client)) return;
  const { publish, dispatchEvent } = client;
  const isA = (name: string): boolean =>
    typeof classes[name] === 'function' && client instanceof (classes[name] as new () => object);
  const carries = CARRYING_CLIENTS.some(isA);
  const system = Object.keys(SYSTEMS).find(isA);
  const send = <T>(kind: 'event' | 'command', packet: Packet, work: () => T): T => {
    const declaration = { kind, type: nameOfPattern(packet.pattern) };
    if (carries) return declareSending(declaration, work);
    return sendInPacket(
      declaration,
      system === undefined ? 'nestjs' : SYSTEMS[system]!,
      packet,
      work,
    );
  };
  client.publish = (packet, callback) => {
    // The callback is bound to the context of the request, because answers arrive in the context of
    // the connection.
    const answered = context.bind(context.active(), callback);
    return send('command', packet, () => publish.call(client, packet, answered));
  };
  client.dispatchEvent = (packet) =>
    send('event', packet, () => dispatchEvent.call(client, packet));
}

/** Sends a packet that carries the context in a field of its own, and makes the message's span. */
function sendInPacket<T>(
  declaration: Declaration,
  system: string,
  packet: Packet,
  work: () => T,
): T {
  const sending = attempt(() =>
    startSending(declaration.kind, {
      type: declaration.type,
      destination: declaration.type,
      system,
    }),
  );
  if (sending === undefined) return work();
  const { span, ctx, headers } = sending;
  if (Object.keys(headers).length > 0) packet[ENVELOPE] = headers;
  try {
    const result = context.with(ctx, () => declareSending({ ...declaration, sending }, work));
    if (result instanceof Promise)
      result.then(
        () => span.end(preciseNow()),
        (error: unknown) => endFailed(span, error),
      );
    else span.end(preciseNow());
    return result;
  } catch (error) {
    endFailed(span, error);
    throw error;
  }
}
