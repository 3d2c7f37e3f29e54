import { pairKey } from '../keys.ts';
import type { TypeModel } from '../learned/model.ts';

/** Tells whether, by what is known, this step may be waiting for a message to this destination. */
export type MayTake = (step: string, destination: string) => boolean;

/** Without a definition nobody asks who takes what. */
export const ANYBODY: MayTake = () => true;

/**
 * Whoever was seen to take something takes that; of others, whatever nobody else was seen to take.
 */
export function mayTakeIn(model: TypeModel): MayTake {
  const seen = [...model.about.values()].filter(({ via }) => via.length > 0);
  const takers = new Set(seen.map(({ name }) => name));
  const taken = new Set(seen.flatMap(({ via }) => via));
  const pairs = new Set(seen.flatMap(({ name, via }) => via.map((one) => pairKey(name, one))));
  return (step, destination) =>
    takers.has(step) ? pairs.has(pairKey(step, destination)) : !taken.has(destination);
}
