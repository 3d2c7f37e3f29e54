/**
 * This file makes a small shop of which everything is known, as OTLP/JSON. The right answers to an
 * engineer's questions can be derived from its plan.
 */
export type Fate = 'shipped' | 'declined' | 'retried' | 'unpacked';

export interface Order {
  id: string;
  fate: Fate;
  region: string;
  /** Time that charging the card took, ms. */
  chargeMs: number;
  startMs: number;
}

const ATTEMPT_GAP_MS = 200;
const QUEUE_MS = 5;
const PACK_MS = 40;

/** Returns orders in order of their start. The newest ones are never packed. */
export function planOrders(nowMs: number): Order[] {
  const fates: Fate[] = [
    ...Array.from({ length: 120 }, (): Fate => 'shipped'),
    ...Array.from({ length: 7 }, (): Fate => 'declined'),
    ...Array.from({ length: 5 }, (): Fate => 'retried'),
    ...Array.from({ length: 3 }, (): Fate => 'unpacked'),
  ];
  return fates.map((fate, i) => ({
    ...{ id: `A-${1000 + i}`, fate, region: i % 4 === 0 ? 'eu' : 'us' },
    ...{ chargeMs: 100 + i, startMs: nowMs - 2000 * (fates.length - i + 5) },
  }));
}

interface SpanPlan {
  service: string;
  span: string;
  parent?: string;
  link?: string;
  name: string;
  kind: 1 | 2 | 3 | 4 | 5;
  fromMs: number;
  toMs: number;
  attributes: Record<string, string>;
  error?: [type: string, message: string];
}

const VERSIONS: Record<string, string> = {
  checkout: '5.2.0',
  payment: '2.4.0',
  warehouse: '3.9.1',
};

const bus = (operation: 'publish' | 'process', place: string, id: string, type: string) => ({
  ...{ 'messaging.system': 'rabbitmq', 'messaging.operation.type': operation },
  ...{ 'messaging.destination.name': place, 'messaging.message.id': `${type}-${id}` },
  'fermata.message.type': type,
});

/** Returns the spans of an order. Each service has a trace of its own. */
function spansOf(order: Order): SpanPlan[] {
  const { id, fate, chargeMs, region, startMs } = order;
  const flow = { 'fermata.flow.id': id, 'fermata.flow.type': 'order' };
  const placedMs = startMs + 10;
  const paidFromMs = placedMs + QUEUE_MS;
  const spans: SpanPlan[] = [
    {
      ...{ service: 'checkout', span: 'a', name: 'POST /orders', kind: 2 },
      ...{ fromMs: startMs, toMs: placedMs },
      attributes: { ...flow, region, 'fermata.flow.key.customer': `customer-${region}` },
    },
    {
      ...{ service: 'checkout', span: 'b', parent: 'a', name: 'publish OrderPlaced', kind: 4 },
      ...{ fromMs: placedMs - 1, toMs: placedMs },
      attributes: { ...flow, ...bus('publish', 'orders', id, 'OrderPlaced') },
    },
  ];
  const attempts = fate === 'retried' ? 2 : 1;
  let endMs = 0;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const fromMs = paidFromMs + (attempt - 1) * (chargeMs + ATTEMPT_GAP_MS);
    endMs = fromMs + chargeMs;
    const isFailed = fate === 'declined' || attempt < attempts;
    spans.push({
      ...{ service: 'payment', span: `c${attempt}`, link: 'b', name: 'charge card', kind: 5 },
      ...{ fromMs, toMs: endMs },
      attributes: {
        ...{ ...flow, ...bus('process', 'orders', id, 'OrderPlaced') },
        'fermata.step.name': 'charge card',
      },
      ...(isFailed && {
        error:
          fate === 'declined'
            ? ['CardDeclined', 'insufficient funds']
            : ['GatewayBusy', 'try again later'],
      }),
    });
  }
  if (fate === 'declined') return spans;
  spans.push({
    ...{ service: 'payment', span: 'd', parent: `c${attempts}`, name: 'publish OrderPaid' },
    ...{ kind: 4, fromMs: endMs - 1, toMs: endMs },
    attributes: { ...flow, ...bus('publish', 'paid', id, 'OrderPaid') },
  });
  if (fate === 'unpacked') return spans;
  spans.push({
    ...{ service: 'warehouse', span: 'e', link: 'd', name: 'pack parcel', kind: 5 },
    ...{ fromMs: endMs + QUEUE_MS, toMs: endMs + QUEUE_MS + PACK_MS },
    attributes: {
      ...{ ...flow, ...bus('process', 'paid', id, 'OrderPaid') },
      'fermata.step.name': 'pack parcel',
    },
  });
  return spans;
}

const hex = (text: string, length: number): string =>
  Buffer.from(text).toString('hex').padStart(length, '0').slice(-length);
const spanId = (order: Order, span: string): string => hex(`${order.id}${span}`, 16);
/**
 * Returns the trace id of a service for an order. Each service has its own trace, so that only span
 * links and keys connect them.
 */
const traceId = (order: Order, service: string): string => hex(`${service}${order.id}`, 32);
const listOf = (attributes: Record<string, string>): object[] =>
  Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }));

/** Returns orders as an OTLP/JSON request. */
export function requestOf(orders: readonly Order[]): object {
  const services = new Map<string, object[]>();
  for (const order of orders) {
    const plans = spansOf(order);
    for (const plan of plans) {
      const linked = plans.find(({ span }) => span === plan.link);
      const span = {
        ...{ traceId: traceId(order, plan.service), spanId: spanId(order, plan.span) },
        ...(plan.parent !== undefined && { parentSpanId: spanId(order, plan.parent) }),
        ...{ name: plan.name, kind: plan.kind },
        startTimeUnixNano: `${plan.fromMs}000000`,
        endTimeUnixNano: `${plan.toMs}000000`,
        attributes: listOf(plan.attributes),
        ...(linked && {
          links: [{ traceId: traceId(order, linked.service), spanId: spanId(order, linked.span) }],
        }),
        ...(plan.error && {
          status: { code: 2, message: plan.error[1] },
          events: [
            {
              ...{ timeUnixNano: `${plan.toMs}000000`, name: 'exception' },
              attributes: listOf({
                ...{ 'exception.type': plan.error[0], 'exception.message': plan.error[1] },
              }),
            },
          ],
        }),
      };
      services.set(plan.service, [...(services.get(plan.service) ?? []), span]);
    }
  }
  return {
    resourceSpans: [...services].map(([name, spans]) => ({
      resource: {
        attributes: listOf({ 'service.name': name, 'service.version': VERSIONS[name]! }),
      },
      scopeSpans: [{ scope: {}, spans }],
    })),
  };
}
