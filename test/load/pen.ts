import type { OtlpSpan } from '@fermata/server/lab';
import { random } from './simulator.ts';

/**
 * Writes simulated work of services as OpenTelemetry spans. A `Manner` selects the conventions of
 * an application, such as its broker and how it propagates context.
 */
export interface Pen {
  /** Written spans with the time of their arrival, unsorted. */
  readonly arrivals: Arrival[];
  /** Writes a span for handling a request, with which a flow begins. */
  request(manner: Manner, work: Omit<Work, 'traceId' | 'spanId'>, arrival?: Lost): Work;
  send(manner: Manner, by: Work, destination: string, atMs: number, arrival?: Lost): Sent;
  /** Writes a span for consuming one message or a batch of messages. */
  take(
    manner: Manner,
    messages: readonly Sent[],
    work: Omit<Work, 'traceId' | 'spanId'>,
    queue: string,
  ): Work;
  random(): number;
  /**
   * Returns a random time with this median and a long tail (lognormal), as is typical of waits and
   * work.
   */
  lognormal(medianMs: number): number;
  between(least: number, most: number): number;
  /** Returns a random value that is uniform on a logarithmic scale. */
  scaled(least: number, most: number): number;
  pick<T>(from: readonly T[]): T;
}

export interface Arrival {
  atMs: number;
  span: OtlpSpan;
}

/** Conventions by which an application writes its spans. */
export interface Manner {
  system: 'kafka' | 'rabbitmq' | 'aws_sqs';
  /**
   * Whether a consumer continues the sender's trace (`parent`) or starts its own with a link to it.
   */
  carries: 'parent' | 'link';
  /** True if spans have an attribute with the name of their step. */
  named: boolean;
  /** True when messages have ids. */
  ids: boolean;
}

export interface Work {
  traceId: string;
  spanId: string;
  service: string;
  step: string;
  fromMs: number;
  toMs: number;
  /** Attributes that each span of the flow has, such as its id. */
  flow?: readonly string[];
}

export interface Sent {
  traceId: string;
  spanId: string;
  id: string;
  atMs: number;
}

/** Fate of a span: it never arrives, or arrives `laterMs` ms later. */
export type Lost = 'lost' | { laterMs: number };

/** Maximum time between the end of a span and its arrival, ms. */
const EXPORT_MS = 5000;
const INTERNAL_FLAGS = 0x101;
const REMOTE_FLAGS = 0x301;

export function createPen(seed: number): Pen {
  const roll = random(seed);
  const arrivals: Arrival[] = [];
  const hex = (digits: number): string =>
    Array.from({ length: digits / 8 }, () =>
      Math.floor(roll() * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
  const nanos = (ms: number): OtlpSpan['start'] =>
    (BigInt(Math.round(ms * 1000)) * 1000n) as OtlpSpan['start'];
  const emit = (
    span: Pick<OtlpSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'kind' | 'name' | 'attributes'>,
    { service, fromMs, toMs, flow = [] }: Pick<Work, 'service' | 'fromMs' | 'toMs' | 'flow'>,
    { links = [], remote = false }: { links?: readonly Sent[]; remote?: boolean },
    arrival?: Lost,
  ): void => {
    const heardMs = toMs + 200 + roll() * EXPORT_MS;
    if (arrival === 'lost') return;
    arrivals.push({
      atMs: heardMs + (arrival?.laterMs ?? 0),
      span: {
        resource: { attributes: ['service.name', service] },
        scopeName: 'simulator',
        traceState: '',
        flags: remote ? REMOTE_FLAGS : INTERNAL_FLAGS,
        start: nanos(fromMs),
        end: nanos(toMs),
        events: [],
        links: links.map(({ traceId, spanId }) => ({ traceId, spanId, attributes: [] })),
        statusCode: 0,
        statusMessage: '',
        ...span,
        attributes: [...span.attributes, ...flow],
      },
    });
  };
  const messaging = (
    manner: Manner,
    operation: string,
    destination: string,
    id?: string,
  ): string[] => [
    'messaging.system',
    manner.system,
    'messaging.operation.type',
    operation,
    'messaging.destination.name',
    destination,
    ...(manner.ids && id !== undefined ? ['messaging.message.id', id] : []),
  ];
  const stepName = ({ named }: Manner, { step }: Pick<Work, 'step'>): string[] =>
    named ? ['fermata.step.name', step] : [];
  return {
    arrivals,
    request(manner, work, arrival) {
      const made = { ...work, traceId: hex(32), spanId: hex(16) };
      const attributes = ['http.request.method', 'POST', 'http.route', `/${work.step}`];
      emit(
        {
          traceId: made.traceId,
          spanId: made.spanId,
          parentSpanId: '',
          kind: 2,
          name: `POST /${work.step}`,
          attributes: [...attributes, ...stepName(manner, work)],
        },
        made,
        {},
        arrival,
      );
      return made;
    },
    send(manner, by, destination, atMs, arrival) {
      const sent: Sent = { traceId: by.traceId, spanId: hex(16), id: hex(16), atMs };
      emit(
        {
          traceId: by.traceId,
          spanId: sent.spanId,
          parentSpanId: by.spanId,
          kind: 4,
          name: `send ${destination}`,
          attributes: messaging(manner, 'send', destination, sent.id),
        },
        { ...by, fromMs: atMs - 1, toMs: atMs },
        {},
        arrival,
      );
      return sent;
    },
    take(manner, messages, work, queue) {
      const only = messages.length === 1 ? messages[0] : undefined;
      const parent = manner.carries === 'parent' ? only : undefined;
      const made = { ...work, traceId: parent?.traceId ?? hex(32), spanId: hex(16) };
      emit(
        {
          traceId: made.traceId,
          spanId: made.spanId,
          parentSpanId: parent?.spanId ?? '',
          kind: 5,
          name: `process ${queue}`,
          attributes: [
            ...messaging(manner, 'process', queue, only?.id),
            ...(manner.system === 'kafka' ? ['messaging.consumer.group.name', work.service] : []),
            ...(only ? [] : ['messaging.batch.message_count', String(messages.length)]),
            ...stepName(manner, work),
          ],
        },
        made,
        { links: parent ? [] : messages, remote: parent !== undefined },
      );
      return made;
    },
    random: roll,
    lognormal: (medianMs) =>
      medianMs *
      Math.exp(0.5 * Math.sqrt(-2 * Math.log(1 - roll())) * Math.cos(2 * Math.PI * roll())),
    between: (least, most) => least + roll() * (most - least),
    scaled: (least, most) => least * (most / least) ** roll(),
    pick: (from) => from[Math.floor(roll() * from.length)]!,
  };
}
