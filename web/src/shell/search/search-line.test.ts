import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSearchLine } from './search-line.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/**
 * Returns a search line, and the queries that it ran. With `at once`, each query is in the URL
 * immediately; with `when told`, the test puts it there.
 */
function page(follows: 'at once' | 'when told') {
  const asked: string[] = [];
  const line = createSearchLine((text) => {
    asked.push(text);
    if (follows === 'at once') line.arrive(text);
  });
  return { asked, line };
}
const pause = (): void => void vi.advanceTimersByTime(1000);

test('what is typed is asked for after a pause, and once', () => {
  const { asked, line } = page('at once');
  line.type('status:stuck');
  line.askSoon();
  expect(asked).toEqual([]);
  pause();
  line.askNow();
  line.askSoon();
  pause();
  expect(asked).toEqual(['status:stuck']);
});

test('an older text is not asked for once somebody types on', () => {
  const { asked, line } = page('at once');
  line.type('stat');
  line.askSoon();
  line.type('status:comple');
  pause();
  expect([line.text, asked]).toEqual(['status:comple', []]);
  line.askNow();
  expect(asked).toEqual(['status:comple']);
});

test('an older query that comes back by the address leaves what was typed since', () => {
  const { asked, line } = page('when told');
  line.type('stat');
  line.askNow();
  line.type('status:comple');
  line.askSoon();
  expect([line.arrive('stat'), line.text]).toEqual([false, 'status:comple']);
  pause();
  expect(asked).toEqual(['stat', 'status:comple']);
});

test('a navigation from elsewhere replaces what was typed, which is asked for no more', () => {
  const { asked, line } = page('at once');
  line.arrive('type:order');
  line.type('type:order half');
  line.askSoon();
  // The reader goes back in the history, to an entry with the same query or without one.
  for (const query of ['type:order', '']) {
    expect([line.arrive(query), line.text]).toEqual([true, query]);
    pause();
    expect(asked).toEqual([]);
  }
});

test('back and forward show each query, also one that the line had asked for', () => {
  const { line } = page('at once');
  line.type('first');
  line.askNow();
  line.arrive('');
  expect(line.text).toBe('');
  expect([line.arrive('first'), line.text]).toEqual([true, 'first']);
});

test('the line shows what was typed last, or the last navigation from elsewhere, whatever comes between', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('type' as const),
      text: fc.string({ maxLength: 3 }).map((text) => `typed ${text}`),
    }),
    fc.record({
      kind: fc.constant('elsewhere' as const),
      text: fc.constantFrom('', 'a view', 'another'),
    }),
    fc.constantFrom(
      ...(['soon', 'now', 'pause', 'follow'] as const).map((kind) => ({ kind, text: '' })),
    ),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { asked, line } = page('when told');
      let shown = '';
      let typed = false;
      let followed = 0;
      for (const { kind, text } of steps) {
        const before = asked.length;
        if (kind === 'type') line.type((shown = text));
        else if (kind === 'elsewhere') line.arrive((shown = text));
        else if (kind === 'soon') line.askSoon();
        else if (kind === 'now') line.askNow();
        else if (kind === 'pause') pause();
        else if (asked.length > followed) line.arrive(asked.at(-1)!);
        if (kind === 'elsewhere' || kind === 'follow') followed = asked.length;
        if (kind === 'type') typed = true;
        expect(line.text).toBe(shown);
        // If this event ran a query, the query must be the shown text, and the reader must have
        // typed since the last query.
        if (asked.length > before) expect([asked.slice(before), typed]).toEqual([[shown], true]);
        if (kind === 'elsewhere' || asked.length > before) typed = false;
      }
    }),
  );
});
