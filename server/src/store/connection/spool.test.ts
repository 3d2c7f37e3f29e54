import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSpool } from './spool.ts';

test('rows stand in the file while they are read, in turn, and are gone after, even if nobody could read them', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-spool-'));
  const path = join(directory, 'rows');
  const spool = await openSpool(path);
  const seen: string[] = [];
  const reads = (at: string): Promise<unknown> =>
    Promise.resolve(seen.push(readFileSync(at, 'utf8')));
  await Promise.all([
    spool.through([Buffer.from('a longer'), Buffer.from(' one')], reads),
    expect(
      spool.through([Buffer.from('bad')], () => Promise.reject(new Error('refused'))),
    ).rejects.toThrow('refused'),
    spool.through([Buffer.from('short')], reads),
  ]);
  expect([seen, readFileSync(path, 'utf8')]).toEqual([['a longer one', 'short'], '']);
  await spool.close();
  rmSync(directory, { recursive: true, force: true });
});
