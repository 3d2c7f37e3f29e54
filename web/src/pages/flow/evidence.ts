import type { Flow, Hop, Step } from '@fermata/server/contract';
import { evidenceText } from '../../ui/format.ts';

/** Hops or steps that belong to the flow by the same kinds of evidence. */
export interface EvidenceGroup {
  /** Names of the kinds of evidence, the strongest first. */
  reason: string;
  /**
   * How sure the join is, 0 to 1; null if there is no evidence. It may be less than the strength of
   * the strongest evidence: which delivery took a message may be a guess in a flow that is certain.
   */
  strength: number | null;
  edges: Edge[];
}

export interface Edge {
  id: string;
  /** Id of the step that a click on this entry shows. */
  stepId: string | null;
  text: string;
  /** The common value by which both were joined, such as a business key; empty if there is none. */
  value: string;
}

export interface Evidence {
  hops: EvidenceGroup[];
  /**
   * Steps that no other step of the flow caused. Their evidence is the only reason why they belong
   * to the flow.
   */
  steps: EvidenceGroup[];
}

const NAMES: Record<string, string> = {
  'flow-id': 'flow id',
  'ambient-flow-id': 'flow id from the context',
  parent: 'parent span',
  link: 'trace link',
  'message-id': 'message id',
  'message-position': 'position in the queue',
  conversation: 'conversation',
  'identity-key': 'business key',
  trace: 'same trace',
  place: 'the only message of this flow that was sent there (a guess)',
};
const NOT_TAKEN = 'no evidence yet: not taken by anybody';

/** Groups the hops and steps of a flow by their evidence, the largest groups first. */
export function evidenceOf(flow: Flow): Evidence {
  const steps = new Map(flow.steps.map((step) => [step.id, step]));
  const nameOf = (id: string | null): string => {
    const step = id === null ? undefined : steps.get(id);
    return step ? `${step.service}: ${step.name}` : 'outside this flow';
  };
  const edgeOf = (hop: Hop): Edge => ({
    id: hop.id,
    stepId: hop.to ?? hop.from,
    text: `${nameOf(hop.from)} → ${hop.to === null ? '?' : nameOf(hop.to)}`,
    value: hop.message.type || hop.message.destination,
  });
  const joined = flow.steps.filter((step) => step.joinedBy !== undefined);
  return {
    hops: grouped(
      flow.hops,
      ({ evidence, confidence }) => ({ evidence, sure: confidence }),
      edgeOf,
    ),
    steps: grouped(joined, joinsOf, (step) => ({
      id: step.id,
      stepId: step.id,
      text: nameOf(step.id),
      value: (step.joinedBy ?? []).map(({ value }) => value).join(', '),
    })),
  };
}

interface Join {
  evidence: readonly { kind: string; strength: number }[];
  sure: number;
}
const joinsOf = ({ joinedBy = [] }: Step): Join => ({
  evidence: joinedBy,
  sure: Math.max(0, ...joinedBy.map(({ strength }) => strength)),
});

function grouped<T>(
  items: readonly T[],
  joinFor: (item: T) => Join,
  edgeOf: (item: T) => Edge,
): EvidenceGroup[] {
  const groups = new Map<string, EvidenceGroup>();
  for (const item of items) {
    const join = joinFor(item);
    const evidence = [...join.evidence].sort((a, b) => b.strength - a.strength);
    const kinds = [...new Set(evidence.map(({ kind }) => NAMES[kind] ?? evidenceKind(kind)))];
    const reason = kinds.length === 0 ? NOT_TAKEN : kinds.join(', and ');
    let group = groups.get(reason);
    if (group === undefined) {
      group = { reason, strength: kinds.length === 0 ? null : join.sure, edges: [] };
      groups.set(reason, group);
    }
    group.edges.push(edgeOf(item));
  }
  return [...groups.values()].sort((a, b) => b.edges.length - a.edges.length);
}

/** Returns the name of a kind of evidence that is not in `NAMES`, as other pages show it. */
const evidenceKind = (kind: string): string =>
  evidenceText({ kind, strength: 1 }).replace(/ \(.*\)$/, '');
