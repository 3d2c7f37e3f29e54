import { expect, test } from 'vitest';
import { chosenColumns, COLUMNS, columnsParameter, shownColumns, tracksOf } from './columns.ts';

const names = (columns: readonly { name: string }[]): string =>
  columns.map(({ name }) => name).join(' ');

test('what an address asks for comes in one order; what there is not is left out', () => {
  expect(chosenColumns('started,type,nonsense,id')).toEqual(['id', 'type', 'started']);
  expect(chosenColumns('nonsense')).toEqual(chosenColumns(null));
});

test('the usual columns need no parameter, any others come back as they were', () => {
  expect(columnsParameter(chosenColumns(null))).toBe('');
  for (const { name } of COLUMNS)
    expect(chosenColumns(columnsParameter([name, 'type']))).toEqual(
      COLUMNS.filter((one) => one.name === name || one.name === 'type').map((one) => one.name),
    );
});

test('what the list is sorted by is always there, however narrow it is', () => {
  for (const { sort } of COLUMNS)
    if (sort !== undefined)
      for (const parameter of [null, 'id', 'type,keys,services,steps,failed'])
        for (const width of ['wide', 'medium', 'narrow'] as const)
          expect(names(shownColumns(parameter, sort, width))).toContain(sort);
});

test('a page that is not wide leaves columns out, unless somebody chose them', () => {
  expect(names(shownColumns(null, 'started', 'medium'))).toBe('status duration started');
  expect(names(shownColumns('id,keys', 'started', 'medium'))).toBe('id keys started');
  expect(names(shownColumns(null, 'started', 'narrow'))).toBe('status type duration started');
});

test('the name has a track of its own after the status', () => {
  const { template, minPx } = tracksOf(shownColumns('status,duration', 'started', 'wide'));
  expect(template).toBe('108px minmax(180px, 1.6fr) 100px 90px');
  expect(minPx).toBe(108 + 180 + 100 + 90 + 3 * 12 + 32);
  expect(tracksOf(shownColumns('duration', 'started', 'wide')).template).toMatch(/^minmax\(180px/);
});
