import { expect, test, vi } from 'vitest';
import { recordTelemetry } from '../testing/telemetry.ts';
import { emitMilestone } from './flow-log.ts';

/** From 1.10 on the API has `logs`, which know nothing of an SDK that came before them. */
vi.mock('@opentelemetry/api', async (original) => ({
  ...(await original<object>()),
  logs: { getLogger: () => ({ emit: () => undefined }) },
}));

const { milestones } = recordTelemetry();

test('beside a newer API a milestone reaches the SDK that is registered', () => {
  emitMilestone('fermata.flow.started', {});
  expect(milestones.getFinishedLogRecords()).toHaveLength(1);
});
