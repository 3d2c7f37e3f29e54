import { expect, test } from 'vitest';
import { readAlertSettings } from './alert/index.ts';
import { readConfig } from './config/index.ts';
import { definitionsFrom } from './expect/index.ts';
import { parseQuery } from './query/index.ts';
import { durationMs } from './base/duration.ts';

test.each([
  ['250ms', 250],
  ['30s', 30_000],
  ['1.5m', 90_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['2w', 1_209_600_000],
])('%s is %d ms, wherever it stands', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
  expect(readConfig({ FERMATA_SETTLE: text }).config.settleMs).toBe(ms);
  const route = `{ channels: [], repeat: ${text} }`;
  const { settings, problems } = readAlertSettings(`routes: [${route}]`, {}, () => null);
  expect([problems, settings.routes[0]?.repeatMs]).toEqual([[], ms]);
  const { definitions } = definitionsFrom({
    flows: { order: { steps: [{ name: 'ship', within: text }] } },
  });
  expect(definitions[0]?.steps[0]).toMatchObject({ withinMs: ms });
  expect(JSON.stringify(parseQuery(`duration>${text}`, 0))).toContain(String(ms));
});

test.each(['', '5', '5 s', '-5s', '1e3s', '5y', 's', '5ss', `${'9'.repeat(10)}s`])(
  '%j is none',
  (text) => {
    expect(durationMs(text)).toBeNull();
  },
);
