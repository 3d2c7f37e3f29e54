import { ATTR_FLOW_ID } from '@fermata/instrumentation/semconv';
import type { ForeignSpan } from './otlp.ts';

/** An event of Eiffel, as far as it is converted. */
export interface EiffelEvent {
  /** `time` is in ms. */
  meta: { type: string; time: number; id: string };
  links: { type: string; target: string }[];
}

const BEGIN_MS = 1_700_000_000_000;

/**
 * Converts each event of Eiffel to the work that took in the events to which it links, and to the
 * send of the event. Both are of the system that emits such events, and last half a ms.
 */
export function fromEiffel(events: EiffelEvent[], flowId: string): ForeignSpan[] {
  return events.flatMap(({ meta, links }): ForeignSpan[] => {
    const service =
      /^Eiffel(.*?)(Created|Submitted|Defined|Triggered|Started|Finished|Modified)Event$/.exec(
        meta.type,
      )![1]!;
    const start = BigInt(BEGIN_MS + meta.time) * 1_000_000n;
    const end = start + 500_000n;
    const common = { trace: meta.id, name: meta.type, service, start, end };
    const flow = { [ATTR_FLOW_ID]: flowId };
    // Each of them listens for itself: two that took one event are not two tries of one.
    const taken = { 'messaging.system': 'rabbitmq', 'messaging.consumer.group.name': meta.id };
    const message = { 'messaging.system': 'rabbitmq', 'messaging.message.id': meta.id };
    return [
      {
        ...common,
        id: 'work',
        kind: links.length === 0 ? 'internal' : 'consumer',
        links: links.map(({ target }) => `${target}/sent`),
        attributes: { ...flow, ...(links.length > 0 && taken) },
      },
      {
        ...common,
        id: 'sent',
        parent: 'work',
        kind: 'producer',
        attributes: { ...flow, ...message },
      },
    ];
  });
}
