import { trace, type Tracer, type TracerProvider } from '@opentelemetry/api';
import { SCOPE } from './scope.ts';

let provider: TracerProvider | undefined;
let ours: Tracer;

/**
 * Returns our tracer of the registered provider, from a cache, because asking the provider for a
 * tracer costs half as much as a span. The cache has one tracer for each provider, because a tracer
 * obtained before an SDK registered itself through another build of the API (SDK 3 is CommonJS and
 * ESM) would never make spans.
 */
export function tracer(): Tracer {
  const current = trace.getTracerProvider();
  if (current !== provider) {
    provider = current;
    ours = current.getTracer(SCOPE.name, SCOPE.version);
  }
  return ours;
}
