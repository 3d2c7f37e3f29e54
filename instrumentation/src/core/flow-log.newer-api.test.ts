import { expect, test, vi } from 'vitest';
import { recordTelemetry } from '../testing/telemetry.ts';
import { emitMilestone } from './flow-log.ts';

/**
 * The mock imitates @opentelemetry/api 1.10, which has its own `logs`. An SDK that registered with
 * the package api-logs is unknown to it.
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
