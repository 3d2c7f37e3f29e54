import { describe, expect, test } from 'vitest';
import { createDefinitions } from './registry.ts';
import { definitionsFrom } from './schema.ts';

describe('which one counts', () => {
  const of = (version: string, name: string) =>
    definitionsFrom({ flows: { a: { version, steps: [{ name }] } } }).definitions;
  test("a flow's own version, else the unnamed one, else the newest", () => {
    const all = createDefinitions();
    all.add(of('1', 'x'), 'api', 1);
    all.add(of('2', 'y'), 'api', 2);
    expect(all.of('a', '1')!.steps[0]!.name).toBe('x');
    expect(all.of('a', '3')!.steps[0]!.name).toBe('y');
    all.add(of('', 'z'), 'api', 1);
    expect(all.of('a', '3')!.steps[0]!.name).toBe('z');
    expect(all.of('b', '1')).toBeNull();
  });
  test('repeating changes nothing; a service does not overrule the operator', () => {
    const all = createDefinitions();
    expect(all.add(of('', 'x'), 'sdk', 1)).toHaveLength(1);
    expect(all.add(of('', 'x'), 'sdk', 2)).toHaveLength(0);
    expect(all.add(of('', 'y'), 'file', 3)).toHaveLength(1);
    expect(all.add(of('', 'x'), 'sdk', 4)).toHaveLength(0);
    expect(all.of('a', '')!.steps[0]!.name).toBe('y');
    expect(all.add(of('2', 'z'), 'api', 5)).toHaveLength(1);
    expect(all.add(of('2', 'x'), 'sdk', 6)).toHaveLength(0);
  });
  test('services leave room for the operator, whatever they announce', () => {
    const all = createDefinitions();
    for (let i = 0; i < 3000; i++) all.add(of(`${i}`, 'x'), 'sdk', i);
    expect(all.list().length).toBeLessThan(3000);
    expect(all.add(of('mine', 'x'), 'api', 1)).toHaveLength(1);
    expect(all.add(of('filed', 'x'), 'file', 1)).toHaveLength(1);
  });
});
