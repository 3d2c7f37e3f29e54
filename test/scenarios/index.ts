import { checkoutChoreographed } from './checkout-choreographed.ts';
import { checkoutOrchestrated } from './checkout-orchestrated.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [checkoutOrchestrated, checkoutChoreographed];

export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (!found) throw new Error(`no scenario "${name}"; there are ${SCENARIOS.map((s) => s.name).join(', ')}`);
  return found;
}
