import { ERROR_SEVERITY, LOG_LIMITS, type LogRecord } from '../model/log-record.ts';

/**
 * Bounds the log records that are kept of one trace, because a flow is shown whole, and one service
 * that logs in a loop must not fill the disk. Records below ERROR leave a share of the bound to
 * errors, which often come last.
 *
 * The bound is of a trace, not of a flow, because a log record often arrives before the spans that
 * tell its flow. It is counted in memory: after a restart, or once more traces were heard of than
 * `MAX_TRACES`, a trace may have as many records again.
 */
export interface LogBounds {
  /** Counts a record, and returns whether its trace has room for it. */
  hasRoom: (record: LogRecord) => boolean;
}

interface Tally {
  records: number;
  characters: number;
}

const MAX_TRACES = 50_000;

export function createLogBounds(mostTraces = MAX_TRACES): LogBounds {
  /** Traces with log records, the trace that was heard of last at the end. */
  const traces = new Map<string, Tally>();

  const tallyOf = (traceId: string): Tally => {
    const known = traces.get(traceId);
    if (known !== undefined) traces.delete(traceId);
    else if (traces.size >= mostTraces) traces.delete(traces.keys().next().value!);
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
