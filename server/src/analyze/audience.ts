import { tellsFailure } from '../model/failure-messages.ts';
import type { Flow, Step } from '../model/flow.ts';
import type { TraitBodies } from './trait.ts';

/**
 * Returns, for each failure that a message of this flow reports, the services that must hear of it
 * and those that do. A service that did something on the way from the flow's start to the failure
 * must hear of it, because it may have to undo that. The service that reports the failure knows
 * already.
 */
export function audiencesOf(
  flow: Flow,
  steps: ReadonlyMap<string, Step>,
): TraitBodies['audience'][] {
  const told = flow.hops.filter(
    ({ message, from, sync }) => !sync && from !== null && tellsFailure(message.type),
  );
  if (told.length === 0) return [];
  const causes = new Map<string, string[]>();
  for (const { from, to } of flow.hops)
    if (from !== null && to !== null && from !== to)
      causes.set(to, [...(causes.get(to) ?? []), from]);
  const found: TraitBodies['audience'][] = [];
  for (const { message, from, to } of told) {
    const teller = steps.get(from!);
    const listener = steps.get(to ?? '');
    if (listener !== undefined)
      found.push({ failure: message.type, service: listener.service, role: 'hears' });
    const before = new Set([from!]);
    for (const id of before) for (const cause of causes.get(id) ?? []) before.add(cause);
    for (const id of before) {
      const service = steps.get(id)?.service;
      if (service !== undefined && service !== teller?.service)
        found.push({ failure: message.type, service, role: 'must' });
    }
  }
  return found;
}
