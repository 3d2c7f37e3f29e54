import type { Flow, FlowList, FlowSummary } from '../../contract/index.ts';
import { nanosToMs } from '../../words/index.ts';
import { AskError, type Client } from '../client.ts';

export const isoOf = (nanos: string): string => new Date(nanosToMs(nanos)).toISOString();

/**
 * Returns the status to show. If an ended flow is late or stuck, because something is missing, that
 * is shown instead of its outcome.
 */
export const statusOf = ({ phase, health, status }: FlowSummary): string =>
  phase === 'ended' && health !== 'ok' ? health : status;

/** Returns how long a flow took or, if it is still open, has taken until now, ms. */
export const durationOf = (flow: FlowSummary, nowMs: number): number =>
  flow.phase === 'ended'
    ? flow.durationMs
    : Math.max(flow.durationMs, nowMs - nanosToMs(flow.startedAtUnixNano));

export const linkOf = (url: string, id: string): string => `${url}/flow/${encodeURIComponent(id)}`;

/** Maximum number of flows of one name that are listed. */
const MAX_CHOICES = 20;

/**
 * Reads a flow by any of its names. If several flows have the name, throws an `AskError` that lists
 * them with their type, status and start.
 */
export async function flowNamed(client: Client, name: string): Promise<Flow> {
  try {
    return await client.get<Flow>(`/api/v1/flows/${encodeURIComponent(name)}`);
  } catch (error) {
    if (!(error instanceof AskError) || error.choices.length === 0) throw error;
    const q = error.choices
      .slice(0, MAX_CHOICES)
      .map((id) => `id:"${id}"`)
      .join(' or ');
    const { items } = await client.get<FlowList>('/api/v1/flows', { q });
    // The flow that is called so itself is more often meant than those that refer to it.
    const isOwn = (flow: FlowSummary): boolean => flow.key === name;
    const listed = [...items.filter(isOwn), ...items.filter((flow) => !isOwn(flow))];
    const more = error.choices.length - listed.length;
    const hint = [
      'Name one by its id:',
      ...listed.map(choiceOf),
      ...(more > 0 ? [`  and ${more} more: ask for the flows with key "${name}"`] : []),
    ];
    throw new AskError(300, error.message, hint.join('\n'), error.choices);
  }
}

const choiceOf = (flow: FlowSummary): string => {
  const keys = Object.entries(flow.keys).map(([key, value]) => `${key}=${value}`);
  const about = [flow.key, flow.type, statusOf(flow), isoOf(flow.startedAtUnixNano)];
  return `  ${flow.id}  ${[...about.filter((part) => part !== ''), ...keys].join(', ')}`;
};
