import { expect, test } from 'vitest';
import { readFilter } from './filter.ts';
import { scopeParameters } from './scope.ts';
import { usualNote } from './usual-note.ts';

const NOW = Date.parse('2026-01-31T12:00:00Z');
async function noteOf(query: string, total: number) {
  const asked: string[] = [];
  const filter = readFilter(new URLSearchParams(query));
  const { from } = scopeParameters(filter, NOW);
  const note = await usualNote(filter, from, async (search) => {
    asked.push(decodeURIComponent(search.toString()));
    return { total };
  });
  return { note, asked };
}
const UNKNOWN = /^No flow is older than this time/;

test('an empty list says that nothing is usual, if no flow is older', async () => {
  const view = 'q=duration>p95&range=1h';
  const { note, asked } = await noteOf(`${view}&type=order&environment=test`, 0);
  expect(note).toMatch(UNKNOWN);
  expect(asked).toEqual(['type=order&environment=test&to=2026-01-31T11:00:00.000Z&limit=1']);
  expect((await noteOf(view, 7)).note).toBeNull();
  const inQuery = await noteOf('q=since:1h duration>p95', 0);
  expect(inQuery.note).toMatch(UNKNOWN);
  expect(inQuery.asked).toEqual(['q=before:1h&limit=1']);
});

test('nothing is asked for another filter', async () => {
  for (const query of ['q=status:failed&range=1h', 'q=duration>p95', 'range=1h'])
    expect(await noteOf(query, 0)).toEqual({ note: null, asked: [] });
});
