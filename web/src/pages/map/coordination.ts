import type { CoordinationAnswer, CoordinationReport } from '@fermata/server/contract';
import { fieldPart, withPart } from '../../data/query-part.ts';
import { percent } from '../../ui/change.ts';
import { counted } from '@fermata/server/words';

/** The flows of all flow types that stop if a service stops. */
export interface Stop {
  service: string;
  /** Flows that are held, because others wait for it. */
  held: number;
  /** Flows that it takes part in; null if there are more flow types than the answer lists. */
  flows: number | null;
  /** Affected flows of each flow type as text: `every order flow`, `66 % of return flows`. */
  of: string[];
  /** The same of flows that only miss its steps. */
  misses: string[];
}

/** A share that rounds to 0 %, of flows that are just passing through the service, say. */
const isNone = (share: number): boolean => share < 0.005;
const shareText = (share: number, type: string): string =>
  share >= 1 ? `every ${type} flow` : `${percent(share)} of ${type} flows`;

/** Returns the services with the flows that wait for them, the most needed first. */
export function stopsOf({ types, population }: CoordinationAnswer): Stop[] {
  const isCut = types.reduce((sum, { flows }) => sum + flows, 0) < population.total;
  const stops = new Map<string, Stop>();
  for (const { type, flows, ifStops } of types)
    for (const { service, flowsShare, heldShare } of ifStops) {
      const stop: Stop = stops.get(service) ?? { service, held: 0, flows: 0, of: [], misses: [] };
      stop.held += Math.round(heldShare * flows);
      stop.flows = isCut ? null : (stop.flows ?? 0) + Math.round(flowsShare * flows);
      if (!isNone(heldShare)) stop.of.push(shareText(heldShare, type));
      if (!isNone(flowsShare - heldShare))
        stop.misses.push(shareText(flowsShare - heldShare, type));
      stops.set(service, stop);
    }
  return [...stops.values()].sort((a, b) => b.held - a.held || (a.service < b.service ? -1 : 1));
}

/**
 * Says which flows are held, and which only miss its steps; `holds none` if both are too few to be
 * named.
 */
export const stopText = ({ of, misses }: Stop): string =>
  [
    ...(of.length > 0 ? [`holds ${of.join(', ')}`] : []),
    ...(misses.length > 0 ? [`only its own steps are missing from ${misses.join(', ')}`] : []),
  ].join('; ') || 'holds none';

/** Returns a query for the flows that a service takes part in. */
export const stopQuery = (q: string, service: string): string =>
  withPart(q, fieldPart('service', service));

/** Returns a sentence about how the services of a flow type work together. */
export function verdictOf(report: CoordinationReport): string {
  const { verdict, hops, shares, conductor } = report;
  if (verdict === 'one service') return 'one service does all of it';
  if (verdict === 'calls only') return 'services call each other; there are no messages';
  const [share, name] =
    verdict === 'choreographed'
      ? [shares.event, 'events']
      : [shares.command + shares.reply, 'commands and replies'];
  const who = conductor === null ? 'nobody conducts' : `${conductor} conducts`;
  const ofHops = `${percent(share)} of ${counted(hops, 'hop')} are ${name}`;
  return `${verdict}: ${ofHops}; ${who}`;
}
