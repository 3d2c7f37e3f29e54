import { FermataError } from '../../base/errors.ts';

export interface Token {
  text: string;
  /** Column in the query at which the token begins, counted from 1. */
  column: number;
  quoted: boolean;
}

const MAX_TOKENS = 200;

/**
 * Splits a query into words, quoted texts, parentheses, minus signs and the two arrows. A quoted
 * text may also follow a colon within a word.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const c = text[at]!;
    if (/\s/.test(c)) {
      at++;
      continue;
    }
    if (tokens.length >= MAX_TOKENS) throw wrong('too long', at + 1);
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

export const unquote = (text: string): string => text.replaceAll('"', '');

/** Returns an error that tells what is wrong with a query, and at which column. */
export function wrong(what: string, column: number): FermataError {
  return new FermataError('query.invalid', `column ${column}: ${what}`, {
    hint: 'Put text that contains a colon or a comparison into quotation marks.',
  });
}
