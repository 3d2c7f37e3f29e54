import { NUMBER_FIELDS, TEXT_FIELDS, USUAL_QUANTILES } from '../../model/search.ts';
import { unquote } from './tokens.ts';

/** Comparisons of the duration with the usual quantiles of a flow's type, the most useful first. */
const USUAL = [...USUAL_QUANTILES].reverse().map((quantile) => `duration>${quantile}`);

/**
 * Returns possible completions of the last word of a query: names of fields, values of a field, and
 * steps.
 */
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
    ...(word.length > 1 ? among(USUAL, word) : []),
    ...among(values.step, word).map(quoted),
  ];
}
