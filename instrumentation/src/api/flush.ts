import { trace } from '@opentelemetry/api';
import { loggerProvider } from '../core/flow-log.ts';

interface Flushes {
  forceFlush?: () => Promise<void>;
}
interface Delegates extends Flushes {
  getDelegate?: () => Flushes;
}

/**
 * Exports all spans and log events that are waiting, and resolves when the export has succeeded or
 * failed. An AWS Lambda function must await it before returning, because the process is frozen
 * between two calls.
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
