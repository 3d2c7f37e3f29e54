import type { FlowInput } from '../model/flow-input.ts';
import { evidence, type Hop, type JoinEvidence, type Step } from '../model/flow.ts';
import { idToken, isIdentityToken, softTokens, valueOf, type Token } from '../model/keys.ts';
import type { Span } from '../model/span.ts';

/**
 * Proves why a step without a cause is in the flow: by what it, or its effects, share with the
 * rest. Hops prove the other joins (guarded by joins.test.ts).
 */
export function proveJoins(
  input: FlowInput,
  steps: readonly Step[],
  hops: readonly Hop[],
  stepOf: ReadonlyMap<string, Step>,
): void {
  const entries = steps.filter(({ causedBy }) => causedBy.length === 0);
  if (entries.length < 2) return;
  const partOf = partsOf(steps, hops);
  /** The parts of the flow that share a key, by that key. */
  const holders = new Map<string, { join: JoinEvidence; parts: Set<string> }>();
  for (const { spans } of input.segments)
    for (const span of spans) {
      const step = stepOf.get(span.key);
      if (step === undefined) continue;
      for (const join of joinsOf(span)) {
        const key = `${join.kind} ${join.value}`;
        const known = holders.get(key);
        if (known === undefined) holders.set(key, { join, parts: new Set([partOf(step.id)]) });
        else known.parts.add(partOf(step.id));
      }
    }
  const proofs = new Map<string, JoinEvidence[]>();
  for (const { join, parts } of holders.values())
    if (parts.size > 1)
      for (const part of parts) {
        const known = proofs.get(part);
        if (known === undefined) proofs.set(part, [join]);
        else if (known.length < MAX_PROOFS) known.push(join);
      }
  for (const step of entries) {
    const found = proofs.get(partOf(step.id));
    if (found !== undefined) step.joinedBy = found.sort(strongestFirst);
  }
}

/** Bounds the proofs, as a step of thousands of traces would list them all. */
const MAX_PROOFS = 10;

const strongestFirst = (a: JoinEvidence, b: JoinEvidence): number =>
  b.strength - a.strength ||
  (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : a.value < b.value ? -1 : 1);

function joinsOf(span: Span): JoinEvidence[] {
  const joins = softTokens(span).map((token): JoinEvidence => {
    const kind = isIdentityToken(token) ? 'identity-key' : 'conversation';
    return { ...evidence(kind), value: valueOf(token) };
  });
  const id: Token | '' = idToken(span);
  if (id !== '') {
    const kind = span.flow!.source === 'ambient' ? 'ambient-flow-id' : 'flow-id';
    joins.push({ ...evidence(kind), value: span.flow!.id });
  }
  joins.push({ ...evidence('trace'), value: span.traceId });
  return joins;
}

/** Returns the part of a step: steps that hops connect are one part, named after one of them. */
function partsOf(steps: readonly Step[], hops: readonly Hop[]): (stepId: string) => string {
  const above = new Map(steps.map(({ id }) => [id, id]));
  const partOf = (stepId: string): string => {
    let top = stepId;
    for (let next = above.get(top)!; next !== top; next = above.get(top)!) {
      above.set(top, above.get(next)!);
      top = next;
    }
    return top;
  };
  for (const { from, to } of hops)
    if (from !== null && to !== null && above.has(from) && above.has(to))
      above.set(partOf(to), partOf(from));
  return partOf;
}
