import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tableDefinitions } from './table-definitions.ts';

test('a definition that became empty is what it was last; what has no copy is left alone', () => {
  const root = mkdtempSync(join(tmpdir(), 'fermata-definitions-'));
  const engine = join(root, 'engine');
  const database = join(engine, 'store', 'a98', 'a98931da');
  mkdirSync(database, { recursive: true });
  const path = (table: string): string => join(database, `${table}.sql`);
  for (const table of ['flows', 'records']) writeFileSync(path(table), `ATTACH TABLE ${table} 1`);
  const tables = tableDefinitions(engine, join(root, 'tables'));
  tables.keep();
  writeFileSync(path('flows'), 'ATTACH TABLE flows 2');
  tables.keep();
  expect(tables.restore()).toEqual([]);

  for (const table of ['flows', 'records']) truncateSync(path(table));
  writeFileSync(path('strange'), '');
  // Without a check, this call would overwrite the copies by the empty definitions.
  tables.keep();
  expect(tables.restore().sort()).toEqual([
    join('store', 'a98', 'a98931da', 'flows.sql'),
    join('store', 'a98', 'a98931da', 'records.sql'),
  ]);
  expect(readFileSync(path('flows'), 'utf8')).toBe('ATTACH TABLE flows 2');
  expect(readFileSync(path('records'), 'utf8')).toBe('ATTACH TABLE records 1');
  expect(readFileSync(path('strange'), 'utf8')).toBe('');
  rmSync(root, { recursive: true });
});
