import { actionOf, messageKeyOf } from '../expect/keys.ts';
import type { Digest, DigestStep, SentMessage } from '../expect/learned/digest.ts';

/**
 * Describes a step of a digest for tests of learning. A digest is a flow as learning sees it. Test
 * code only.
 */
export interface StepSketch {
  as: string;
  atMs?: number;
  /** Step type that caused this step. */
  from?: string;
  /** Destination of the message that caused this step. */
  via?: string;
  group?: string;
  service?: string;
  failed?: boolean;
  /** Step types that this step called. */
  calls?: string[];
  /** Destinations to which this step sent messages, each with the step types that consumed them. */
  sends?: Record<string, string[]>;
}

export function aDigest(
  flowId: string,
  sketches: readonly StepSketch[],
  over: Partial<Digest> = {},
): Digest {
  const messages: SentMessage[] = [];
  const steps = sketches.map((sketch, i): DigestStep => {
    const {
      as,
      atMs = 1000 + 100 * i,
      from = '',
      via = '',
      group = '',
      service = `${as} service`,
      failed = false,
    } = sketch;
    const sends = Object.entries(sketch.sends ?? {});
    const id = `${flowId} ${i}`;
    for (const [place, takers] of sends)
      messages.push({
        ...{ stepId: id, key: messageKeyOf({ as, version: '' }, place), place, destination: place },
        system: 'bus',
        ...{
          sendSpanId: `${id} ${place}`,
          waitingHopId: takers.length === 0 ? `${id} ${place}>` : null,
        },
        ...{ sentMs: atMs, takers: takers.toSorted(), isCounted: false },
        waits: takers.map((to) => ({
          ...{ to, stepId: `${flowId} ${sketches.findIndex((one) => one.as === to)}` },
          ...{ ms: 50, heardMs: atMs + 100, isHeldUp: false },
        })),
      });
    const did = [...sends.map(([place]) => actionOf(place)), ...(sketch.calls ?? [])].sort();
    return {
      ...{
        id,
        key: failed ? `${as}\0failed` : as,
        as,
        name: as,
        service,
        version: '',
        kind: 'event',
      },
      ...{
        startMs: atMs,
        receivedMs: atMs + 10,
        endReceivedMs: atMs + 10,
        lagMs: 10,
        behindMs: 0,
        endMs: atMs + 10,
        running: false,
        failed,
      },
      ...{ aliveMs: atMs, replied: false, via, group, from, did, isHeldUp: false },
      waits: did.map((to) => ({ to, ms: 5 })),
    };
  });
  return {
    ...{
      flowId,
      type: 'prod\0order',
      steps,
      aborted: false,
      sampled: false,
      declaredComplete: false,
    },
    ...{ lastReceivedMs: 2000, ledger: null, messages },
    ...over,
  };
}
