import type { Definition } from '../model/definition.ts';
import type { WaitingFor } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';
import { ANYBODY, mayTakeIn } from './declared/may-take.ts';
import { expectedByDeclaration } from './declared/owed.ts';
import type { Knowledge } from './knowledge.ts';
import type { BehindMs, Digest } from './learned/digest.ts';

export interface AwaitedBy {
  definition: Definition | null;
  knowledge: Knowledge;
  behindMs: BehindMs;
  floorMs: number;
}

/**
 * Returns everything that a flow waits for. A step that the flow's definition mentions is judged by
 * the definition, not by what was learned.
 */
export function awaited(flow: Flow, digest: Digest, by: AwaitedBy): WaitingFor[] {
  const { definition, knowledge, behindMs, floorMs } = by;
  const model = knowledge.models.of(digest.type);
  const declared = expectedByDeclaration(flow, definition, {
    floorMs,
    lagMs(name) {
      for (const about of model.about.values()) if (about.name === name) return about.lag.late();
      return 0;
    },
    mayTake: definition === null ? ANYBODY : mayTakeIn(model),
    behindMs,
  });
  if (digest.sampled) return declared;
  if (definition === null && declared.length === 0) return knowledge.expected(digest);
  const spoken = new Set([
    ...(definition?.steps.map((step) => step.name) ?? []),
    ...declared.map((one) => one.step),
  ]);
  return [
    ...declared,
    ...knowledge.expected(digest).filter(
      (one) =>
        one.basis === 'learned' &&
        !spoken.has(one.step) &&
        !one.oneOf.some((name) => spoken.has(name)) &&
        // A definition does not tell who else listens to a flow that it ends.
        (flow.phase !== 'ended' || one.absence === 'undelivered-message'),
    ),
  ];
}
