/**
 * Replaces the variable parts of a name, such as the id of an order, by `*`. Names are learned, so
 * their number must not grow with the number of orders. All functions are pure.
 */

/** Stands for any value of a part of a name, as in topic subscriptions. */
export const ANY = '*';
/**
 * Separators between the parts of a routing key, a topic or a subject. The parentheses make `split`
 * keep the separators.
 */
const SEPARATORS = /([./:])/;
/** Splits a name into its parts. Every second element is a separator. */
export const partsOf = (name: string): string[] => name.split(SEPARATORS);

const UUID = '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}';
/**
 * Matches parts that identify a single thing: numbers and times, ids, and words that end in a
 * number of several digits. A version such as `v2` does not match.
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

/**
 * Replaces by `*` each part of a routing key that identifies a single thing, such as an order id.
 */
export const withoutIds = (key: string): string =>
  /\d/.test(key)
    ? partsOf(key)
        .map((part) => (isOneThing(part) ? ANY : part))
        .join('')
    : key;

/**
 * Replaces by `*` each part of a destination's name that identifies a single thing, except the
 * first part, because the name that somebody gave to a queue stays as it is.
 */
export const destinationWithoutIds = (name: string): string =>
  /\d/.test(name)
    ? partsOf(name)
        .map((part, i) => (i > 0 && isOneThing(part) ? ANY : part))
        .join('')
    : name;
