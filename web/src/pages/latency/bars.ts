import type { LatencyAnswer, LatencySegment } from '@fermata/server/contract';
import { flowsAddress } from '../../data/compare.ts';
import type { Filter } from '../../data/filter.ts';
import { changeOfMs, percent } from '../../ui/change.ts';
import { duration } from '../../ui/format.ts';
import type { Column, Row } from '../../ui/sort.ts';
import { KINDS, partName } from './words.ts';

/**
 * A bar for flows at a percentile of the duration: their time, divided into parts of the critical
 * path.
 */
export interface Bar {
  name: 'p50' | 'p90' | 'p99';
  ms: number;
  parts: BarPart[];
}
export interface BarPart {
  segment: LatencySegment;
  /** Share of the bar, 0 to 1. */
  share: number;
  /** The share as text; empty if the part is too narrow for it. */
  text: string;
}

/** Minimum share of the bar for a part that shows its share as text. */
const MIN_WRITTEN = 0.05;

export function barsOf({ chain, durationMs }: LatencyAnswer): Bar[] {
  const bar = (name: Bar['name'], shareOf: (one: LatencySegment) => number): Bar => {
    const total = chain.reduce((sum, one) => sum + shareOf(one), 0);
    return {
      name,
      ms: durationMs[name],
      parts: chain
        .filter((segment) => shareOf(segment) > 0)
        .map((segment) => {
          const share = shareOf(segment) / total;
          return { segment, share, text: share >= MIN_WRITTEN ? percent(share) : '' };
        }),
    };
  };
  return [
    bar('p50', (one) => one.shareAtP50),
    bar('p90', (one) => one.shareAtP90),
    bar('p99', (one) => one.shareAtP99),
  ];
}

/** Returns the kinds of time that occur in a critical path, for the legend. */
export function legendOf(chain: readonly LatencySegment[]): LatencySegment['kind'][] {
  const there = new Set(chain.map(({ kind }) => kind));
  return (Object.keys(KINDS) as LatencySegment['kind'][]).filter((kind) => there.has(kind));
}

export const segmentColumns = (isCompared: boolean): Column[] => [
  { label: 'Part' },
  { label: 'Service' },
  { label: 'Flows', isNumber: true },
  { label: 'Share at p90', isNumber: true },
  { label: 'p95', isNumber: true },
  { label: 'Mean', isNumber: true },
  ...(isCompared
    ? [
        { label: 'Mean before', isNumber: true },
        { label: 'Change', isNumber: true },
      ]
    : []),
];

/**
 * Returns the parts of the critical path as rows. With a comparison, those with the largest change
 * come first, otherwise those that take longest.
 */
export function segmentRows(answer: LatencyAnswer, filter: Filter): Row[] {
  const before = answer.against
    ? new Map(answer.against.chain.map(({ id, meanMs }) => [id, meanMs]))
    : null;
  const weight = ({ id, meanMs }: LatencySegment): number =>
    before ? Math.abs(meanMs - (before.get(id) ?? 0)) : meanMs;
  return [...answer.chain]
    .sort((a, b) => weight(b) - weight(a))
    .map((one) => rowOf(one, filter, before === null ? null : (before.get(one.id) ?? 0)));
}

function rowOf(one: LatencySegment, filter: Filter, before: number | null): Row {
  const difference = before === null ? 0 : one.meanMs - before;
  const isWorse = before !== null && difference > 0 && changeOfMs(one.meanMs, before) !== '—';
  return {
    id: one.id,
    cells: [
      { text: partName(one), colour: KINDS[one.kind][1] },
      { text: one.service },
      {
        text: one.flows.toLocaleString('en'),
        sort: one.flows,
        ...(one.flows > 0 && { href: flowsAddress(filter, one.q) }),
      },
      { text: percent(one.shareAtP90), sort: one.shareAtP90 },
      { text: duration(one.ms.p95), sort: one.ms.p95 },
      { text: duration(one.meanMs), sort: one.meanMs },
      ...(before === null
        ? []
        : [
            { text: duration(before), sort: before },
            {
              text: changeOfMs(one.meanMs, before),
              sort: difference,
              ...(isWorse && { tone: 'warn' as const }),
            },
          ]),
    ],
  };
}
