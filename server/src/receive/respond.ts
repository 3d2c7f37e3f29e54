import type { Counters } from '../base/counters.ts';
import type { OtlpExport } from '../model/otlp.ts';
import { success, type Encoding, type HttpAnswer } from './otlp-answer.ts';

export interface RespondOptions {
  counters: Counters;
  offer(request: OtlpExport): Promise<void>;
}

/**
 * Answers a decoded request once it is committed and correlated. The answer is built before the
 * wait, so that the wait does not retain the whole request: memory that is retained that long grows
 * old, and only a collection of the whole heap frees it.
 */
export function respondAfterCommit(
  request: OtlpExport,
  encoding: Encoding,
  signal: 'spans' | 'logs',
  options: RespondOptions,
): Promise<HttpAnswer> {
  options.counters.add('fermata_rejected_records_total', request.rejected);
  options.counters.add('fermata_truncated_total', request.truncated);
  const taken =
    request.spans.length + request.logs.length === 0 ? undefined : options.offer(request);
  const answer = success(request, encoding, signal);
  return taken === undefined ? Promise.resolve(answer) : taken.then(() => answer);
}
