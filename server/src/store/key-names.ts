/** Whole numbers are names of things, or they measure something: which one, a key's name says. */
const NUMBER = /^[-+]?\d+$/;
/** A short number or one with decimals counts or measures something, whatever its key is called. */
const SMALL = /^-?(\d{1,3}|\d*\.\d+)$/;
/** A day of this or the last century, such as 20260131. */
const DAY = /^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/;
const WORD = /\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+/gu;
/** Last words of keys that name something, as in `orderId` or `customer.no`. */
const ID_WORDS = ['id', 'key', 'number', 'no', 'nr'];
/** Words of keys that measure something, as in `amountCents`, unless the last word is of an id. */
const MEASURE_WORDS = new Set(
  (
    'amount total subtotal sum price cost fee tax vat discount balance value worth cents paid bid ' +
    'count quantity qty items size weight length width height volume bytes level stock limit ' +
    'rate score points percent age duration year month week day date time timestamp at until due ' +
    'ms millis seconds minutes hours'
  ).split(' '),
);

/** Returns the words of a name in lower case: those of `invoice_NO` are `invoice` and `no`. */
const wordsOf = (name: string): string[] => (name.match(WORD) ?? []).map((w) => w.toLowerCase());

/** Returns whether a value counts or measures something, so that equal ones relate strangers. */
export function isMeasure(key: string, value: string): boolean {
  if (SMALL.test(value)) return true;
  if (!NUMBER.test(value)) return false;
  const words = wordsOf(key);
  if (ID_WORDS.includes(words.at(-1) ?? '')) return false;
  return DAY.test(value) || words.some((word) => MEASURE_WORDS.has(word));
}

/**
 * Returns whether a key whose value is the explicit id of a flow of this type names that flow. If
 * the id is a number, equal values of other keys are frequent. So the key has to be one of an id,
 * or has to be called as the type is: `order` or `orderid` for `order-fulfilment`.
 */
export function namesFlow(key: string, value: string, type: string): boolean {
  if (isMeasure(key, value)) return false;
  if (!NUMBER.test(value)) return true;
  const words = wordsOf(key);
  if (ID_WORDS.includes(words.at(-1) ?? '')) return true;
  const ofType = wordsOf(type);
  return [...ofType, ofType.join('')].some((name) =>
    ['', ...ID_WORDS].some((id) => words.join('') === name + id),
  );
}
