/**
 * Patterns of the parts that vary between error messages of one cause, the most specific first,
 * each with the placeholder that replaces the part. Each expression takes linear time: it has no
 * nested repetition.
 *
 * The list follows what error trackers take out before they group (Sentry, "message
 * parameterization"). A status of HTTP is kept, because it tells the cause.
 */
const VARIABLE: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\b[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}/g, '<email>'],
  [/\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>)\]]+/gi, '<url>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'],
  [/\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?/g, '<time>'],
  [/\b\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\b/g, '<time>'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b/g, '<address>'],
  [/(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}\b/gi, '<address>'],
  [/"[^"]{1,200}"/g, '<text>'],
  [/(?<![\w])'[^']{1,200}'(?!\w)/g, '<text>'],
  [/`[^`]{1,200}`/g, '<text>'],
  [/\b0x[0-9a-f]+\b/gi, '<hex>'],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi, '<hex>'],
  [
    /(?<=\b(?:status|http|code|answered|returned|responded with|got)\W{0,3}(?:code\W{0,3})?)([1-5]\d\d)\b/gi,
    '\0$1\0',
  ],
  [/\b[\w-]*\d[\w-]*(?:[.,]\d+)*(?=[^\w\0]|$)/g, '<n>'],
  [/\0(\d{3})\0/g, '$1'],
];

/**
 * Maximum number of characters of an error message that are compared. Stored messages are shorter,
 * because `normalize/error.ts` cuts them.
 */
const MAX_CHARACTERS = 500;

/**
 * Returns the message with its variable parts taken out, so that failures of one cause have one
 * text: `order 42 is unknown` becomes `order <n> is unknown`.
 */
export function messagePattern(message: string): string {
  let text = message.slice(0, MAX_CHARACTERS).replaceAll('\0', ' ').replace(/\s+/g, ' ').trim();
  for (const [pattern, name] of VARIABLE) text = text.replace(pattern, name);
  return text;
}
