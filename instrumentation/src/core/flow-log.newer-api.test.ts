import { expect, test, vi } from 'vitest';
import { recordTelemetry } from '../testing/telemetry.ts';
import { emitMilestone } from './flow-log.ts';

/**
 * The test imitates API 1.10, whose own `logs` do not know an SDK that registered in the older way.
 */
vi.mock('@opentelemetry/api', async (original) => ({
  ...(await original<object>()),
  logs: { getLogger: () => ({ emit: () => undefined }) },
}));

const { milestones } = recordTelemetry();

test('beside a newer API a milestone reaches the SDK that is registered', () => {
  emitMilestone('fermata.flow.started', {});
  expect(milestones.getFinishedLogRecords()).toHaveLength(1);
});
