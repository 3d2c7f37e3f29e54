import { expect, test } from 'vitest';
import { createCounters } from '../base/counters.ts';
import { LOG_LIMITS, type KeptLogs } from '../model/log-record.ts';
import type { OtlpLog } from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';
import { createNormalizer } from '../normalize/index.ts';
import { createLogIntake } from './log-intake.ts';

const log = (over: Partial<OtlpLog>): OtlpLog => ({
  ...{ resource: { attributes: [] }, scopeName: '', severityText: '', spanId: '' },
  ...{ traceId: 'a'.repeat(32), time: unixNanos(1n), observed: unixNanos(1n), severity: 9 },
  ...{ eventName: '', body: '', attributes: [] },
  ...over,
});
function bench(kept: KeptLogs) {
  const counters = createCounters();
  const normalizer = createNormalizer({ identityKeys: [], searchKeys: [] });
  const begin = createLogIntake({ kept, counters, normalizer });
  return {
    take: (logs: readonly OtlpLog[]) => {
      const intake = begin();
      for (const one of logs) intake.add(one, 5);
      return intake.end();
    },
    count: (name: string, severity?: string) =>
      counters
        .read()
        .filter((one) => one.name === name && one.labels?.['severity'] === severity)
        .reduce((sum, { value }) => sum + value, 0),
  };
}
const LOGS = [log({ severity: 9 }), log({ severity: 17 }), log({ severity: 17, traceId: '' })];

test.each([
  ['off', 0, 3],
  ['errors', 1, 2],
  ['all', 2, 1],
] as const)('%s: so many of three records are kept, and the others counted', (kept, n, rest) => {
  const { take, count } = bench(kept);
  expect(take(LOGS).records).toHaveLength(n);
  expect(count('fermata_log_records_total')).toBe(n);
  expect(count('fermata_ignored_log_records_total')).toBe(rest);
});

test('records beyond the bound of their trace are counted by trace and severity', () => {
  const { take, count } = bench('all');
  const many = Array.from({ length: LOG_LIMITS.records + 3 }, (_, i) =>
    log({ severity: i === LOG_LIMITS.records ? 9 : 17, body: i }),
  );
  const { records, dropped } = take([...many, log({ traceId: 'b'.repeat(32) })]);
  expect(records).toHaveLength(LOG_LIMITS.records + 1);
  expect(dropped).toMatchObject([
    { traceId: 'a'.repeat(32), receivedAtMs: 5, records: 3, errors: 2 },
  ]);
  expect(count('fermata_dropped_log_records_total', 'error')).toBe(2);
  expect(count('fermata_dropped_log_records_total', 'below-error')).toBe(1);
  // When a request is sent again, its count of dropped records has the same id, so that the store
  // does not add it twice.
  const again = take(many.slice(LOG_LIMITS.records));
  expect(again.dropped[0]!.id).toBe(dropped[0]!.id);
});
