import { expect, test } from 'vitest';
import { emptyLog } from '../../model/otlp.ts';
import { decodeFileJson } from '../../receive/index.ts';
import { linesOf } from './otlp.ts';

test('log events are written by resource and scope, in their order', () => {
  const resource = { attributes: ['service.name', 'shop'] };
  const scopes = Array.from({ length: 30 }, (_, i) => `scope ${i % 3}`);
  const logs = scopes.map((scope, i) => ({ ...emptyLog(resource, scope), eventName: `e${i}` }));
  const [line, ...others] = linesOf({ spans: [], logs });
  expect(others).toEqual([]);
  const { resourceLogs } = JSON.parse(line!) as { resourceLogs: { scopeLogs: unknown[] }[] };
  expect(resourceLogs).toHaveLength(1);
  expect(resourceLogs[0]!.scopeLogs).toHaveLength(3);
  const read = decodeFileJson(Buffer.from(line!)).logs;
  const inOrder = [0, 1, 2].flatMap((scope) => logs.filter((_, i) => i % 3 === scope));
  expect(read.map(({ eventName }) => eventName)).toEqual(inOrder.map(({ eventName }) => eventName));
});
