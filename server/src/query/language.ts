import { durationMs, isDuration } from '../base/duration.ts';
import { FermataError } from '../base/errors.ts';
import { FLOW_STATUSES } from '../contract/index.ts';
import {
  DURATIONS,
  NUMBER_FIELDS,
  TEXT_FIELDS,
  type Comparison,
  type NumberField,
  type Query,
  type TextField,
} from '../model/search.ts';
import { likes } from '../model/search-match.ts';

/**
 * The query language: one text for a list's filter, a saved view and an alert.
 *
 *   status:stuck type:order-* duration>5m -service:email "free text"
 *   OrderPlaced > PaymentCaptured within 5m
 *   OrderPlaced !> PaymentCaptured within 15m
 *   (failed:ChargeCard or retries>3) and not since:2h
 *
 * Grammar: or = and {"or" and}; and = not {["and"] not}; not = ("not" | "-") not | atom;
 * atom = "(" or ")" | field:value | field op number | word (">" | "!>") word ["within" duration] | word.
 */
interface Token {
  text: string;
  /** Column in the query, from 1. */
  column: number;
  quoted: boolean;
}

const MOST_TOKENS = 200;
const DEEPEST = 20;
/** Fields of which every value is known: a misspelt one would find nothing, for ever and silently. */
const VALUES: Partial<Record<TextField, readonly string[]>> = {
  status: FLOW_STATUSES,
  health: ['ok', 'late', 'stuck'],
  outcome: ['completed', 'failed', 'compensated', 'cancelled', 'timed_out'],
};
/** Not `in`: every object has a `constructor`. */
const isTextField = (name: string): name is TextField => Object.hasOwn(TEXT_FIELDS, name);
const isNumberField = (name: string): name is NumberField => Object.hasOwn(NUMBER_FIELDS, name);
const NUMBER = /^([a-z]+)(>=|<=|>|<|=)(.*)$/;

export function parseQuery(text: string, nowMs: number): Query | null {
  const tokens = tokenize(text);
  let at = 0;
  let depth = 0;
  const peek = (): Token | undefined => tokens[at];
  const isWord = (word: string): boolean =>
    peek() !== undefined && !peek()!.quoted && peek()!.text.toLowerCase() === word;

  const or = (): Query => {
    const parts = [and()];
    while (isWord('or')) {
      at++;
      parts.push(and());
    }
    return parts.length === 1 ? parts[0]! : { kind: 'or', of: parts };
  };
  const and = (): Query => {
    const parts = [not()];
    for (;;) {
      if (isWord('and')) at++;
      else if (peek() === undefined || isWord('or') || isWord(')')) break;
      parts.push(not());
    }
    return parts.length === 1 ? parts[0]! : { kind: 'and', of: parts };
  };
  const not = (): Query => {
    const token = peek();
    if (token === undefined) throw wrong('something is missing at the end', text.length + 1);
    if (++depth > DEEPEST) throw wrong('too deeply nested', token.column);
    try {
      if (isWord('not') || isWord('-')) {
        at++;
        return { kind: 'not', of: not() };
      }
      return atom(token);
    } finally {
      depth--;
    }
  };
  const atom = (token: Token): Query => {
    at++;
    if (!token.quoted && token.text === '(') {
      const inner = or();
      if (!isWord(')')) throw wrong('this parenthesis is never closed', token.column);
      at++;
      return inner;
    }
    if (!token.quoted && /^(\)|and|or|>|!>|within)$/i.test(token.text))
      throw wrong(`"${token.text}" has nothing before it`, token.column);
    const next = peek();
    if (next && !next.quoted && (next.text === '>' || next.text === '!>')) return order(token, next);
    if (token.quoted) return { kind: 'text', text: token.text };
    return fieldOf(token) ?? { kind: 'text', text: token.text };
  };
  const order = (first: Token, op: Token): Query => {
    at++;
    const then = peek();
    if (then === undefined)
      throw wrong(`which step should come after "${first.text}"?`, op.column + op.text.length);
    at++;
    let withinMs: number | null = null;
    if (isWord('within')) {
      const { column } = peek()!;
      at++;
      const value = peek();
      if (value === undefined) throw wrong('within how long? For example 15m', column);
      at++;
      withinMs = duration(value.text, value.column);
    }
    return { kind: 'order', first: first.text, then: then.text, withinMs, not: op.text === '!>' };
  };
  const fieldOf = (token: Token): Query | null => {
    const colon = token.text.indexOf(':');
    if (colon > 0) {
      const field = token.text.slice(0, colon).toLowerCase();
      const value = unquote(token.text.slice(colon + 1));
      const column = token.column + colon + 1;
      if (value === '') throw wrong(`${field}: needs a value`, column);
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
    const number = DURATIONS.has(field)
      ? duration(value, column)
      : /^\d{1,12}(\.\d{1,6})?$/.test(value)
        ? Number(value)
        : NaN;
    if (Number.isNaN(number)) throw wrong(`"${value}" is not a number`, column);
    return { kind: 'number', field, op: op as Comparison, value: number };
  };

  if (tokens.length === 0) return null;
  const query = or();
  const left = peek();
  if (left !== undefined) throw wrong(`"${left.text}" has no partner`, left.column);
  return query;
}

/** Words, quoted texts (also after a colon), parentheses, and the two arrows. */
function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const c = text[at]!;
    if (/\s/.test(c)) {
      at++;
      continue;
    }
    if (tokens.length >= MOST_TOKENS) throw wrong('too long', at + 1);
    const column = at + 1;
    if (c === '(' || c === ')') {
      tokens.push({ text: c, column, quoted: false });
      at++;
    } else if (c === '"') {
      const end = text.indexOf('"', at + 1);
      if (end < 0) throw wrong('this quotation is never closed', column);
      tokens.push({ text: text.slice(at + 1, end), column, quoted: true });
      at = end + 1;
    } else if (c === '-' && at + 1 < text.length && !/[\s\d]/.test(text[at + 1]!)) {
      tokens.push({ text: '-', column, quoted: false });
      at++;
    } else {
      let end = at;
      while (end < text.length && !/[\s()]/.test(text[end]!)) {
        if (text[end] === '"') {
          end = text.indexOf('"', end + 1);
          if (end < 0) throw wrong('this quotation is never closed', column);
        }
        end++;
      }
      tokens.push({ text: text.slice(at, end), column, quoted: false });
      at = end;
    }
  }
  return tokens;
}

const unquote = (text: string): string => text.replaceAll('"', '');

function duration(text: string, column: number): number {
  const ms = durationMs(text);
  if (ms === null) throw wrong(`"${text}" is not a time like 30s, 15m or 2h`, column);
  return ms;
}

function instant(text: string, column: number, nowMs: number): number {
  if (isDuration(text)) return nowMs - duration(text, column);
  const at = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at)) throw wrong(`"${text}" is neither a time like 2h nor a date like 2026-01-31`, column);
  return at;
}

function nearest(name: string): string {
  const fields = [...Object.keys(TEXT_FIELDS), ...Object.keys(NUMBER_FIELDS), 'since', 'before'];
  const shared = (other: string): number => {
    let same = 0;
    while (same < name.length && name[same] === other[same]) same++;
    return same;
  };
  const best = fields.map((field) => ({ field, same: shared(field) })).sort((a, b) => b.same - a.same)[0]!;
  return best.same >= 2 ? `; did you mean ${best.field}?` : `; there are ${fields.join(', ')}`;
}

function wrong(what: string, column: number): FermataError {
  return new FermataError('query.invalid', `column ${column}: ${what}`, {
    hint: 'Put text that contains a colon or a comparison into quotation marks.',
  });
}

/** Completions of the last word of a query. */
export function suggest(
  text: string,
  values: {
    type: readonly string[];
    service: readonly string[];
    status: readonly string[];
    step: readonly string[];
  },
): string[] {
  const word = /\S*$/.exec(text)![0].replace(/^[-(]+/, '');
  const colon = word.indexOf(':');
  const among = (list: readonly string[], start: string): string[] =>
    list.filter((item) => item.toLowerCase().startsWith(start.toLowerCase())).slice(0, 20);
  const quoted = (value: string): string =>
    /[\s()"]/.test(value) ? `"${value.replaceAll('"', '')}"` : value;
  if (colon > 0) {
    const field = word.slice(0, colon);
    const known = new Map(Object.entries({ ...values, failed: values.step, missing: values.step }));
    const list = known.get(field);
    return list
      ? among(list, unquote(word.slice(colon + 1))).map((value) => `${field}:${quoted(value)}`)
      : [];
  }
  return [
    ...among(Object.keys(TEXT_FIELDS), word).map((field) => `${field}:`),
    ...among(Object.keys(NUMBER_FIELDS), word).map((field) => `${field}>`),
    ...among(values.step, word).map(quoted),
  ];
}
