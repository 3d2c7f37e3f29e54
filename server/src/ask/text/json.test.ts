import { expect, test } from 'vitest';
import { safeJson, withinLimit } from './json.ts';

test('JSON has no character that commands a terminal, and says the same', () => {
  const data = { name: 'a\u001b]0;x\u009b2J\u202egnp\u2066\u2028\u2029' };
  expect(safeJson(data)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
  expect(JSON.parse(safeJson(data))).toEqual(data);
});

test('what is too long loses the ends of its lists, and stays JSON', () => {
  const flows = Array.from({ length: 1000 }, (_, i) => ({ id: `flow ${i}`, steps: ['a', 'b'] }));
  const { json, left } = withinLimit({ total: 1000, flows }, 5000);
  expect(json.length).toBeLessThanOrEqual(5000);
  const kept = JSON.parse(json) as { total: number; flows: object[] };
  expect(kept.total).toBe(1000);
  expect(kept.flows.length + left).toBe(1000);
  expect(kept.flows).toEqual(flows.slice(0, kept.flows.length));
  expect(withinLimit({ total: 1 }, 5000)).toEqual({ json: '{"total":1}', left: 0 });
});
