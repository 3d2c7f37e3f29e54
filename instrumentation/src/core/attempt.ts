import { diag } from '@opentelemetry/api';

/**
 * Returns the result of `prepare`, usually a span, or undefined if `prepare` throws. A wrong
 * argument must only cost the tracing and not stop the application's own work.
 */
export function attempt<T>(prepare: () => T): T | undefined {
  try {
    return prepare();
  } catch (error) {
    diag.warn('fermata: something could not be traced', error);
    return undefined;
  }
}
