import { createHash } from 'node:crypto';
import type { Finding } from './expectation.ts';

type About = Pick<Finding, 'rule' | 'service' | 'step' | 'place' | 'dependency'>;
type Part = 'rule' | 'service' | 'step' | 'place';

/**
 * What makes a cause, by rule, where it is not the flow type's own: whoever takes from one place,
 * and one step of one service, is the same in whatever flow type it is missed. Of an undelivered
 * message it does not matter either whether others took it.
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
 * Findings of one cause share it: first the dependency that their errors name, then where flow
 * types meet, and else what one flow type alone can tell apart. `certain`: it is known who is
 * missed, and not only that one of several is.
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
 * One step that several places lead to is one cause as well, whichever of them is not taken from;
 * null: it is not known which step is missed.
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
