import type { FileProgress } from './import-file.ts';

const WIDTH = 30;
const EVERY_MS = 10_000;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Returns a line with a progress bar, the amount done and the estimated time left. */
export function progressLine(
  { bytes, total, records, skipped }: FileProgress,
  tookMs: number,
): string {
  const share = total === 0 ? 1 : bytes / total;
  const seconds = Math.max(0.1, tookMs / 1000);
  const left = share > 0.01 ? Math.round((seconds / share) * (1 - share)) : null;
  return [
    `${'█'.repeat(Math.floor(share * WIDTH)).padEnd(WIDTH, '░')} ${Math.floor(share * 100)} %`,
    `${megabytes(bytes)} of ${megabytes(total)}`,
    `${records.toLocaleString('en')} records`,
    ...(skipped > 0 ? [`${skipped} left out`] : []),
    ...(left === null ? [] : [`${left} s left`]),
  ].join('  ');
}

/**
 * Returns a function that shows progress. On a terminal each line overwrites the one before;
 * elsewhere a line is written every ten seconds.
 */
export function createBar(
  write: (text: string) => void,
  isTerminal: boolean,
  now: () => number,
): (progress: FileProgress) => void {
  const startedMs = now();
  let saidMs = startedMs;
  return (progress) => {
    if (!isTerminal && now() - saidMs < EVERY_MS) return;
    saidMs = now();
    const line = progressLine(progress, now() - startedMs);
    write(isTerminal ? `\r\x1b[2K${line}` : `${line}\n`);
  };
}
