import { attempt } from '../core/attempt.ts';
import { emitMilestone } from '../core/flow-log.ts';
import * as names from '../semconv.ts';
import type { FlowDefinition } from '../types.ts';

/**
 * Defines what a flow type consists of. Call it once, at the start of the service. The definition
 * has the form of an entry of `fermata.flows.yaml`. The server applies the definition immediately,
 * also to flows under way; definitions in the operator's own files take precedence.
 */
export function defineFlow(type: string, definition: FlowDefinition): void {
  const text = attempt(() => JSON.stringify({ flows: { [type]: definition } }));
  if (text !== undefined)
    emitMilestone(names.EVENT_FLOW_DEFINED, { [names.ATTR_FLOW_DEFINITION]: text });
}
