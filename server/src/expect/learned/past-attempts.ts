import type { Flow } from '../../model/flow.ts';

/**
 * Returns the ids of hops that show replies waiting for an attempt that is over. An attempt whose
 * process died asks no more: the attempt after it asks again, and the reply to the first waits in a
 * queue that nobody reads, or that is gone. Without this rule a flow whose second attempt succeeded
 * is stuck for ever. Other messages are owed however many attempts sent them.
 */
export function repliesToPastAttempts({ steps, hops }: Flow): ReadonlySet<string> {
  const waiting = hops.filter(({ message, to }) => message.kind === 'reply' && to === null);
  if (waiting.length === 0) return NONE;
  const byId = new Map(steps.map((step) => [step.id, step]));
  const isPast = (replier: string | null): boolean => {
    const asked = hops.find(({ to, sync }) => to === replier && !sync);
    const asker = asked?.from == null ? undefined : byId.get(asked.from);
    const last = asker?.attempts.at(-1);
    return last !== undefined && asker!.attempts.length > 1 && asked!.sent < last.start;
  };
  return new Set(waiting.filter(({ from }) => isPast(from)).map(({ id }) => id));
}
const NONE: ReadonlySet<string> = new Set();
