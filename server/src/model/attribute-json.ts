import {
  doubleValue,
  KeyValues,
  WholeDouble,
  type Attributes,
  type AttributeValue,
} from './otlp.ts';

const PLAIN = /^[^"\\\u0000-\u001f]*$/;
/** Maximum length of a text for which a loop is faster than a regular expression. */
const SHORT = 40;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/**
 * Returns whether `text` needs no escaping in JSON. Quotes can then be put around it without
 * `JSON.stringify`.
 */
export function isPlain(text: string): boolean {
  if (text.length > SHORT) return PLAIN.test(text);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < SPACE || code === QUOTE || code === BACKSLASH) return false;
  }
  return true;
}

/**
 * Returns an attribute value as JSON. Texts, booleans, safe integers and finite fractions keep
 * their JSON type. Any other value becomes an object with one key (`int`, `double`, `bytes` or
 * `map`), because JSON cannot hold it exactly. `attributesFromJson` parses such objects.
 */
export function valueJson(value: AttributeValue): string {
  switch (typeof value) {
    case 'string':
      return isPlain(value) ? `"${value}"` : JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? String(value)
        : `{"double":"${Object.is(value, -0) ? '-0' : value}"}`;
    case 'bigint':
      return `{"int":"${value}"}`;
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${value.map(valueJson).join(',')}]`;
      if (value instanceof KeyValues) {
        const pairs: string[] = [];
        for (let i = 0; i < value.list.length; i += 2)
          pairs.push(`[${JSON.stringify(value.list[i])},${valueJson(value.list[i + 1]!)}]`);
        return `{"map":[${pairs.join(',')}]}`;
      }
      if (value instanceof WholeDouble) return `{"double":"${value.value}"}`;
      return `{"bytes":"${Buffer.from(value).toString('base64')}"}`;
  }
}

/**
 * Returns whether all numbers in the value are doubles. Such a value is stored as plain numbers,
 * which SQL queries can compare. The attribute's name is stored as well, so that the type is known
 * when the value is read.
 */
export const isAllDouble = (value: AttributeValue): boolean =>
  value instanceof WholeDouble ||
  (Array.isArray(value) &&
    value.some((item) => item instanceof WholeDouble) &&
    value.every((item) => item instanceof WholeDouble || isFraction(item)));
const isFraction = (value: AttributeValue): boolean =>
  typeof value === 'number' && !Number.isSafeInteger(value);

/** Converts a value for which `isAllDouble` is true to plain numbers. */
export const plainDoubles = (value: AttributeValue): AttributeValue =>
  value instanceof WholeDouble
    ? value.value
    : Array.isArray(value)
      ? value.map(plainDoubles)
      : value;

/**
 * Converts attribute values that consist of doubles to plain numbers. Also returns the names of
 * these attributes.
 */
export function withPlainDoubles(attributes: Attributes): { plain: Attributes; doubles: string[] } {
  const doubles: string[] = [];
  const plain = attributes.map((value, i) => {
    if (i % 2 === 0 || !isAllDouble(value)) return value;
    doubles.push(attributes[i - 1] as string);
    return plainDoubles(value);
  });
  return { plain, doubles };
}

/**
 * Parses the attributes of a stored span, whose values `valueJson` wrote. `doubles` are the names
 * of attributes that are doubles although they were written as plain numbers.
 */
export function attributesFromJson(text: string, doubles: readonly string[] = []): Attributes {
  if (text === '') return [];
  const flat: Attributes = [];
  for (const [key, value] of Object.entries(JSON.parse(text) as Record<string, unknown>)) {
    const read = valueFromJson(value);
    flat.push(key, doubles.includes(key) ? asDoubles(read) : read);
  }
  return flat;
}

const asDoubles = (value: AttributeValue): AttributeValue =>
  typeof value === 'number'
    ? doubleValue(value)
    : Array.isArray(value)
      ? value.map(asDoubles)
      : value;

function valueFromJson(value: unknown): AttributeValue {
  if (Array.isArray(value)) return value.map(valueFromJson);
  if (typeof value !== 'object' || value === null) return value as AttributeValue;
  const [kind, content] = (Object.entries(value) as [string, unknown][])[0] ?? ['', ''];
  switch (kind) {
    case 'int':
      return BigInt(content as string);
    case 'double':
      return doubleValue(Number(content));
    case 'bytes':
      return new Uint8Array(Buffer.from(content as string, 'base64'));
    case 'map':
      return new KeyValues(
        (content as [string, unknown][]).flatMap(([k, v]) => [k, valueFromJson(v)]),
      );
    default:
      return null;
  }
}
