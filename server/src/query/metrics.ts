import type { Reading } from '../base/counters.ts';

/**
 * Returns the metrics as OpenMetrics text. In this format, names of counters end in `_total`, each
 * family is declared once, and the text ends with `# EOF`.
 */
export function metricsText(metrics: readonly Reading[]): string {
  let family = '';
  const lines = [...metrics]
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .flatMap(({ name, value, kind, labels }) => {
      const isFirst = name !== family;
      family = name;
      const base = kind === 'counter' ? name.replace(/_total$/, '') : name;
      const line = `${kind === 'counter' ? `${base}_total` : name}${labelsText(labels)} ${value}`;
      return isFirst ? [`# TYPE ${base} ${kind}`, line] : [line];
    });
  return `${lines.join('\n')}\n# EOF\n`;
}

const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };
const labelsText = (labels: Reading['labels']): string =>
  labels === undefined
    ? ''
    : `{${Object.entries(labels)
        .map(([name, text]) => `${name}="${text.replace(/["\\\n]/g, (one) => ESCAPED[one]!)}"`)
        .join(',')}}`;
