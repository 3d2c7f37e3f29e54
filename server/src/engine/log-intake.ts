import type { Counters } from '../base/counters.ts';
import {
  ERROR_SEVERITY,
  type KeptLogs,
  type LogRecord,
  type LogsDropped,
} from '../model/log-record.ts';
import type { OtlpLog } from '../model/otlp.ts';
import type { Normalizer } from '../normalize/index.ts';
import { createLogBounds } from './log-bounds.ts';

/**
 * Processes the ordinary log records of one request: keeps those that are to be stored, and counts
 * the others.
 */
export interface LogIntake {
  add: (record: OtlpLog, receivedAtMs: number) => void;
  /** Updates the metrics, and returns the records to store and the numbers of dropped records. */
  end: () => { records: LogRecord[]; dropped: LogsDropped[] };
}

export interface LogIntakeOptions {
  kept: KeptLogs;
  counters: Counters;
  normalizer: Pick<Normalizer, 'log'>;
}

const NOTHING = { records: [], dropped: [] };

/** Returns a function that creates the intake for a request. */
export function createLogIntake({ kept, counters, normalizer }: LogIntakeOptions): () => LogIntake {
  const bounds = createLogBounds();
  const leastSeverity = kept === 'errors' ? ERROR_SEVERITY : 0;
  return () => {
    let ignored = 0;
    let records: LogRecord[] | undefined;
    let dropped: Map<string, LogsDropped> | undefined;
    return {
      add(log, receivedAtMs) {
        const record = kept === 'off' ? null : normalizer.log(log, receivedAtMs, leastSeverity);
        if (record === null) ignored++;
        else if (bounds.hasRoom(record)) (records ??= []).push(record);
        else count((dropped ??= new Map<string, LogsDropped>()), record);
      },
      end() {
        counters.add('fermata_ignored_log_records_total', ignored);
        if (records === undefined && dropped === undefined) return NOTHING;
        counters.add('fermata_log_records_total', records?.length ?? 0);
        const counts = [...(dropped?.values() ?? [])];
        for (const one of counts) {
          counters.add('fermata_dropped_log_records_total', one.records - one.errors, BELOW_ERROR);
          counters.add('fermata_dropped_log_records_total', one.errors, ERRORS);
        }
        return { records: records ?? [], dropped: counts };
      },
    };
  };
}

const ERRORS = { severity: 'error' };
const BELOW_ERROR = { severity: 'below-error' };

/**
 * Counts a dropped record by its trace. The id of the first dropped record of a trace identifies
 * the count.
 */
function count(dropped: Map<string, LogsDropped>, record: LogRecord): void {
  const { id, traceId, receivedAtMs } = record;
  let counted = dropped.get(traceId);
  if (counted === undefined)
    dropped.set(traceId, (counted = { id, traceId, receivedAtMs, records: 0, errors: 0 }));
  counted.records++;
  if (record.severity >= ERROR_SEVERITY) counted.errors++;
}
