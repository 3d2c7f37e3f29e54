import type { Span, SpanKey } from '../../model/span.ts';
import type { Node } from './node.ts';
import { mayNameFlow } from '../../model/keys.ts';
import { hasStrongId, isAnnouncement, isBatch, isConsumer } from '../../model/roles.ts';

/**
 * Keeps the absent spans that several other spans refer to, as their parent or as the source of
 * their message. An absent span was not received. It joins the spans that refer to it into one
 * flow. It does not join consumers that took different messages from it, because these are
 * unrelated.
 */
export interface Absent {
  /** Records that the span `by` refers to an absent span, to which `others` referred before. */
  named(key: SpanKey, by: Node, others: Iterable<Node>): void;
  unnamed(key: SpanKey, by: Node): void;
  /**
   * Forgets an absent span, because it was received or because fewer than two spans still refer to
   * it.
   */
  forget(key: SpanKey): void;
  /**
   * Returns whether the absent span joins its children, and whether it joins the consumers that
   * took a message from it.
   */
  placeOf(key: SpanKey): Place;
  /** Returns whether consumers took different messages from the absent span. */
  isMixed(key: SpanKey): boolean;
  /** Returns the number of spans whose flow depends on the absent span. */
  countOf(key: SpanKey): number;
}

export interface Place {
  orphans: boolean;
  takers: boolean;
  /**
   * True if the absent span is the parent of a span that may name a flow (`mayNameFlow`). The flow
   * of the joined spans is then named by the absent span's trace alone. Other children do not
   * count, as an evicted flow is not found by their trace (invariant I1, `absent.test.ts`).
   */
  inTrace: boolean;
}

export const NO_PLACE: Place = { orphans: false, takers: false, inTrace: false };

/** Counts of the spans that refer to one absent span, by how they refer to it. */
interface Named {
  orphans: number;
  /** Number of those orphans that may name a flow. */
  naming: number;
  takers: number;
  /** Number of consumers of each message taken from the absent span, by destination and message. */
  taken: Map<string, Map<string, number>>;
  /** Number of destinations from which several different messages were taken. */
  mixed: number;
}

/**
 * Returns whether a consumer's flow depends on which other consumers took a message from the span
 * `key`, as long as that span is absent.
 */
export const asksTakers = (span: Span, key: SpanKey): boolean =>
  isConsumer(span.role) &&
  !isBatch(span) &&
  !hasStrongId(span) &&
  span.links.length === 1 &&
  span.links[0] === key;
/**
 * Returns whether this span and others with the same absent parent decide each other's flow. A
 * consumer with links is included even if it has a flow id of its own, because it shows that the
 * parent was a poll, whose children are unrelated.
 */
export const asksOrphans = (span: Span): boolean =>
  span.parent !== '' && (!hasStrongId(span) || isPolled(span));
/**
 * Returns whether the span is a consumer with links. Its parent then looks like a span that polled
 * for messages. A log event does not count, because its parent is the delivery that the event
 * announces.
 */
export const isPolled = (span: Span): boolean =>
  isConsumer(span.role) && span.links.length > 0 && !isAnnouncement(span);

export function createAbsent(): Absent {
  const several = new Map<SpanKey, Named>();

  const count = (named: Named, key: SpanKey, { span }: Node, by: 1 | -1): void => {
    if (span.parent === key) {
      if (asksOrphans(span)) named.orphans += by;
      if (mayNameFlow(span)) named.naming += by;
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
        several.set(
          key,
          (known = { orphans: 0, naming: 0, takers: 0, taken: new Map(), mixed: 0 }),
        );
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
      return { orphans: true, takers: known.mixed === 0, inTrace: known.naming > 0 };
    },
  };
}
