/**
 * Replaces those parts of a name that stand for one thing, such as the id of an order. Names are
 * learned, so their number must not grow with the number of orders. All functions are pure.
 */

/** Stands for all values of one part of a name, as in the topics that a consumer subscribes to. */
export const ANY = '*';
/** Separates the parts of a routing key, a topic or a subject; kept by `partsOf`. */
const SEPARATORS = /([./:])/;
/** Returns the parts of a name. Every second part is a separator. */
export const partsOf = (name: string): string[] => name.split(SEPARATORS);

const UUID = '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}';
/**
 * Lists forms of parts that stand for one thing: numbers and times, ids, and words with a number of
 * several digits. A version, such as `v2`, has none of these forms.
 */
const ONE_THING = new RegExp(
  `^(?:${[
    '\\d+',
    '\\d[\\dT_-]{5,}',
    UUID,
    '(?=[a-f]*\\d)[0-9a-f]{12,}',
    '(?=[a-z]*\\d)[0-9a-z]{20,}',
    '[a-z]+[-_#]\\d{2,}',
    '[a-z]+\\d{4,}',
  ].join('|')})$`,
  'i',
);
const isOneThing = (part: string): boolean => ONE_THING.test(part);

/** Returns a routing key with `*` in place of each part that stands for one thing. */
export const withoutIds = (key: string): string =>
  /\d/.test(key)
    ? partsOf(key)
        .map((part) => (isOneThing(part) ? ANY : part))
        .join('')
    : key;

/**
 * Returns the name of a destination with `*` in place of each part that stands for one thing. The
 * first part stays, because a queue that somebody created is named as a whole.
 */
export const destinationWithoutIds = (name: string): string =>
  /\d/.test(name)
    ? partsOf(name)
        .map((part, i) => (i > 0 && isOneThing(part) ? ANY : part))
        .join('')
    : name;
