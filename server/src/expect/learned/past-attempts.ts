import type { Flow } from '../../model/flow.ts';

/**
 * Returns the ids of hops whose message is a reply to an attempt that is over. If the process of an
 * attempt dies, the next attempt asks again, and the reply to the first waits in a queue that
 * nobody reads. Without this rule a flow whose second attempt succeeded would be stuck for ever.
 * Messages that are not replies have to be taken, whichever attempt sent them.
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
