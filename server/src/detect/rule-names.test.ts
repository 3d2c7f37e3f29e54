import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ABSENCES } from '../model/expectation.ts';
import { BUILT_IN_RULES } from '../model/rules.ts';

test('the list of built-in rules names every rule there is, with its severity', () => {
  const folder = fileURLToPath(new URL('./rules/', import.meta.url));
  const texts = readdirSync(folder)
    .filter((name) => !name.includes('.test.'))
    .map((name) => readFileSync(`${folder}${name}`, 'utf8'));
  const named = texts.flatMap((text) =>
    [...text.matchAll(/name: '([a-z-]+)',\s+severity: '(\w+)'/g)].map(
      ([, name, severity]) => `${name} ${severity}`,
    ),
  );
  const listed = BUILT_IN_RULES.map(({ name, severity }) => `${name} ${severity}`);
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((one) => !listed.includes(one))).toEqual([]);
  const absences = ABSENCES.map((name) => `${name} critical`);
  expect(absences.filter((one) => !listed.includes(one))).toEqual([]);
  expect(new Set([...named, ...absences])).toEqual(new Set(listed));
});
