import type { FlowInput } from '../model/flow-input.ts';
import {
  evidence,
  type EvidenceKind,
  type Hop,
  type JoinEvidence,
  type Step,
} from '../model/flow.ts';
import { idToken, isIdentityToken, softTokens, valueOf, type Token } from '../model/keys.ts';
import type { Span } from '../model/span.ts';

/**
 * Sets `joinedBy` of steps without a cause. It lists the ids, keys and traces that the step, or
 * steps that it caused, share with other parts of the flow. They show why the step is in the flow.
 * For steps with a cause, hops prove why they are in the flow (guarded by joins.test.ts).
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
  const proofs = proofsOf(holdersIn(input, stepOf, partOf));
  for (const step of entries) {
    const found = proofs.get(partOf(step.id));
    if (found !== undefined) step.joinedBy = found;
  }
}

/**
 * Maximum number of proofs of a step. Without a maximum, a step whose part has thousands of traces
 * would list all of them.
 */
const MAX_PROOFS = 10;

/** For each id, key or trace: the part of the flow that has it, or all parts if several do. */
type Holders = Map<string, string | Set<string>>;
/** Kinds of evidence, the strongest first. */
const KINDS = ['flow-id', 'ambient-flow-id', 'conversation', 'identity-key', 'trace'] as const;
type Kind = (typeof KINDS)[number] & EvidenceKind;

/**
 * Returns which parts of the flow have each id, key and trace. This runs at every projection of a
 * flow with several starts, so it allocates nothing per span.
 */
function holdersIn(
  { segments }: FlowInput,
  stepOf: ReadonlyMap<string, Step>,
  partOf: (stepId: string) => string,
): ReadonlyMap<Kind, Holders> {
  const byKind = new Map<Kind, Holders>(KINDS.map((kind) => [kind, new Map()]));
  let last: Step | undefined;
  let part = '';
  const hold = (kind: Kind, text: string): void => {
    const holders = byKind.get(kind)!;
    const known = holders.get(text);
    if (known === undefined) holders.set(text, part);
    else if (typeof known !== 'string') known.add(part);
    else if (known !== part) holders.set(text, new Set([known, part]));
  };
  const holdAll = (span: Span): void => {
    hold('trace', span.traceId);
    if (idToken(span) !== '')
      hold(span.flow!.source === 'ambient' ? 'ambient-flow-id' : 'flow-id', span.flow!.id);
    for (const token of softTokens(span))
      hold(isIdentityToken(token) ? 'identity-key' : 'conversation', token);
  };
  for (const { spans } of segments)
    for (const span of spans) {
      const step = stepOf.get(span.key);
      if (step === undefined) continue;
      if (step !== last) part = partOf(step.id);
      last = step;
      holdAll(span);
    }
  return byKind;
}

/** Returns what each part shares with others, the strongest evidence first. */
function proofsOf(byKind: ReadonlyMap<Kind, Holders>): ReadonlyMap<string, JoinEvidence[]> {
  const proofs = new Map<string, JoinEvidence[]>();
  for (const [kind, holders] of byKind) {
    const isToken = kind === 'identity-key' || kind === 'conversation';
    for (const [text, parts] of holders) {
      if (typeof parts === 'string') continue;
      const join = { ...evidence(kind), value: isToken ? valueOf(text as Token) : text };
      for (const part of parts) {
        const known = proofs.get(part);
        if (known === undefined) proofs.set(part, [join]);
        else if (known.length < MAX_PROOFS) known.push(join);
      }
    }
  }
  return proofs;
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
