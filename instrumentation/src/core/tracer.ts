import { trace, type Tracer, type TracerProvider } from '@opentelemetry/api';
import { SCOPE } from './scope.ts';

let provider: TracerProvider | undefined;
let ours: Tracer;

/**
 * Keeps one tracer for each provider: asking for it costs as much as half a span. The cache is by
 * provider, because a tracer obtained before an SDK registered itself through another build of the
 * API (SDK 3 is CommonJS and ESM) stays silent for ever.
 */
export function tracer(): Tracer {
  const current = trace.getTracerProvider();
  if (current !== provider) {
    provider = current;
    ours = current.getTracer(SCOPE.name, SCOPE.version);
  }
  return ours;
}
