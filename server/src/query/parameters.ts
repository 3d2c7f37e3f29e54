import { z } from 'zod';
import { FermataError } from '../base/errors.ts';
import { unixNanos, type UnixNanos } from '../model/time.ts';

/**
 * This file has schemas for values that requests carry as text. Each schema also has the JSON
 * schema that OpenAPI shows for it, because a check of text does not describe numbers and dates.
 * Wrong values are rejected and never guessed at.
 */
export type JsonSchema = Readonly<Record<string, unknown>>;
const described = new WeakMap<object, JsonSchema>();

/** Sets the JSON schema that OpenAPI shows for a value. */
export function shownAs<S extends z.ZodType>(schema: S, shown: JsonSchema): S {
  described.set(schema, shown);
  return schema;
}

/** Returns the JSON schema of the input that clients send. */
export const jsonSchemaOf = (schema: z.ZodType): Record<string, unknown> => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema }) {
      // The default is shown as it is after conversion, although clients send text.
      const { def } = zodSchema._zod;
      if (def.type === 'default') jsonSchema.default = def.defaultValue;
      const shown = described.get(zodSchema);
      if (shown === undefined) return;
      const of: Record<string, unknown> = jsonSchema;
      for (const key of Object.keys(of)) if (key !== 'description') delete of[key];
      Object.assign(of, shown);
    },
  });
  return rest;
};

/** Schema of a whole number in decimal digits: `0x10`, `1e2` and ` 10` are rejected. */
export const whole = (minimum: number, maximum: number) =>
  shownAs(
    z
      .string()
      .regex(/^\d{1,16}$/, 'is not a whole number')
      .transform(Number)
      .pipe(z.number().int().min(minimum).max(maximum)),
    { type: 'integer', minimum, maximum },
  );

/** Schema of a number as JSON writes it, 0 or more. */
export const decimal = (minimum: number, maximum: number) =>
  shownAs(
    z
      .string()
      .regex(/^\d{1,16}(\.\d{1,20})?(e[+-]?\d{1,3})?$/, 'is not a decimal number')
      .transform(Number)
      .pipe(z.number().min(minimum).max(maximum)),
    { type: 'number', minimum, maximum },
  );

const textOf = (value: string | string[]): string[] =>
  [value]
    .flat()
    .flatMap((item) => item.split(','))
    .filter((item) => item !== '');

/** Schema of a parameter that may be repeated, or hold several texts separated by commas. */
export const many = () =>
  shownAs(z.union([z.string(), z.array(z.string())]).transform(textOf), {
    type: 'array',
    items: { type: 'string' },
  });

/**
 * Schema of a parameter that may be repeated, or hold several of these words separated by commas.
 */
export const manyOf = <Word extends string>(words: readonly Word[]) =>
  shownAs(
    z
      .union([z.string(), z.array(z.string())])
      .transform(textOf)
      .pipe(
        z.array(
          z.enum(words as readonly [Word, ...Word[]], {
            error: ({ input }) => `"${String(input)}" is none of ${words.join(', ')}`,
          }),
        ),
      ),
    { type: 'array', items: { type: 'string', enum: words } },
  );

const DATE =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const DIGITS = /^\d{1,20}$/;

/**
 * Schema of an instant: nanoseconds since 1970, or ISO 8601 with a zone and up to nine decimals.
 */
export const instant = () =>
  shownAs(
    z
      .string()
      .refine(
        (text) => DIGITS.test(text) || DATE.test(text),
        'is neither nanoseconds nor ISO 8601 with a zone',
      ),
    {
      anyOf: [
        { type: 'string', format: 'date-time' },
        // The pattern allows numbers up to 64 bits; it excludes the highest ones, which no instant
        // reaches.
        { type: 'string', pattern: '^(\\d{1,19}|1[0-7]\\d{18}|18[0-3]\\d{17})$' },
      ],
    },
  );

const MAX_UINT64 = 0xffffffffffffffffn;

/**
 * Reads an instant in either form that `instant` allows. An ISO date before 1970, or beyond 64 bits
 * of nanoseconds, is moved to the nearest instant that a span can have; this finds the same flows.
 */
export function readInstant(text: string): UnixNanos {
  if (DIGITS.test(text)) {
    const value = BigInt(text);
    if (value > MAX_UINT64) throw new FermataError('query.invalid', 'time is beyond 64 bits');
    return unixNanos(value);
  }
  const [, year, month, day, hour, minute, second, fraction = '', zone] = DATE.exec(text) ?? [];
  const local = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // For a date that does not exist, such as February 30, `Date` gives another day or none.
  const isReal = !Number.isNaN(local.getTime()) && local.getUTCDate() === Number(day);
  if (!isReal || hour === '24') throw new FermataError('query.invalid', `"${text}" is not a time`);
  const seconds = Date.parse(`${local.toISOString().slice(0, 19)}${zone}`) / 1000;
  const value = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  return unixNanos(value < 0n ? 0n : value > MAX_UINT64 ? MAX_UINT64 : value);
}
