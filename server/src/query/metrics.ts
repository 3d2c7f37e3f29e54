import type { Reading } from '../base/counters.ts';

/**
 * Returns the metrics as OpenMetrics text. In this format, names of counters end in `_total`, each
 * family is declared once, a bucket counts all values up to its bound, and the text ends with `#
 * EOF`.
 */
export function metricsText(metrics: readonly Reading[]): string {
  let family = '';
  const lines = [...metrics]
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .flatMap((reading) => {
      const { name, kind } = reading;
      const isFirst = name !== family;
      family = name;
      const declared = `# TYPE ${name.replace(/_total$/, '')} ${kind}`;
      return isFirst ? [declared, ...linesOf(reading)] : linesOf(reading);
    });
  return `${lines.join('\n')}\n# EOF\n`;
}

function linesOf(reading: Reading): string[] {
  const { name, labels, value, kind, histogram } = reading;
  const text = labelsText(labels);
  if (kind === 'counter') return [`${name.replace(/_total$/, '')}_total${text} ${value}`];
  if (histogram === undefined) return [`${name}${text} ${value}`];
  const { bounds, counts, sum } = histogram;
  let upTo = 0;
  const buckets = counts.map((count, i) => {
    upTo += count;
    const le = i < bounds.length ? canonical(bounds[i]!) : '+Inf';
    return `${name}_bucket${labelsText({ ...labels, le })} ${upTo}`;
  });
  return [...buckets, `${name}_sum${text} ${sum}`, `${name}_count${text} ${value}`];
}

/** Formats a bound as OpenMetrics requires: a whole number has a fraction (`5.0`). */
const canonical = (bound: number): string =>
  Number.isInteger(bound) ? `${bound}.0` : String(bound);

const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };
const labelsText = (labels: Reading['labels']): string =>
  labels === undefined
    ? ''
    : `{${Object.entries(labels)
        .map(([name, text]) => `${name}="${text.replace(/["\\\n]/g, (one) => ESCAPED[one]!)}"`)
        .join(',')}}`;
