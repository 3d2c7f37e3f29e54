import type { Flow, FlowSummary } from '../../contract/index.ts';
import { nanosToMs } from '../../words/index.ts';
import { AskError, type Client } from '../client.ts';

export const isoOf = (nanos: string): string => new Date(nanosToMs(nanos)).toISOString();

/** Returns the status to show: what is missing from an ended flow counts more than its end. */
export const statusOf = ({ phase, health, status }: FlowSummary): string =>
  phase === 'ended' && health !== 'ok' ? health : status;

/** Returns how long a flow took, or takes until now, ms. */
export const durationOf = (flow: FlowSummary, nowMs: number): number =>
  flow.phase === 'ended'
    ? flow.durationMs
    : Math.max(flow.durationMs, nowMs - nanosToMs(flow.startedAtUnixNano));

export const linkOf = (url: string, id: string): string => `${url}/flow/${encodeURIComponent(id)}`;

/**
 * Reads a flow by any name that it has. Throws an `AskError` that lists the flows if several have
 * the name.
 */
export async function flowNamed(client: Client, name: string): Promise<Flow> {
  try {
    return await client.get<Flow>(`/api/v1/flows/${encodeURIComponent(name)}`);
  } catch (error) {
    if (!(error instanceof AskError) || error.choices.length === 0) throw error;
    const listed = error.choices.slice(0, 20).join(', ');
    throw new AskError(300, error.message, `Name one of them: ${listed}`, error.choices);
  }
}
