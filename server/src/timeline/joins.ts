import type { FlowInput } from '../model/flow-input.ts';
import { evidence, type Hop, type JoinEvidence, type Step } from '../model/flow.ts';
import { idToken, isIdentityToken, softTokens, valueOf, type Token } from '../model/keys.ts';
import type { Span } from '../model/span.ts';

/**
 * Sets `joinedBy` of steps without a cause: the ids, keys or traces that show why the step is in
 * the flow, because the step, or steps that it caused, share them with other parts of the flow.
 * Steps with a cause need none, as hops prove why they are in the flow (guarded by joins.test.ts).
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
  /** The parts of the flow (`partsOf`) that share a join value, by kind and value. */
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

/**
 * Maximum number of proofs of a step. Without a maximum, a step whose part has thousands of traces
 * would list all of them.
 */
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

/**
 * Returns a function that gives the part of the flow to which a step belongs. Steps that hops
 * connect are one part, which is named after one of its steps.
 */
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
