import {
  kindOf,
  traitNamed,
  traitsOf,
  type TraitBodies,
  type TraitKind,
} from '../../analyze/index.ts';
import type { LensReader, Population } from '../../store/index.ts';

/** A trait, and hashes of the ids of some flows that have it (`LensReader.examples`). */
export interface Exemplified {
  id: bigint;
  examples: readonly string[];
}

/**
 * Maximum number of flows that are read in one round to learn names; `MAX_ROUNDS` limits the
 * rounds.
 */
const FLOWS_AT_ONCE = 50;
const MAX_ROUNDS = 20;

/**
 * Learns the names of traits that are not cached. A name is not cached if no flow with the trait
 * was projected since this process started. To learn it, a flow that has the trait is read and its
 * traits are computed again, which puts the names of all its traits into the cache.
 */
export async function learnNames(
  store: LensReader,
  population: Pick<Population, 'known'>,
  traits: readonly Exemplified[],
): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const unknown = traits.filter(({ id }) => id !== 0n && traitNamed(id) === undefined);
    if (unknown.length === 0) return;
    // Each round reads another example, because the newest flow may have changed and lost the
    // trait.
    const hashes = new Set(
      unknown.flatMap(({ examples }) => examples[round % Math.max(1, examples.length)] ?? []),
    );
    const ids = await store.examples(population, [...hashes].slice(0, FLOWS_AT_ONCE));
    for (const flow of await store.wholeFlows([...ids.values()])) traitsOf(flow);
  }
}

/** Returns the traits of these kinds, in the same order. */
export const ofKind = <T extends { id: bigint }>(
  traits: readonly T[],
  ...kinds: readonly TraitKind[]
): T[] => traits.filter(({ id }) => kinds.includes(kindOf(id)));

/**
 * Returns the body of a trait of this kind; null if the trait is of another kind or its name is not
 * known.
 */
export function bodyOf<K extends TraitKind>(kind: K, id: bigint): TraitBodies[K] | null {
  const named = traitNamed(id);
  return named?.kind === kind ? (named.body as TraitBodies[K]) : null;
}

/**
 * Reads the ids of all example flows at once. Returns a function that gives the ids of the examples
 * of one trait.
 */
export async function examplesOf(
  store: LensReader,
  population: Population,
  traits: readonly { examples: readonly string[] }[],
): Promise<(one: { examples: readonly string[] }) => string[]> {
  const ids = await store.examples(
    population,
    traits.flatMap(({ examples }) => examples),
  );
  return ({ examples }) => [...new Set(examples.flatMap((hash) => ids.get(hash) ?? []))];
}
