import { diag } from '@opentelemetry/api';

/** Prepares a span. A caller's wrong argument must not keep its work from running. */
export function attempt<T>(prepare: () => T): T | undefined {
  try {
    return prepare();
  } catch (error) {
    diag.warn('fermata: something could not be traced', error);
    return undefined;
  }
}
