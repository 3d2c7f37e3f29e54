import { diag } from '@opentelemetry/api';
import { expect, test, vi } from 'vitest';
import { recordTelemetry } from '../testing/telemetry.ts';
import { emitMilestone } from './flow-log.ts';
import { SCOPE } from './scope.ts';

const { milestones } = recordTelemetry();

test('a milestone is a log event of our scope; one that says of a failure is an error', () => {
  emitMilestone('fermata.flow.started', { page: 7 });
  emitMilestone('fermata.flow.failed', {}, true);
  expect(milestones.getFinishedLogRecords()).toMatchObject([
    {
      eventName: 'fermata.flow.started',
      severityNumber: 9,
      attributes: { page: 7 },
      instrumentationScope: { name: SCOPE.name },
    },
    { eventName: 'fermata.flow.failed', severityNumber: 17 },
  ]);
});

test('a logger that throws does not reach the host', () => {
  const warn = vi.spyOn(diag, 'warn');
  const trap = Object.defineProperty({}, 'page', {
    enumerable: true,
    get: () => {
      throw new Error('a trap');
    },
  });
  expect(() => emitMilestone('fermata.flow.started', trap)).not.toThrow();
  expect(warn).toHaveBeenCalledWith(expect.any(String), expect.any(Error));
});
