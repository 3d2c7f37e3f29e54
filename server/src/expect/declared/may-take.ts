import { pairKey } from '../keys.ts';
import type { TypeModel } from '../learned/model.ts';

/**
 * Tells whether, as far as is known, this step may be waiting for a message to this destination.
 */
export type MayTake = (step: string, destination: string) => boolean;

/** Without a definition the question is never asked. */
export const ANYBODY: MayTake = () => true;

/**
 * A step known to take from some destinations takes only from those; any other step may take from
 * every destination without a known consumer.
 */
export function mayTakeIn(model: TypeModel): MayTake {
  const seen = [...model.about.values()].filter(({ via }) => via.length > 0);
  const takers = new Set(seen.map(({ name }) => name));
  const taken = new Set(seen.flatMap(({ via }) => via));
  const pairs = new Set(seen.flatMap(({ name, via }) => via.map((one) => pairKey(name, one))));
  return (step, destination) =>
    takers.has(step) ? pairs.has(pairKey(step, destination)) : !taken.has(destination);
}
