import { createHash } from 'node:crypto';
import type { Finding } from './expectation.ts';

type About = Pick<Finding, 'rule' | 'service' | 'step' | 'place' | 'dependency'>;
type Part = 'rule' | 'service' | 'step' | 'place';

/**
 * Lists, by rule, the parts that identify a cause across flow types. A consumer of one destination,
 * and one step of one service, is the same cause in whatever flow type it is missed. A rule that is
 * not listed keeps its causes apart by flow type. An undelivered message and a gone consumer share
 * their key: whether other consumers took the message makes no other cause.
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
 * Returns the key that findings of one cause share. It is made from the dependency that their
 * errors name, else from the parts that flow types have in common (`SHARED`), else from the parts
 * that one flow type alone can tell apart. `certain` is false where one of several steps is missing
 * and it is unknown which.
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
  // Where no place is known, the step tells two absences of one service apart.
  const known = { rule, service, step, place: parts.includes('step') ? place : (place ?? step) };
  return hash('shared', parts.join(), environment, ...parts.map((part) => known[part]));
}

/**
 * Returns a second key, by the awaited step alone: a step that several destinations lead to is one
 * cause, whichever destination it does not consume from. Null: it is unknown which step is missing.
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
