import type { CoordinationReport, CoordinationStyle } from '@fermata/server/contract';
import { counted } from '@fermata/server/words';

const STYLES: readonly CoordinationStyle[] = [
  'orchestrated',
  'choreographed',
  'hybrid',
  'calls only',
  'one service',
];

/** Words for styles whose names do not stand behind a number. */
const WORDS: Partial<Record<CoordinationStyle, string>> = {
  'calls only': 'by calls only',
  'one service': 'within one service',
};

export function reportHeadline(reports: readonly CoordinationReport[]): string {
  const counts = STYLES.flatMap((style) => {
    const count = reports.filter(({ verdict }) => verdict === style).length;
    return count === 0 ? [] : [`${count} ${WORDS[style] ?? style}`];
  });
  const unheard = reports.flatMap(unheardOf).length;
  const failures =
    unheard === 0 ? '' : ` ${counted(unheard, 'failure')} not heard by all who must hear of it.`;
  return `${counted(reports.length, 'flow type')}: ${counts.join(', ')}.${failures}`;
}

/** Returns the failures that some service should learn of but does not, with these services. */
export const unheardOf = ({
  failureAudience,
}: CoordinationReport): { failure: string; missing: string[] }[] =>
  failureAudience
    .map(({ failure, mustHear, hear }) => ({
      failure,
      missing: mustHear.filter((service) => !hear.includes(service)),
    }))
    .filter(({ missing }) => missing.length > 0);

export interface Part {
  name: string;
  share: number;
}

/**
 * Returns the shares of events, commands, replies and calls among the hops between services,
 * without those that are 0.
 */
export const partsOf = ({ shares }: CoordinationReport): Part[] =>
  [
    { name: 'events', share: shares.event },
    { name: 'commands', share: shares.command },
    { name: 'replies', share: shares.reply },
    { name: 'calls', share: shares.call },
  ].filter(({ share }) => share > 0);

/**
 * Returns a text about the number of hops and flows behind a report, and the service that conducts.
 */
export function basisOf({ hops, flows, conductor, coupling }: CoordinationReport): string {
  const who =
    conductor === null
      ? 'no service conducts'
      : `${conductor} conducts and has to know ${counted(coupling, 'service')}`;
  return `${counted(hops, 'hop')} between services in ${counted(flows, 'flow')}; ${who}`;
}
