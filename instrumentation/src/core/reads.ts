import type { Span } from '@opentelemetry/api';
import { attempt } from './attempt.ts';
import type { Processing } from './message-spans.ts';
import { leaveMessage, traceRead } from './pulling.ts';
import { endAccepted, endUnlessAcknowledged, UNACKNOWLEDGED_AFTER_MS } from './settling.ts';

/** One message in the answer to a read. */
export interface ReadMessage {
  /** Names the delivery, so that its acknowledgement is recognized. */
  key: string;
  /** Tells whether the consumer acknowledges the message. */
  acknowledges: boolean;
  start: () => Processing;
  /** The object that holds the message's content, and the property that does. */
  holder: object;
  property: string | number;
}

/**
 * Follows messages that consumers read several at a time. The handling of a message begins when the
 * consumer reads its content, and ends with its acknowledgement, or with the consumer's next read.
 * The acknowledgement may come by another connection than the read.
 */
export interface Reads {
  /** Ends what the reader read before, because it reads again. */
  begin(reader: object): void;
  /** Traces the messages of an answer. */
  took(reader: object, messages: readonly ReadMessage[]): void;
  /** Ends the handling of a message; accepts it unless told otherwise. */
  settle(key: string, end?: (processing: Processing) => void): void;
}

/** Maximum number of messages that are followed at a time. */
const MAX_HANDLED = 10_000;

export function createReads(): Reads {
  const handled = new Map<string, Processing>();
  const readLast = new WeakMap<object, readonly ReadMessage[]>();
  /** Forgets a delivery, unless the message has been delivered again meanwhile. */
  const forget = (key: string, span: Span): void => {
    if (handled.get(key)?.span === span) handled.delete(key);
  };
  return {
    begin(reader) {
      for (const { key, acknowledges } of readLast.get(reader) ?? []) {
        const span = handled.get(key)?.span;
        if (span === undefined) continue;
        if (acknowledges)
          endUnlessAcknowledged(span, UNACKNOWLEDGED_AFTER_MS.callback, () => forget(key, span));
        else {
          endAccepted(span);
          handled.delete(key);
        }
      }
      readLast.delete(reader);
      leaveMessage();
    },
    took(reader, messages) {
      for (const { key, start, holder, property } of messages)
        traceRead({
          start: () => {
            const processing = start();
            if (handled.size < MAX_HANDLED) handled.set(key, processing);
            return processing;
          },
          holder,
          property,
        });
      readLast.set(reader, messages);
    },
    settle(key, end = ({ span }) => endAccepted(span)) {
      const processing = handled.get(key);
      if (processing === undefined) return;
      handled.delete(key);
      attempt(() => end(processing));
    },
  };
}
