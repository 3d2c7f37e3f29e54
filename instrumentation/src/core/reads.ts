import type { Span } from '@opentelemetry/api';
import { attempt } from './attempt.ts';
import type { Processing } from './message-spans.ts';
import { leaveMessage, traceRead } from './pulling.ts';
import { endAccepted, endUnlessAcknowledged, UNACKNOWLEDGED_AFTER_MS } from './settling.ts';

/** A message in the result of a read. */
export interface ReadMessage {
  /** Key of the delivery, by which its acknowledgement finds it. */
  key: string;
  /** Whether the consumer acknowledges the message. */
  acknowledges: boolean;
  start: () => Processing;
  /** The message's content is at `holder[property]`. */
  holder: object;
  property: string | number;
}

/**
 * Traces consumers that read several messages at a time. The handling of a message begins when the
 * consumer reads its content, and ends with its acknowledgement, with the consumer's next read or
 * when the consumer is closed. Of a message that is not acknowledged and whose content is read even
 * later nothing shows the end, so its span ends at once.
 *
 * The acknowledgement may come from another connection than the read.
 */
export interface Reads {
  /**
   * Ends the handling of the messages that this reader read before, because it reads again, or
   * because it is closed and nothing else will show where their handling ends.
   */
  begin(reader: object): void;
  /** Starts to trace the messages that a read returned. */
  took(reader: object, messages: readonly ReadMessage[]): void;
  /** Ends the handling of a message, as accepted unless `end` ends its span in another way. */
  settle(key: string, end?: (processing: Processing) => void): void;
}

/** What one read returned. */
interface Read {
  messages: readonly ReadMessage[];
  /** True if its reader has read again or is closed. */
  isOver: boolean;
}

/** Maximum number of messages whose end is awaited at a time. */
const MAX_HANDLED = 10_000;

export function createReads(): Reads {
  const handled = new Map<string, Processing>();
  const readLast = new WeakMap<object, Read>();
  /** Removes a delivery, unless the message has been delivered again under the same key. */
  const forget = (key: string, span: Span): void => {
    if (handled.get(key)?.span === span) handled.delete(key);
  };
  return {
    begin(reader) {
      const last = readLast.get(reader);
      if (last !== undefined) last.isOver = true;
      for (const { key, acknowledges } of last?.messages ?? []) {
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
      const read: Read = { messages, isOver: false };
      for (const { key, acknowledges, start, holder, property } of messages)
        traceRead({
          start: () => {
            const processing = start();
            if (read.isOver && !acknowledges) endAccepted(processing.span);
            else if (handled.size < MAX_HANDLED) handled.set(key, processing);
            return processing;
          },
          holder,
          property,
        });
      readLast.set(reader, read);
    },
    settle(key, end = ({ span }) => endAccepted(span)) {
      const processing = handled.get(key);
      if (processing === undefined) return;
      handled.delete(key);
      attempt(() => end(processing));
    },
  };
}
