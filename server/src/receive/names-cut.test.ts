import { expect, test } from 'vitest';
import { createCounters } from '../base/counters.ts';
import { emptyExport, LIMITS } from '../model/otlp.ts';
import { respondAfterCommit } from './respond.ts';

/** Returns an `offer` that sets `namesCut` of the request, as the engine does. */
const offer = (namesCut: number) => (request: { namesCut?: number }) => {
  request.namesCut = namesCut;
  return Promise.resolve();
};
const answer = async (namesCut: number, truncated = 0): Promise<string> => {
  const request = { ...emptyExport(), truncated, spans: [{}] as never };
  const { body } = await respondAfterCommit(request, 'json', 'spans', {
    counters: createCounters(),
    offer: offer(namesCut),
  });
  return String(body);
};

test('a sender hears that names were cut, and of what else was cut', async () => {
  expect(await answer(0)).toBe('{}');
  const cut = `names are longer than ${LIMITS.name} characters and were cut`;
  const said = (message: string): string =>
    JSON.stringify({ partialSuccess: { rejectedSpans: '0', errorMessage: message } });
  expect(await answer(3)).toBe(said(`3 ${cut}`));
  expect(await answer(3, 2)).toBe(
    said(`2 attributes, links, events or texts were cut to the limits; 3 ${cut}`),
  );
});
