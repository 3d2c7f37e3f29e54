import { pairKey } from '../keys.ts';
import type { TypeModel } from '../learned/model.ts';

/** Returns whether a step takes messages from a destination, or may do so as far as is known. */
export type MayTake = (step: string, destination: string) => boolean;

/** Used for flows without a definition, for which `MayTake` is never called. */
export const ANYBODY: MayTake = () => true;

/**
 * Returns a `MayTake` that uses what the model knows. A step that is known to take messages from
 * some destinations takes none from others. Any other step may take messages from every destination
 * without a known consumer.
 */
export function mayTakeIn(model: TypeModel): MayTake {
  const seen = [...model.about.values()].filter(({ via }) => via.length > 0);
  const takers = new Set(seen.map(({ name }) => name));
  const taken = new Set(seen.flatMap(({ via }) => via));
  const pairs = new Set(seen.flatMap(({ name, via }) => via.map((one) => pairKey(name, one))));
  return (step, destination) =>
    takers.has(step) ? pairs.has(pairKey(step, destination)) : !taken.has(destination);
}
