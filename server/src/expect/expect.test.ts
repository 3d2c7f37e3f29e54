import { expect, test } from 'vitest';
import { createLab, type OtlpSpan } from '../testing/lab.ts';
import { placed, shipped } from '../testing/expectations.ts';

/**
 * Tests flows whose spans were sampled. `traceState` holds the threshold `th` in the format of
 * OpenTelemetry; `th:0` means that no span was dropped.
 */
test('what was sampled by chance owes nothing and teaches nothing; a threshold of none is no sampling', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  const stuck = async (number: number, traceState: string): Promise<string[]> => {
    const span: OtlpSpan = { ...placed(lab, number), traceState };
    await lab.deliver([span]);
    for (let i = 0; i < 40; i++) await lab.advance(5000);
    const row = [...lab.flows.values()].find(({ flow }) => flow.flowId === `order-${number}`)!;
    return row.flow.findings.map((finding) => finding.rule);
  };
  for (let i = 0; i < 150; i++) {
    await lab.deliver([placed(lab, i), shipped(lab, i)]);
    await lab.advance(1000);
  }
  for (let i = 0; i < 10; i++) await lab.advance(10_000);
  expect(await stuck(1000, '')).toEqual(['undelivered-message']);
  expect(await stuck(1001, 'ot=th:8')).toEqual([]);
  expect(await stuck(1002, 'vendor=x,ot=rv:1234;th:c')).toEqual([]);
  expect(await stuck(1003, 'ot=th:0')).toEqual(['undelivered-message']);
  await lab.stop();
});
