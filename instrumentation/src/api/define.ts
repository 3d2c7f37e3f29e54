import { attempt } from '../core/attempt.ts';
import { emitMilestone } from '../core/flow-log.ts';
import * as names from '../semconv.ts';
import type { FlowDefinition } from '../types.ts';

/**
 * Says what a flow type consists of, once, at the start of the service: the same as an entry of
 * `fermata.flows.yaml`. The server judges flows under way by it at once; what its operator's own
 * files say counts more.
 */
export function defineFlow(type: string, definition: FlowDefinition): void {
  const text = attempt(() => JSON.stringify({ flows: { [type]: definition } }));
  if (text !== undefined)
    emitMilestone(names.EVENT_FLOW_DEFINED, { [names.ATTR_FLOW_DEFINITION]: text });
}
