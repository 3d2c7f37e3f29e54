import { trace } from '@opentelemetry/api';
import { loggerProvider } from '../core/flow-log.ts';

interface Flushes {
  forceFlush?: () => Promise<void>;
}
interface Delegates extends Flushes {
  getDelegate?: () => Flushes;
}

/**
 * Sends what was recorded, and resolves when it has been sent or could not be. A function that
 * stands still between two calls, as those of AWS Lambda do, awaits this before it returns.
 */
export async function flush(): Promise<void> {
  const providers = [trace.getTracerProvider(), loggerProvider()] as (Delegates | undefined)[];
  await Promise.allSettled(
    providers.map(async (provider) => {
      const target = provider?.getDelegate?.() ?? provider;
      await target?.forceFlush?.();
    }),
  );
}
