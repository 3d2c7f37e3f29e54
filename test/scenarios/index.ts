import type { Scenario } from './scenario.ts';
import {
  checkoutChoreographed,
  checkoutFourthService,
  checkoutOrchestrated,
} from './systems/checkout.ts';
import {
  addressChange,
  cardApplication,
  cardApplicationFlex,
  dataDeletion,
} from './systems/customers.ts';
import { orderHybrid } from './systems/orders.ts';
import { conductor, pipeline } from './systems/pipelines.ts';
import { queueOutage, retryBackoff } from './systems/queues.ts';
import { loginOtp, recommendations } from './systems/requests.ts';
import { serviceMap, serviceMapSixDown } from './systems/service-map.ts';
import { shop } from './systems/shop.ts';
import { catalogCopies, partialWrite, reporting } from './systems/writes.ts';

/** All scenarios, each of which describes a system that Fermata must be able to explain. */
export const SCENARIOS: readonly Scenario[] = [
  checkoutOrchestrated,
  checkoutChoreographed,
  checkoutFourthService,
  serviceMap,
  serviceMapSixDown,
  partialWrite,
  catalogCopies,
  queueOutage,
  retryBackoff,
  reporting,
  addressChange,
  cardApplication,
  cardApplicationFlex,
  dataDeletion,
  pipeline,
  conductor,
  orderHybrid,
  loginOtp,
  recommendations,
];

export function scenarioNamed(name: string): Scenario {
  const found = [...SCENARIOS, shop].find((scenario) => scenario.name === name);
  if (!found)
    throw new Error(`no scenario "${name}"; there are ${SCENARIOS.map((s) => s.name).join(', ')}`);
  return found;
}
