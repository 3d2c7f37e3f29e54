import { trace, type Tracer, type TracerProvider } from '@opentelemetry/api';
import { SCOPE } from './scope.ts';

let provider: TracerProvider | undefined;
let ours: Tracer;

/**
 * Returns this package's tracer. It is cached, because asking the provider for a tracer costs half
 * as much as a span. The cache is renewed when the provider changes: SDK 3 exists as CommonJS and
 * as ESM, and a tracer from before the SDK registered itself through the other build would never
 * make spans.
 */
export function tracer(): Tracer {
  const current = trace.getTracerProvider();
  if (current !== provider) {
    provider = current;
    ours = current.getTracer(SCOPE.name, SCOPE.version);
  }
  return ours;
}
