import { hashed, hashName } from '../base/name-hash.ts';
import type { TraitBodies, TraitKind } from './trait.ts';

/**
 * Lists the kinds of traits. The position of a kind is the low four bits of its ids, so that the
 * store can tell kinds apart. New kinds are added at the end, because stored rows have these ids.
 */
export const TRAIT_KINDS = [
  'variant',
  'node',
  'edge',
  'segment',
  'failure',
  'frames',
  'version',
  'instance',
  'late',
  'stuck',
  'blocked',
  'audience',
  'service',
  'style',
  'failedVersion',
  'failedInstance',
] as const satisfies readonly TraitKind[];
const CODES = new Map<TraitKind, bigint>(TRAIT_KINDS.map((kind, i) => [kind, BigInt(i)]));
export const codeOf = (kind: TraitKind): number => TRAIT_KINDS.indexOf(kind);

/** Returns the kind of a trait, which its id contains. */
export const kindOf = (id: bigint): TraitKind => TRAIT_KINDS[Number(id & 15n)]!;

/** Kind and body of a trait, which `traitNamed` finds by the trait's id. */
export type NamedTrait = {
  [K in TraitKind]: { kind: K; body: TraitBodies[K] };
}[TraitKind];

/**
 * Maximum number of traits whose names are cached. Building an id costs a microsecond, and most
 * flows have the same traits as earlier ones.
 */
const MAX_KEPT = 50_000;
/**
 * Caches of both directions: ids by kind and body (as JSON), and kind and body by id. Both are
 * shared by all stores of a process. A name that is not cached is found again from a flow that has
 * the trait (`query/lenses/trait-names.ts`).
 */
const ids = new Map<string, bigint>();
const names = new Map<bigint, string>();

/** The id of a trait, as a number and as hex digits. */
export interface TraitRef {
  id: bigint;
  hex: string;
}
/** Holds refs by kind and by each part of the body: one level of maps for each. */
const refs = new Map<string, RefsOrRef>();
type RefsOrRef = Map<string, RefsOrRef> | TraitRef;

/** Returns the id of a trait, 64 bits. Equal bodies have equal ids. */
export function traitId<K extends TraitKind>(kind: K, body: TraitBodies[K]): bigint {
  return idOf(kind, JSON.stringify(body));
}

/**
 * As `traitId`, for the kinds that every flow has many of. The body is made only if the trait is
 * new: it must be made of `parts` alone, of which a kind always has the same number.
 */
export function traitRef<K extends TraitKind>(
  kind: K,
  parts: readonly string[],
  bodyOf: () => TraitBodies[K],
): TraitRef {
  let found = refs.get(kind);
  for (let i = 0; i < parts.length && found !== undefined; i++)
    found = (found as Map<string, RefsOrRef>).get(parts[i]!);
  return found === undefined ? addRef(kind, parts, traitId(kind, bodyOf())) : (found as TraitRef);
}

function addRef(kind: TraitKind, parts: readonly string[], id: bigint): TraitRef {
  let level = refs;
  for (const part of [kind, ...parts.slice(0, -1)]) {
    const next = (level.get(part) ?? new Map()) as Map<string, RefsOrRef>;
    level.set(part, next);
    level = next;
  }
  const ref = { id, hex: hexOf(id) };
  level.set(parts.at(-1)!, ref);
  return ref;
}

/**
 * Returns an id that is made from `all`, for traits whose `body` is only a part of what they stand
 * for.
 */
export const traitIdFor = <K extends TraitKind>(
  kind: K,
  all: string,
  body: TraitBodies[K],
): bigint => {
  const id = idOf(kind, all);
  names.set(id, kind + JSON.stringify(body));
  return id;
};

function idOf(kind: TraitKind, text: string): bigint {
  const name = kind + text;
  const known = ids.get(name);
  if (known !== undefined) return known;
  hashName(kind, text);
  const id = (((BigInt(hashed.high) << 32n) | BigInt(hashed.low)) & ~15n) | CODES.get(kind)!;
  if (ids.size >= MAX_KEPT) {
    // Every ref stands for a trait in `ids`, so that this bounds the refs as well.
    ids.clear();
    names.clear();
    refs.clear();
  }
  ids.set(name, id);
  names.set(id, name);
  return id;
}

/** Returns the kind and body of the trait with this id; undefined if they are not cached. */
export function traitNamed(id: bigint): NamedTrait | undefined {
  const name = names.get(id);
  if (name === undefined) return undefined;
  const kind = kindOf(id);
  const body = JSON.parse(name.slice(kind.length)) as NamedTrait['body'];
  return { kind, body } as NamedTrait;
}

/** Returns the id as queries write it (`trait:…`), 16 hex digits. */
export const hexOf = (id: bigint): string => id.toString(16).padStart(16, '0');
