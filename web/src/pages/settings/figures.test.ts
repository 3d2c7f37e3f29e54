import { expect, test } from 'vitest';
import { bytesText, figureGroups } from './figures.ts';

test('figures that the server does not have are not shown, and bad ones are marked', () => {
  const figures = new Map([
    ['fermata_open_flows', 12],
    ['fermata_refused_records_total', 3],
    ['fermata_intake_oldest_seconds', 0.25],
  ]);
  expect(figureGroups(figures)).toEqual([
    { name: 'Ingest', figures: [{ label: 'Open flows', value: '12', isBad: false }] },
    {
      name: 'Refused and lost',
      figures: [{ label: 'Refused, senders try again', value: '3', isBad: true }],
    },
    {
      name: 'Lag',
      figures: [{ label: 'Oldest request that waits', value: '0.3 s', isBad: false }],
    },
  ]);
});

test('bytes as people say them', () => {
  expect([0, 1023, 1536, 250 * 2 ** 20, 3 * 2 ** 30].map(bytesText)).toEqual([
    '0 B',
    '1023 B',
    '1.5 KiB',
    '250 MiB',
    '3.0 GiB',
  ]);
});
