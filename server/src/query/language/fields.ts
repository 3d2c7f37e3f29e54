import { durationMs, isDuration } from '../../base/duration.ts';
import { closestTo } from '../../base/spelling.ts';
import { FLOW_STATUSES } from '../../contract/index.ts';
import {
  DURATIONS,
  NUMBER_FIELDS,
  TEXT_FIELDS,
  USUAL_QUANTILES,
  type Comparison,
  type NumberField,
  type Query,
  type TextField,
} from '../../model/search.ts';
import { likes } from '../../model/search-match.ts';
import { unquote, wrong, type Token } from './tokens.ts';

/**
 * Lists all possible values of those fields that have a fixed set of values. A value that is not
 * listed is an error, because a misspelt value would otherwise find nothing without any warning.
 */
const VALUES: Partial<Record<TextField, readonly string[]>> = {
  status: FLOW_STATUSES,
  health: ['ok', 'late', 'stuck'],
  outcome: ['completed', 'failed', 'compensated', 'cancelled', 'timed_out'],
};
/**
 * Returns whether the name is that of a text field. `hasOwn` is used instead of `in`, because every
 * object also has inherited names such as `constructor`.
 */
const isTextField = (name: string): name is TextField => Object.hasOwn(TEXT_FIELDS, name);
const isNumberField = (name: string): name is NumberField => Object.hasOwn(NUMBER_FIELDS, name);
const NUMBER = /^([a-z]+)(>=|<=|>|<|=)(.*)$/;

/**
 * Parses a token that is a field with a value or a comparison. Returns null if the token is free
 * text. Throws if the token looks like a field but the field or its value is wrong.
 */
export function fieldOf(token: Token, nowMs: number): Query | null {
  const colon = token.text.indexOf(':');
  if (colon > 0) {
    const field = token.text.slice(0, colon).toLowerCase();
    const value = unquote(token.text.slice(colon + 1));
    const column = token.column + colon + 1;
    if (value === '') throw wrong(`${field}: needs a value`, column);
    if (field.startsWith('@')) return attribute(token.text.slice(1, colon), value, token.column);
    if (field === 'trait') return trait(value, column);
    if (field === 'since' || field === 'before')
      return { kind: 'time', op: field, atMs: instant(value, column, nowMs) };
    if (isTextField(field)) {
      const known = VALUES[field];
      if (known && !known.some((one) => likes(value, one)))
        throw wrong(`${field} is never "${value}"; there are ${known.join(', ')}`, column);
      return { kind: 'field', field, value };
    }
    if (isNumberField(field)) throw wrong(`${field} is a number: write ${field}>5`, token.column);
    throw wrong(`${field} is not a field${nearest(field)}`, token.column);
  }
  const match = NUMBER.exec(token.text);
  if (match === null) return null;
  const [, field = '', op = '', value = ''] = match;
  if (!isNumberField(field)) {
    if (isTextField(field))
      throw wrong(`${field} is text: write ${field}:${value || 'value'}`, token.column);
    throw wrong(`${field} is not a number of a flow${nearest(field)}`, token.column);
  }
  const column = token.column + field.length + op.length;
  if (field === 'duration' && /^p\d+$/i.test(value))
    return usual(op as Comparison, value.toLowerCase(), column);
  const number = DURATIONS.has(field)
    ? durationIn(value, column)
    : /^\d{1,12}(\.\d{1,6})?$/.test(value)
      ? Number(value)
      : NaN;
  if (Number.isNaN(number)) throw wrong(`"${value}" is not a number`, column);
  return { kind: 'number', field, op: op as Comparison, value: number };
}

/** Maximum number of characters of an attribute's name. */
const MAX_NAME = 200;

function attribute(name: string, value: string, column: number): Query {
  if (name === '') throw wrong('which attribute? For example @region:eu', column);
  if (name.length > MAX_NAME) throw wrong('no attribute has so long a name', column);
  return { kind: 'attribute', name, value };
}

function usual(op: Comparison, value: string, column: number): Query {
  const quantile = USUAL_QUANTILES.find((one) => one === value);
  if (quantile === undefined)
    throw wrong(`of a type ${USUAL_QUANTILES.join(' and ')} are known, not ${value}`, column);
  return { kind: 'usual', op, quantile };
}

function trait(value: string, column: number): Query {
  if (!/^[0-9a-f]{16}$/i.test(value))
    throw wrong(`"${value}" is no trait; lenses give their ids, of 16 digits`, column);
  return { kind: 'trait', id: value.toLowerCase() };
}

export function durationIn(text: string, column: number): number {
  const ms = durationMs(text);
  if (ms !== null) return ms;
  // A unit alone would not help if the number is too long, so the message says that it is.
  const isLong = /^\d{10,}(\.\d+)?[a-z]+$/.test(text);
  throw wrong(
    isLong
      ? `"${text}" has more than nine digits; write it in a larger unit`
      : `"${text}" is not a time like 30s, 15m or 2h`,
    column,
  );
}

function instant(text: string, column: number, nowMs: number): number {
  if (isDuration(text)) return nowMs - durationIn(text, column);
  const at = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at))
    throw wrong(`"${text}" is neither a time like 2h nor a date like 2026-01-31`, column);
  return at;
}

function nearest(name: string): string {
  const fields = [
    ...Object.keys(TEXT_FIELDS),
    ...Object.keys(NUMBER_FIELDS),
    ...['since', 'before', 'trait'],
  ];
  const closest = closestTo(name, fields);
  return closest === undefined ? `; there are ${fields.join(', ')}` : `; did you mean ${closest}?`;
}
