import { deleteOldest } from '../base/oldest.ts';
import { ERROR_SEVERITY, LOG_LIMITS, type LogRecord } from '../model/log-record.ts';

/**
 * Limits how many log records are stored for each trace, because a page shows a whole flow, and a
 * service that logs in a loop must not fill the disk. A share of the limit is reserved for errors,
 * which often come last.
 *
 * The limit applies to traces and not to flows, because log records often arrive before the spans
 * that reveal their flow. The counts are in memory. After a restart, or after `MAX_TRACES` other
 * traces, the count of a trace begins at 0 again.
 */
export interface LogBounds {
  /** Returns whether the record is within the limit of its trace, and if so, counts it. */
  hasRoom: (record: LogRecord) => boolean;
}

interface Tally {
  records: number;
  characters: number;
}

const MAX_TRACES = 50_000;

export function createLogBounds(mostTraces = MAX_TRACES): LogBounds {
  /** Counts by trace. The trace with the most recent record is last in the map. */
  const traces = new Map<string, Tally>();

  const tallyOf = (traceId: string): Tally => {
    const known = traces.get(traceId);
    if (known !== undefined) traces.delete(traceId);
    else if (traces.size >= mostTraces) deleteOldest(traces);
    const tally = known ?? { records: 0, characters: 0 };
    traces.set(traceId, tally);
    return tally;
  };
  return {
    hasRoom({ traceId, severity, body, attributes }) {
      const tally = tallyOf(traceId);
      const share = severity >= ERROR_SEVERITY ? 1 : LOG_LIMITS.shareBelowError;
      const characters = tally.characters + body.length + attributes.length;
      if (tally.records >= LOG_LIMITS.records * share) return false;
      if (characters > LOG_LIMITS.characters * share) return false;
      tally.records++;
      tally.characters = characters;
      return true;
    },
  };
}
