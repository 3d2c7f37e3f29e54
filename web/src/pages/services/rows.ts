import type { CoordinationAnswer, ServiceSummary } from '@fermata/server/contract';
import { ago, isolate, nanosToMs } from '../../ui/format.ts';
import { counted } from '@fermata/server/words';

export const SORTS = ['name', 'heard', 'steps', 'failed'] as const;
export type Sort = (typeof SORTS)[number];
export const readSort = (text: string | null): Sort =>
  SORTS.find((name) => name === text) ?? 'name';

export const heardMs = ({ lastSeenUnixNano }: ServiceSummary): number =>
  nanosToMs(lastSeenUnixNano);

const byName = (a: ServiceSummary, b: ServiceSummary): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
const ORDERS: Record<Sort, (a: ServiceSummary, b: ServiceSummary) => number> = {
  name: byName,
  heard: (a, b) => heardMs(b) - heardMs(a),
  steps: (a, b) => b.steps - a.steps,
  failed: (a, b) => b.failedSteps - a.failedSteps,
};

/**
 * Returns the services of an environment for which the text is in a name or destination, sorted.
 */
export function servicesOf(
  services: readonly ServiceSummary[],
  environment: string,
  text: string,
  sort: Sort,
): ServiceSummary[] {
  const word = text.trim().toLowerCase();
  const has = ({ name, flowTypes, sends, consumes }: ServiceSummary): boolean =>
    [name, ...flowTypes, ...sends, ...consumes].some((one) => one.toLowerCase().includes(word));
  return services
    .filter((one) => (environment === '' || one.environment === environment) && has(one))
    .sort((a, b) => ORDERS[sort](a, b) || byName(a, b));
}

/** Age of the newest data after which no service is called silent: nothing arrives at all, ms. */
const NOTHING_ARRIVES_MS = 120_000;

const isSilent = ({ silentFromUnixNano }: ServiceSummary, nowMs: number): boolean =>
  silentFromUnixNano !== null && nowMs > nanosToMs(silentFromUnixNano);

/** Returns the services that are silent while others send data, the longest silent first. */
export function silentOf(services: readonly ServiceSummary[], nowMs: number): ServiceSummary[] {
  const newest = Math.max(0, ...services.map(heardMs));
  if (nowMs - newest > NOTHING_ARRIVES_MS) return [];
  return services.filter((one) => isSilent(one, nowMs)).sort((a, b) => heardMs(a) - heardMs(b));
}

export function headline(services: readonly ServiceSummary[], nowMs: number): string {
  if (services.length === 0) return 'No service has been heard of.';
  const [longest, ...others] = silentOf(services, nowMs);
  const all = counted(services.length, 'service');
  if (longest === undefined) {
    const newest = Math.max(...services.map(heardMs));
    if (nowMs - newest > NOTHING_ARRIVES_MS)
      return `${all}. The last sign of any was ${ago(newest, nowMs)}.`;
    const oldest = Math.min(...services.map(heardMs));
    return `${all}. The quietest was heard of ${ago(oldest, nowMs)}.`;
  }
  const since = ago(heardMs(longest), nowMs);
  const more =
    others.length === 0
      ? ''
      : ` ${others.length} more ${others.length === 1 ? 'is' : 'are'} silent too.`;
  return `${all}. ${isolate(longest.name)} is silent: it was last heard of ${since}.${more}`;
}

/** The role of one service in the coordination of flow types. */
export interface ServiceRole {
  conducts: string[];
  knows: string[];
  /** Flows that are held if it stops, and those that then only miss its steps. */
  ifStops: { type: string; share: number; missesShare: number }[];
  blocked: { type: string; step: string; share: number; ms: number; chainDepth: number }[];
}

export function roleOf({ types }: CoordinationAnswer, service: string): ServiceRole {
  const mine = <T extends { service: string }>(items: readonly T[]): T[] =>
    items.filter((one) => one.service === service);
  return {
    conducts: types.flatMap(({ type, conductor }) => (conductor === service ? [type] : [])),
    knows: [
      ...new Set(types.flatMap(({ knows }) => mine(knows).flatMap((one) => one.knows))),
    ].sort(),
    ifStops: types.flatMap(({ type, ifStops }) =>
      mine(ifStops).map(({ flowsShare, heldShare }) => ({
        ...{ type, share: heldShare, missesShare: Math.max(0, flowsShare - heldShare) },
      })),
    ),
    blocked: types.flatMap(({ type, blocked }) => mine(blocked).map((one) => ({ ...one, type }))),
  };
}
