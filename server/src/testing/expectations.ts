import { unixNanos } from '../model/time.ts';
import { attributes, type Lab, type OtlpSpan } from './lab.ts';

/**
 * Returns a span of a minimal flow with one message: `shop` places an order, and `warehouse` ships
 * it. Test code only.
 */
const span = (
  lab: Lab,
  number: number,
  part: 'a' | 'b',
  service: string,
  operation: string,
  offsetMs: number,
): OtlpSpan => ({
  resource: { attributes: attributes({ 'service.name': service }) },
  scopeName: '',
  traceId: `${part}${number.toString(16).padStart(31, '0')}`,
  spanId: `${part}${number.toString(16).padStart(15, '0')}`,
  parentSpanId: '',
  traceState: '',
  flags: 1,
  name: `${service} work`,
  kind: operation === 'send' ? 4 : 5,
  start: unixNanos(BigInt(lab.clock.now() + offsetMs) * 1_000_000n),
  end: unixNanos(BigInt(lab.clock.now() + offsetMs + 5) * 1_000_000n),
  attributes: attributes({
    'messaging.system': 'bus',
    'messaging.operation.type': operation,
    'messaging.destination.name': 'orders',
    'fermata.flow.id': `order-${number}`,
    'fermata.flow.type': 'order',
  }),
  events: [],
  links: [],
  statusCode: 0,
  statusMessage: '',
});

export const placed = (lab: Lab, number: number): OtlpSpan =>
  span(lab, number, 'a', 'shop', 'send', 0);

export function shipped(lab: Lab, number: number): OtlpSpan {
  const { traceId, spanId } = placed(lab, number);
  return {
    ...span(lab, number, 'b', 'warehouse', 'process', 50),
    links: [{ traceId, spanId, attributes: [] }],
  };
}

/**
 * Returns the spans of a consumer whose receive span ends at once and, if its handler returned, the
 * span of the work below.
 */
export function received(lab: Lab, number: number, isHandled: boolean): OtlpSpan[] {
  const work = shipped(lab, number);
  const receive = {
    ...span(lab, number, 'b', 'warehouse', 'receive', 50),
    spanId: `c${work.spanId.slice(1)}`,
    end: work.start,
    links: work.links,
  };
  return isHandled ? [receive, { ...work, parentSpanId: receive.spanId, links: [] }] : [receive];
}
