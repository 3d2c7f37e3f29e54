import { diag } from '@opentelemetry/api';

/**
 * Returns what `prepare` returns, usually a span; undefined if `prepare` throws, because a wrong
 * argument of the caller must not keep the caller's work from running.
 */
export function attempt<T>(prepare: () => T): T | undefined {
  try {
    return prepare();
  } catch (error) {
    diag.warn('fermata: something could not be traced', error);
    return undefined;
  }
}
