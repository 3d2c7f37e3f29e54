import type { Counters } from '../base/counters.ts';
import type { OtlpExport } from '../model/otlp.ts';
import { success, type Encoding, type HttpAnswer } from './otlp-answer.ts';

export interface RespondOptions {
  counters: Counters;
  offer(request: OtlpExport): Promise<void>;
}

/**
 * Returns the answer to a decoded request once the request is committed and correlated. The answer
 * is built before the wait, so that the request is not kept in memory during the wait. Otherwise V8
 * would move it to the old generation, which only a collection of the whole heap frees.
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
