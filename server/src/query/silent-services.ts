import type { ServiceHeard } from '../store/index.ts';

/**
 * A service is silent if nothing was received from it for this many times the usual distance
 * between two of its steps, and for at least `MIN_SILENCE_MS`. A service that is rarely needed,
 * such as one for dead letters, is not silent only because it was not needed lately.
 */
const SILENT_GAPS = 20;
const MIN_SILENCE_NS = 300_000_000_000n;
const MIN_STEPS = 20;

/**
 * Returns from when on the service is silent if nothing more is received from it, in nanoseconds
 * since 1970; null if it has too few steps to know what distance between them is usual.
 */
export function silentFrom({ steps, firstSeen, lastSeen }: ServiceHeard): bigint | null {
  if (steps < MIN_STEPS) return null;
  const last = BigInt(lastSeen);
  const usual = (BigInt(SILENT_GAPS) * (last - BigInt(firstSeen))) / BigInt(steps);
  return last + (usual > MIN_SILENCE_NS ? usual : MIN_SILENCE_NS);
}
