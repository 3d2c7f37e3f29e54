/** OpenMetrics text: counters end in `_total`, the text ends in `# EOF`. */
export function metricsText(metrics: { name: string; value: number; kind: 'counter' | 'gauge' }[]): string {
  const lines = metrics
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, value, kind }) => {
      const family = kind === 'counter' ? name.replace(/_total$/, '') : name;
      return [`# TYPE ${family} ${kind}`, `${kind === 'counter' ? `${family}_total` : name} ${value}`];
    });
  return `${lines.join('\n')}\n# EOF\n`;
}
