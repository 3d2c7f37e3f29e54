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

/** Traces what NestJS' clients send, over any transport; see `nest.ts`. */
/** The field of a packet in which the context travels where the transport has no headers. */
export const ENVELOPE = 'fermata';
const CARRYING_CLIENTS = ['ClientNats', 'ClientMqtt', 'ClientRMQ', 'ClientKafka'];
const SYSTEMS: Readonly<Record<string, string>> = { ClientRedis: 'redis', ClientTCP: 'tcp' };

export type Packet = { pattern: unknown; data: unknown; [ENVELOPE]?: unknown };

/**
 * Returns a pattern as text. Most patterns that are objects have a single text, such as
 * `{ cmd: 'sum' }`, which is then the name.
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

/** Wraps what a client of any transport has: `publish` for requests, `dispatchEvent` for events. */
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
    // The answer comes on the connection, whose context is another than that of the request.
    const answered = context.bind(context.active(), callback);
    return send('command', packet, () => publish.call(client, packet, answered));
  };
  client.dispatchEvent = (packet) =>
    send('event', packet, () => dispatchEvent.call(client, packet));
}

/** Sends a packet that carries the context itself. */
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
