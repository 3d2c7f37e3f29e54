import { randomBytes } from 'node:crypto';
import { encodeJson } from '@fermata/server/testing';

/**
 * Returns pre-encoded OTLP requests of `flows` × 10 spans over four services, with 12 attributes
 * per span and a link on every fourth. `next()` returns a copy with new ids, made by overwriting
 * four bytes of each id, so that the generator needs almost no CPU time.
 */
export interface Traffic {
  spans: number;
  bytes: number;
  next(): Buffer;
}

const MESSAGE_ID = 'message-';
const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

export function traffic(flows: number): Traffic {
  const ids = new Set<string>();
  const id = (bytes: number): string => {
    const value = hex(bytes);
    ids.add(value);
    return value;
  };
  const byService = new Map<string, object[]>();
  const now = BigInt(Date.now()) * 1_000_000n;
  for (let f = 0; f < flows; f++) {
    const steps = [
      { service: 'shop', kinds: ['server', 'internal', 'send'] },
      { service: 'stock', kinds: ['process', 'internal', 'send'] },
      { service: 'ship', kinds: ['process', 'internal'] },
      { service: 'mail', kinds: ['process', 'internal'] },
    ];
    let sent: { traceId: string; spanId: string } | null = null;
    let at = now + BigInt(f) * 1_000_000n;
    for (const { service, kinds } of steps) {
      const traceId = id(16);
      let parentSpanId = '';
      for (const kind of kinds) {
        const spanId = id(8);
        at += 3_000_000n;
        const span = {
          traceId,
          spanId,
          ...(parentSpanId !== '' && { parentSpanId }),
          name: `${kind} orders`,
          kind: { server: 2, internal: 1, send: 4, process: 5 }[kind],
          flags: 0x101,
          startTimeUnixNano: String(at),
          endTimeUnixNano: String(at + 2_000_000n),
          attributes: attributesOf(kind, `order-${hex(6)}`),
          ...(kind === 'process' && sent && { links: [sent] }),
        };
        const list = byService.get(service);
        if (list) list.push(span);
        else byService.set(service, [span]);
        parentSpanId = spanId;
        if (kind === 'send') sent = { traceId, spanId };
      }
    }
  }
  const template = encodeJson({
    resourceSpans: [...byService].map(([service, spans]) => ({
      resource: {
        attributes: [
          { key: 'service.name', value: { stringValue: service } },
          { key: 'service.version', value: { stringValue: '1.0.0' } },
          { key: 'deployment.environment.name', value: { stringValue: 'bench' } },
        ],
      },
      scopeSpans: [{ scope: { name: 'bench' }, spans }],
    })),
  });
  const offsets: number[] = [];
  for (const value of ids) {
    const needle = Buffer.from(value, 'hex');
    for (let from = template.indexOf(needle); from >= 0; from = template.indexOf(needle, from + 1))
      offsets.push(from);
  }
  // Positions of message ids, which are text. Eight characters of each change with each request.
  const texts: number[] = [];
  const marker = Buffer.from(MESSAGE_ID);
  for (let from = template.indexOf(marker); from >= 0; from = template.indexOf(marker, from + 1))
    texts.push(from + marker.length);
  let number = randomBytes(4).readUInt32LE();
  return {
    spans: flows * 10,
    bytes: template.length,
    next() {
      const request = Buffer.from(template);
      number = (number + 1) >>> 0;
      for (const offset of offsets) request.writeUInt32LE(number, offset);
      const text = number.toString(16).padStart(8, '0');
      for (const offset of texts) request.write(text, offset, 'latin1');
      return request;
    },
  };
}

function attributesOf(kind: string, orderId: string): object[] {
  const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });
  const messaging = kind === 'send' || kind === 'process';
  return [
    ...(messaging
      ? [
          text('messaging.system', 'kafka'),
          text('messaging.destination.name', 'orders'),
          text('messaging.operation.type', kind),
          text('messaging.message.id', `${MESSAGE_ID}00000000-${hex(6)}`),
        ]
      : [
          text('http.request.method', 'POST'),
          text('http.route', '/orders'),
          text('url.scheme', 'http'),
          text('network.protocol.version', '1.1'),
        ]),
    text('order.id', orderId),
    text('server.address', '10.0.3.17'),
    { key: 'server.port', value: { intValue: 9092 } },
    text('code.function.name', 'handleOrder'),
    { key: 'thread.id', value: { intValue: 17 } },
    text('user_agent.original', 'node/20.20.2'),
    { key: 'retry', value: { boolValue: false } },
    { key: 'amount', value: { doubleValue: 129.95 } },
  ];
}
