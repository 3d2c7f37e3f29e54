import type { Query } from '../../model/search.ts';
import { durationIn, fieldOf } from './fields.ts';
import { tokenize, wrong, type Token } from './tokens.ts';

const MAX_DEPTH = 20;

/**
 * Parses a query, which filters a list, is saved as a view or serves as the rule of an alert.
 * Returns null for an empty text. Examples:
 *
 *   status:stuck type:order-* duration>5m -service:email "free text"
 *   OrderPlaced > PaymentCaptured within 5m
 *   OrderPlaced !> PaymentCaptured within 15m
 *   (failed:ChargeCard or retries>3) and not since:2h
 *
 * Grammar:
 *   or = and {"or" and}; and = not {["and"] not}; not = ("not" | "-") not | atom;
 *   atom = "(" or ")" | field:value | field op number | word (">" | "!>") word ["within" duration] |
 *          word.
 */
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
    if (++depth > MAX_DEPTH) throw wrong('too deeply nested', token.column);
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
    if (next && !next.quoted && (next.text === '>' || next.text === '!>'))
      return order(token, next);
    if (token.quoted) return { kind: 'text', text: token.text };
    return fieldOf(token, nowMs) ?? { kind: 'text', text: token.text };
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
      withinMs = durationIn(value.text, value.column);
    }
    return { kind: 'order', first: first.text, then: then.text, withinMs, not: op.text === '!>' };
  };
  if (tokens.length === 0) return null;
  const query = or();
  const left = peek();
  if (left !== undefined) throw wrong(`"${left.text}" has no partner`, left.column);
  return query;
}
