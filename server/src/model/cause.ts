import { createHash } from 'node:crypto';
import type { Finding } from './expectation.ts';

type About = Pick<Finding, 'rule' | 'service' | 'step' | 'place' | 'dependency'>;
type Part = 'rule' | 'service' | 'step' | 'place';

/**
 * Parts of a finding from which the key of its cause is made. For rules in `SHARED`, findings in
 * different flow types can have the same cause: for example, a step of one service fails in every
 * flow type that contains it.
 *
 * `UNTAKEN` omits the rule, because `undelivered-message` and `consumer-gone` report the same
 * cause: a consumer that no longer takes messages.
 */
const UNTAKEN: readonly Part[] = ['service', 'place'];
const AWAITED: readonly Part[] = ['rule', 'service', 'place'];
const AT_STEP: readonly Part[] = ['rule', 'service', 'step'];
const AT_PLACE: readonly Part[] = ['rule', 'service', 'step', 'place'];
const SHARED: ReadonlyMap<string, readonly Part[]> = new Map([
  ['undelivered-message', UNTAKEN],
  ['consumer-gone', UNTAKEN],
  ['missing-step', AWAITED],
  ['missing-reply', AWAITED],
  ['orchestrator-silent', AWAITED],
  ['lost-step', AWAITED],
  ['failed-step', AT_STEP],
  ['retry-storm', AT_STEP],
  ['duplicate-processing', AT_STEP],
  ['dead-letter', AT_PLACE],
  ['unhandled-failure', AT_PLACE],
]);

/**
 * Returns the key that all findings of one cause have in common. If the finding names a dependency,
 * the key is made from it. Otherwise the key is made from the parts listed in `SHARED`, or for
 * other rules from the flow type and all parts. `certain` is false if one of several steps is
 * missing and it is unknown which.
 */
export function causeKey(
  environment: string,
  flowType: string,
  about: About,
  certain = true,
): string {
  const { rule, service, step, place, dependency } = about;
  if (dependency !== undefined) return hash('dependency', environment, dependency);
  const parts = certain ? SHARED.get(rule) : undefined;
  if (parts === undefined || (service ?? place) === null)
    return hash(rule, environment, flowType, service, step, place);
  // Without a known destination, use the step's name in its place, so that two missing steps of one
  // service get different keys.
  const known = { rule, service, step, place: parts.includes('step') ? place : (place ?? step) };
  return hash('shared', parts.join(), environment, ...parts.map((part) => known[part]));
}

/**
 * Returns a second key for a finding about a missing step, made from its service and step. Findings
 * about the same missing step may name different destinations, and this key joins them. Returns
 * null for other rules, and if it is unknown which step is missing.
 */
export function awaitedStepKey(
  environment: string,
  flowType: string,
  about: About,
  key: string,
): string | null {
  const { rule, service, step } = about;
  const parts = SHARED.get(rule);
  const isKnown = parts === UNTAKEN || parts === AWAITED;
  if (!isKnown || service === null || step === null) return null;
  return causeKey(environment, flowType, about) === key
    ? hash('awaited', environment, service, step)
    : null;
}

const hash = (...parts: (string | null)[]): string =>
  createHash('sha1')
    .update(parts.map((part) => part ?? '').join('\0'))
    .digest('hex')
    .slice(0, 16);
