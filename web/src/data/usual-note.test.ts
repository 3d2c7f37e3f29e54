import { expect, test } from 'vitest';
import { readFilter } from './filter.ts';
import { usualNote } from './usual-note.ts';

const NOW = Date.parse('2026-01-31T12:00:00Z');
async function noteOf(query: string, isNothingUsual: boolean) {
  const asked: string[] = [];
  const filter = readFilter(new URLSearchParams(query));
  const note = await usualNote(filter, NOW, async (search) => {
    asked.push(decodeURIComponent(search.toString()));
    return { isNothingUsual };
  });
  return { note, asked };
}

test('an empty list says that nothing is usual, if the server says so of its filter', async () => {
  const view = 'q=duration>p95&range=1h&type=order&service=pay&environment=test';
  const { note, asked } = await noteOf(view, true);
  expect(note).toMatch(/^No flow of these types is older than this time/);
  expect(asked).toEqual([
    'environment=test&from=2026-01-31T11:00:00.000Z&limit=0&q=duration>p95&type=order&service=pay',
  ]);
  expect((await noteOf(view, false)).note).toBeNull();
});

test('nothing is asked for a filter without a query', async () => {
  expect(await noteOf('range=1h&type=order', true)).toEqual({ note: null, asked: [] });
});
