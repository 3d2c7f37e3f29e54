import type { Flow, Step } from '../../model/flow.ts';

/**
 * Returns, by step id, the step that caused a step, and the destination and the consumer group of
 * the message that caused the step.
 */
export function causesIn(
  flow: Flow,
): Record<'via' | 'group', Map<string, string>> & { parentOf: Map<string, Step> } {
  const byId = new Map(flow.steps.map((step) => [step.id, step]));
  const parentOf = new Map<string, Step>();
  const via = new Map<string, string>();
  const group = new Map<string, string>();
  for (const hop of flow.hops) {
    if (hop.to === null) continue;
    const from = hop.from === null ? undefined : byId.get(hop.from);
    if (from !== undefined && from.id !== hop.to) parentOf.set(hop.to, from);
    via.set(hop.to, hop.message.destination);
    if (hop.consumerGroup !== null) group.set(hop.to, hop.consumerGroup);
  }
  return { parentOf, via, group };
}
