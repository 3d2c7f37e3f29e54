import { expect, test } from 'vitest';
import { parseQuery } from '../language/parse.ts';
import { quoted } from './population.ts';

test('a value is found by the query that names it, whatever it has within', () => {
  const value = (text: string) => parseQuery(`step:${quoted(text)}`, 0);
  for (const text of ['ship', 'ship order', 'a\\b', '(x) or y', 'naïve'])
    expect(value(text)).toEqual({ kind: 'field', field: 'step', value: text });
  expect(value('say "hi" now')).toEqual({ kind: 'field', field: 'step', value: 'say *hi* now' });
});
