import type { Counters } from '../base/counters.ts';
import type { OtlpExport } from '../model/otlp.ts';
import { success, type Encoding, type HttpAnswer } from './otlp-answer.ts';

export interface RespondOptions {
  counters: Counters;
  offer(request: OtlpExport): Promise<void>;
}

/**
 * Waits until a decoded request is committed and correlated, and then returns the response. The
 * response is built before the wait, so that the request can be garbage-collected. If it stayed in
 * memory, V8 would move it to the old generation, which only a full collection frees.
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
