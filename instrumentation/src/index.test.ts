import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('what a browser’s client needs is of no platform', () => {
  const seen = new Set<string>();
  const needed = (file: URL): string[] => {
    if (seen.has(file.href)) return [];
    seen.add(file.href);
    const source = readFileSync(file, 'utf8');
    return [...source.matchAll(/^(?:import|export)(?! type)[^;]*? from '([^']+)'/gm)].flatMap(([, from]) =>
      from!.startsWith('.') ? needed(new URL(from!, file)) : [from!],
    );
  };
  const modules = ['./index.ts', './adapters/socket-io.ts'].flatMap((file) =>
    needed(new URL(file, import.meta.url)),
  );
  expect([...new Set(modules)]).toEqual(['@opentelemetry/api']);
  for (const file of seen)
    expect(readFileSync(new URL(file), 'utf8')).not.toMatch(/\b(Buffer\.from|process\.\w+\()/);
});
