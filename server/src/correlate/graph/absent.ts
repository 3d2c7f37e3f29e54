import type { Span, SpanKey } from '../../model/span.ts';
import type { Node } from './node.ts';
import { hasStrongId, isBatch, isConsumer } from '../../model/roles.ts';

/**
 * Spans that are not here and that several name, as their parent or as what they took their message
 * from: each is one place, and holds together who names it. Not where it sent several messages:
 * those who took different ones are strangers.
 */
export interface Absent {
  /** `others`: who named it before. */
  named(key: SpanKey, by: Node, others: Iterable<Node>): void;
  unnamed(key: SpanKey, by: Node): void;
  /** It came, or nobody names it any more. */
  forget(key: SpanKey): void;
  /** Whether it is one for those whose parent it is, and for those who took a message from it. */
  placeOf(key: SpanKey): Place;
  /** Different messages were taken from it. */
  isMixed(key: SpanKey): boolean;
  /** Whose flow depends on it. */
  countOf(key: SpanKey): number;
}

export interface Place {
  orphans: boolean;
  takers: boolean;
  /** Somebody's parent is among them: it is named by its trace, as they are. */
  inTrace: boolean;
}

export const NO_PLACE: Place = { orphans: false, takers: false, inTrace: false };

/** Of a span that several name. */
interface Named {
  orphans: number;
  takers: number;
  /** What was taken from it, by destination: how often each message. */
  taken: Map<string, Map<string, number>>;
  /** Destinations of which different messages were taken. */
  mixed: number;
}

/** Its flow depends on who else took a message from that span, if it is absent. */
export const asksTakers = (span: Span, key: SpanKey): boolean =>
  isConsumer(span.role) &&
  !isBatch(span) &&
  !hasStrongId(span) &&
  span.links.length === 1 &&
  span.links[0] === key;
/**
 * Its flow depends on who else has the same absent parent, or theirs on it: under a poll everybody
 * is a stranger.
 */
export const asksOrphans = (span: Span): boolean =>
  span.parent !== '' && (!hasStrongId(span) || isPolled(span));
/** Whatever it happened in looks like a poll. */
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
