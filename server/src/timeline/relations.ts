import type { Relation } from '../model/flow.ts';
import { allSegments, type FlowInput } from '../model/flow-input.ts';
import { flowIdOf } from '../model/keys.ts';
import { spanIdOf } from '../model/span.ts';

/**
 * Returns what connects the flow to other flows and joins nothing to it. A link between two spans
 * of the flow itself, such as that of a transmission to the message that it transmits, is none.
 */
export function relationsOf(input: FlowInput): Relation[] {
  // Few spans have a link that is no cause, so the keys are collected only when one is met.
  let own: Set<string> | undefined;
  const isOwn = (key: string): boolean =>
    (own ??= new Set(allSegments(input).flatMap(({ spans }) => spans.map((span) => span.key)))).has(
      key,
    );
  const relations = new Map<string, Relation>();
  const add = (relation: Relation): void =>
    void relations.set(
      `${relation.kind} ${relation.flowId ?? ''} ${relation.target} ${relation.viaSpanId}`,
      relation,
    );
  for (const segment of input.segments) {
    const causes = new Set(segment.causes.map((cause) => cause.key));
    for (const cause of segment.causes)
      if (cause.where === 'elsewhere' && cause.flowKey !== '')
        add({
          flowId: flowIdOf(cause.flowKey, 1),
          kind: 'caused-by',
          viaSpanId: spanIdOf(segment.head.key),
          target: cause.key,
        });
    for (const span of segment.spans)
      for (const link of span.links)
        if (!causes.has(link) && !isOwn(link))
          add({ flowId: null, kind: 'link', viaSpanId: spanIdOf(span.key), target: link });
  }
  for (const other of input.consumedElsewhere)
    add({
      flowId: flowIdOf(other.flowKey, 1),
      kind: 'causes',
      viaSpanId: spanIdOf(other.send.key),
      target: other.consumer.key,
    });
  return [...relations].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, relation]) => relation);
}
