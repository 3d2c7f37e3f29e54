import { diag } from '@opentelemetry/api';

/** Prepares a span. What a caller said wrongly is its own affair: what it wanted done is done. */
export function attempt<T>(prepare: () => T): T | undefined {
  try {
    return prepare();
  } catch (error) {
    diag.warn('fermata: something could not be traced', error);
    return undefined;
  }
}
