/** This file selects the server's metrics that an operator looks at first. */

export interface Figure {
  label: string;
  value: string;
  /** True if the value shows that something is wrong. */
  isBad: boolean;
}
export interface FigureGroup {
  name: string;
  figures: Figure[];
}

const count = (value: number): string => Math.round(value).toLocaleString();
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]!}`;
}
const seconds = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} s`;
const milliseconds = (value: number): string => seconds(value / 1000);

type Line = readonly [name: string, label: string, say: (value: number) => string, limit?: number];
const GROUPS: readonly (readonly [name: string, lines: readonly Line[]])[] = [
  [
    'Ingest',
    [
      ['fermata_committed_records_total', 'Spans and milestones stored', count],
      ['fermata_intake_waiting', 'Waiting to be stored', count, 100_000],
      ['fermata_open_flows', 'Open flows', count],
      ['fermata_flow_rows_total', 'Flow rows written', count],
    ],
  ],
  [
    'Refused and lost',
    [
      ['fermata_refused_records_total', 'Refused, senders try again', count, 0],
      ['fermata_rejected_records_total', 'Not OTLP', count, 0],
      ['fermata_failed_requests_total', 'Requests without success', count, 0],
      ['fermata_ignored_log_records_total', 'Log records that were ignored', count],
      ['fermata_lost_rows_total', 'Stored rows lost', count, 0],
      ['fermata_commit_failures_total', 'Failed commits', count, 0],
    ],
  ],
  [
    'Lag',
    [
      ['fermata_intake_oldest_seconds', 'Oldest request that waits', seconds, 5],
      ['fermata_flows_to_write', 'Flows to write', count, 10_000],
      ['fermata_journal_oldest_milliseconds', 'Oldest row outside the table', milliseconds, 10_000],
    ],
  ],
  [
    'Memory and disk',
    [
      ['memory', 'Memory of the process', bytesText],
      ['fermata_spans_in_memory', 'Spans in memory', count, 100_000],
      ['fermata_disk_free_bytes', 'Free disk space', bytesText],
      ['fermata_journal_bytes', 'Journal', bytesText],
    ],
  ],
  [
    'Faults',
    [
      ['fermata_failed_queries_total', 'Failed API answers', count, 0],
      ['fermata_judging_failures_total', 'Flows that could not be judged', count, 0],
      ['fermata_drawing_failures_total', 'Flows that could not be projected', count, 0],
      ['fermata_notifications_dead_total', 'Notifications given up', count, 0],
    ],
  ],
];

/** Returns the selected metrics in groups, without those that the server does not have. */
export const figureGroups = (figures: ReadonlyMap<string, number>): FigureGroup[] =>
  GROUPS.map(([name, lines]) => ({
    name,
    figures: lines.flatMap(([figure, label, say, limit]) => {
      const value = figures.get(figure);
      if (value === undefined) return [];
      return [{ label, value: say(value), isBad: limit !== undefined && value > limit }];
    }),
  })).filter((group) => group.figures.length > 0);
