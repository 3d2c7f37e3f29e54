import type { FlowSummary } from '@fermata/server/contract';
import type { Sort } from '../../data/order.ts';
import { duration, isolate, nanosToMs } from '../../ui/format.ts';

/** A column of the list of flows, in addition to the flow's name, which is always shown. */
export interface FlowColumn {
  name: string;
  label: string;
  /**
   * Minimum width of the column, px. `share` is the column's part of the remaining width; 0 if it
   * does not grow.
   */
  minPx: number;
  share: number;
  isNumber?: boolean;
  sort?: Sort;
  /** Returns the text of a cell. It is missing if the cell contains more than text. */
  text?: (flow: FlowSummary, now: number) => string;
}

const sinceMs = ({ waitingFor }: FlowSummary): number | null =>
  waitingFor.length === 0 ? null : Math.min(...waitingFor.map(({ since }) => Date.parse(since)));
const joined = (texts: readonly string[]): string => texts.map(isolate).join(' · ');

/** All columns that can be chosen, from left to right. */
export const COLUMNS: readonly FlowColumn[] = [
  { name: 'status', label: 'Status', minPx: 108, share: 0 },
  { name: 'id', label: 'Id', minPx: 120, share: 0.8, text: ({ id }) => id },
  { name: 'type', label: 'Type', minPx: 88, share: 0.5, text: ({ type }) => isolate(type) },
  {
    ...{ name: 'keys', label: 'Keys', minPx: 140, share: 1.2 },
    text: ({ keys }) => joined(Object.entries(keys).map(([name, value]) => `${name}=${value}`)),
  },
  {
    ...{ name: 'environment', label: 'Environment', minPx: 100, share: 0.6 },
    text: ({ environment }) => isolate(environment),
  },
  {
    ...{ name: 'services', label: 'Services', minPx: 110, share: 1.9 },
    text: ({ services }) => joined(services),
  },
  {
    ...{ name: 'step', label: 'Waits for', minPx: 120, share: 1 },
    text: ({ waitingFor }) => joined([...new Set(waitingFor.map(({ step }) => step))]),
  },
  {
    ...{ name: 'waiting', label: 'Waiting since', minPx: 100, share: 0, isNumber: true },
    sort: 'waiting',
    text: (flow, now) => {
      const ms = sinceMs(flow);
      return ms === null ? '' : duration(Math.max(0, now - ms));
    },
  },
  {
    ...{ name: 'steps', label: 'Steps', minPx: 50, share: 0, isNumber: true },
    text: ({ stepCount }) => stepCount.toLocaleString(),
  },
  {
    ...{ name: 'failed', label: 'Failed', minPx: 56, share: 0, isNumber: true },
    text: ({ failedSteps }) => failedSteps.toLocaleString(),
  },
  {
    ...{ name: 'retries', label: 'Retries', minPx: 60, share: 0, isNumber: true },
    text: ({ retries }) => retries.toLocaleString(),
  },
  {
    ...{ name: 'duration', label: 'Duration', minPx: 100, share: 0, isNumber: true },
    sort: 'duration',
    text: (flow, now) =>
      duration(
        flow.phase === 'ended'
          ? flow.durationMs
          : Math.max(flow.durationMs, now - nanosToMs(flow.startedAtUnixNano)),
      ),
  },
  {
    name: 'activity',
    label: 'Last activity',
    minPx: 106,
    share: 0,
    isNumber: true,
    sort: 'activity',
  },
  { name: 'started', label: 'Started', minPx: 90, share: 0, isNumber: true, sort: 'started' },
];

const DEFAULT = ['status', 'type', 'services', 'steps', 'failed', 'duration', 'started'];
/** Default columns on a page that is not wide. */
const FEW = ['status', 'duration', 'started'];
/**
 * Maximum number of columns besides name and status on a narrow page, where a row has two lines.
 */
const MAX_NARROW = 3;

const named = (names: readonly string[]): FlowColumn[] =>
  COLUMNS.filter(({ name }) => names.includes(name));

/** Returns the names of the columns in the URL parameter; the default columns if it is missing. */
export function chosenColumns(parameter: string | null): string[] {
  const names = named(parameter?.split(',') ?? []).map(({ name }) => name);
  return names.length === 0 ? DEFAULT : names;
}

/** Returns the URL parameter for these columns; empty for the default columns. */
export function columnsParameter(names: readonly string[]): string {
  const text = named(names)
    .map(({ name }) => name)
    .join(',');
  return text === DEFAULT_TEXT ? '' : text;
}
const DEFAULT_TEXT = named(DEFAULT)
  .map(({ name }) => name)
  .join(',');

/**
 * Returns the columns to show. The column by which the list is sorted is always among them, because
 * otherwise the order would not be recognizable.
 */
export function shownColumns(
  parameter: string | null,
  sort: Sort,
  width: 'wide' | 'medium' | 'narrow',
): FlowColumn[] {
  const chosen = chosenColumns(parameter);
  const isChosen = columnsParameter(chosen) !== '';
  if (width === 'narrow') {
    const others = (isChosen ? chosen : ['type', ...FEW]).filter((name) => name !== 'status');
    const few = [...new Set([sort, ...others])];
    return named(['status', ...few.slice(0, MAX_NARROW)]);
  }
  return named([...(width === 'medium' && !isChosen ? FEW : chosen), sort]);
}

/** Width of the column with the flow's name. Its share of the remaining width is the largest. */
const NAME = { minPx: 180, share: 1.6 };
const GAP_PX = 12;
const PADDING_PX = 32;

/** Returns the CSS grid template for these columns. The name comes after the status. */
export function tracksOf(columns: readonly FlowColumn[]): { template: string; minPx: number } {
  const track = ({ minPx, share }: { minPx: number; share: number }): string =>
    share === 0 ? `${minPx}px` : `minmax(${minPx}px, ${share}fr)`;
  const at = columns[0]?.name === 'status' ? 1 : 0;
  const tracks = [...columns.slice(0, at), NAME, ...columns.slice(at)];
  return {
    template: tracks.map(track).join(' '),
    minPx: tracks.reduce((sum, { minPx }) => sum + minPx + GAP_PX, PADDING_PX - GAP_PX),
  };
}
