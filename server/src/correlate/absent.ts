import type { SpanKey } from '../model/span.ts';
import type { Node } from './graph.ts';
import { isBatch, isConsumer } from './roles.ts';

/**
 * Spans that are not here and that several name, as their parent or as what they took their message from: each is one
 * place, and holds together who names it. Not where it sent several messages: those who took different ones are strangers.
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

/** It took a message from the absent span, as far as it says. */
export const tookFrom = ({ span }: Node, key: SpanKey): boolean =>
  isConsumer(span.role) && !isBatch(span) && span.links.length === 1 && span.links[0] === key;

export function createAbsent(): Absent {
  const several = new Map<SpanKey, Named>();

  const count = (named: Named, key: SpanKey, node: Node, by: 1 | -1): void => {
    if (node.span.parent === key) {
      named.orphans += by;
      return;
    }
    if (!tookFrom(node, key)) return;
    named.takers += by;
    const { position, id, destination } = node.span.message!;
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
    placeOf(key) {
      const known = several.get(key);
      if (known === undefined || known.orphans + known.takers < 2) return NO_PLACE;
      return { orphans: true, takers: known.mixed === 0, inTrace: known.orphans > 0 };
    },
  };
}
