import type { Span, SpanKey } from '../../model/span.ts';
import type { Node } from './node.ts';
import { hasStrongId, isBatch, isConsumer } from '../../model/roles.ts';

/**
 * Absent spans are referred to by several others, as parent or as the source of their message, and
 * were not received. Each is one place that joins the spans that refer to it. If different messages
 * were taken from it, it joins none of their consumers: they are unrelated.
 */
export interface Absent {
  /** Records a reference. `others` referred to the span before. */
  named(key: SpanKey, by: Node, others: Iterable<Node>): void;
  unnamed(key: SpanKey, by: Node): void;
  /** Forgets the span, because it was received or nothing refers to it any more. */
  forget(key: SpanKey): void;
  /** Tells whether it joins the spans whose parent it is, and those that took a message from it. */
  placeOf(key: SpanKey): Place;
  /** Consumers took different messages from it. */
  isMixed(key: SpanKey): boolean;
  /** Number of spans whose flow depends on it. */
  countOf(key: SpanKey): number;
}

export interface Place {
  orphans: boolean;
  takers: boolean;
  /** It is the parent of at least one of them, so that all are named by its trace. */
  inTrace: boolean;
}

export const NO_PLACE: Place = { orphans: false, takers: false, inTrace: false };

/** Counts what refers to one absent span. */
interface Named {
  orphans: number;
  takers: number;
  /** Messages taken from it, by destination, each with the number of its consumers. */
  taken: Map<string, Map<string, number>>;
  /** Number of destinations from which different messages were taken. */
  mixed: number;
}

/** The consumer's flow depends on which others took a message from that span, if it is absent. */
export const asksTakers = (span: Span, key: SpanKey): boolean =>
  isConsumer(span.role) &&
  !isBatch(span) &&
  !hasStrongId(span) &&
  span.links.length === 1 &&
  span.links[0] === key;
/**
 * The span's flow depends on which others have the same absent parent, or their flow on it. Below a
 * poll, spans with one parent are unrelated.
 */
export const asksOrphans = (span: Span): boolean =>
  span.parent !== '' && (!hasStrongId(span) || isPolled(span));
/** A consumer with links: its parent looks like a poll. */
export const isPolled = ({ role, links }: Span): boolean => isConsumer(role) && links.length > 0;

export function createAbsent(): Absent {
  const several = new Map<SpanKey, Named>();

  const count = (named: Named, key: SpanKey, { span }: Node, by: 1 | -1): void => {
    if (span.parent === key) {
      if (asksOrphans(span)) named.orphans += by;
      return;
    }
    if (!asksTakers(span, key)) return;
    named.takers += by;
    const { position, id, destination } = span.message!;
    const name = position || id;
    if (name === '') return;
    let names = named.taken.get(destination);
    if (names === undefined) named.taken.set(destination, (names = new Map<string, number>()));
    const before = names.size;
    const left = (names.get(name) ?? 0) + by;
    if (left === 0) names.delete(name);
    else names.set(name, left);
    named.mixed += Number(names.size > 1) - Number(before > 1);
  };

  const countOf = (key: SpanKey): number => {
    const known = several.get(key);
    return known === undefined ? 0 : known.orphans + known.takers;
  };

  return {
    named(key, by, others) {
      let known = several.get(key);
      if (known === undefined) {
        several.set(key, (known = { orphans: 0, takers: 0, taken: new Map(), mixed: 0 }));
        for (const other of others) count(known, key, other, 1);
      }
      count(known, key, by, 1);
    },
    unnamed(key, by) {
      const known = several.get(key);
      if (known !== undefined) count(known, key, by, -1);
    },
    forget: (key) => void several.delete(key),
    isMixed: (key) => (several.get(key)?.mixed ?? 0) > 0,
    countOf,
    placeOf(key) {
      const known = several.get(key);
      if (known === undefined || countOf(key) < 2) return NO_PLACE;
      return { orphans: true, takers: known.mixed === 0, inTrace: known.orphans > 0 };
    },
  };
}
