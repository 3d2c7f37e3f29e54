import { attempt } from '../core/attempt.ts';
import { emitMilestone } from '../core/flow-log.ts';
import * as names from '../semconv.ts';
import type { FlowDefinition } from '../types.ts';

/**
 * Defines which steps a flow type consists of. Call it once, when the service starts. The
 * definition has the form of an entry in `fermata.flows.yaml`. The server applies it immediately,
 * also to flows that have already started. A definition in the operator's own files takes
 * precedence.
 */
export function defineFlow(type: string, definition: FlowDefinition): void {
  const text = attempt(() => JSON.stringify({ flows: { [type]: definition } }));
  if (text !== undefined)
    emitMilestone(names.EVENT_FLOW_DEFINED, { [names.ATTR_FLOW_DEFINITION]: text });
}
