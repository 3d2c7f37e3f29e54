import type { CoordinationReport } from '../../contract/index.ts';

/** Writes reports as Markdown, for a document that people discuss. Values are attribute texts. */
export const coordinationMarkdown = (reports: readonly CoordinationReport[]): string =>
  ['# How services work together', ...reports.map(section)].join('\n\n') + '\n';

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const duration = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
/** Escapes what Markdown would read as its own, in a line or in the cell of a table. */
const text = (value: string): string =>
  value.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>#|!]/g, '\\$&');
const names = (list: readonly string[]): string =>
  list.length === 0 ? 'nobody' : list.map(text).join(', ');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function section(report: CoordinationReport): string {
  const { shares, conductor, hops } = report;
  const parts = [
    `## ${text(report.type)}: ${report.verdict}`,
    `${report.flows} flows (${report.styles.map((one) => `${one.flows} ${one.style}`).join(', ')}), ${hops} hops between services: ${percent(shares.event)} events, ${percent(shares.command)} commands, ${percent(shares.reply)} replies, ${percent(shares.call)} calls. ${conductor === null ? 'No service conducts' : `${text(conductor)} conducts`}; coupling ${report.coupling}.`,
  ];
  if (report.knows.length > 0)
    parts.push(
      table(
        ['service', 'has to know'],
        report.knows.map(({ service, knows }) => [text(service), names(knows)]),
      ),
    );
  if (report.listeners.length > 0)
    parts.push(
      table(
        ['message', 'from', 'listener', 'since', 'lag p50', 'p99', 'now'],
        report.listeners.map(({ message, from, service, since, lagMs, nowMs }) => [
          ...[message, from, service].map(text),
          ...[since, duration(lagMs.p50), duration(lagMs.p99), duration(nowMs)],
        ]),
      ),
    );
  if (report.failureAudience.length > 0)
    parts.push(
      table(
        ['failure', 'must hear of it', 'hears of it'],
        report.failureAudience.map(({ failure, mustHear, hear }) => [
          text(failure),
          names(mustHear),
          names(hear),
        ]),
      ),
    );
  if (report.blocked.length > 0)
    parts.push(
      table(
        ['service', 'step', 'waits for calls', 'of its time', 'services in the chain'],
        report.blocked.map(({ service, step, ms, share, chainDepth }) => [
          ...[text(service), text(step), duration(ms), percent(share), String(chainDepth)],
        ]),
      ),
    );
  if (report.decisions.length > 0)
    parts.push(
      table(
        ['service', 'step', 'then'],
        report.decisions.map(({ service, step, next }) => [
          text(service),
          text(step),
          next.map((one) => `${text(one.step)} (${percent(one.flowsShare)})`).join(', '),
        ]),
      ),
    );
  parts.push(
    table(
      ['if this stops', 'these flows stop'],
      report.ifStops.map(({ service, flowsShare }) => [text(service), percent(flowsShare)]),
    ),
  );
  if (report.advice.length > 0)
    parts.push(report.advice.map((advice) => `- ${text(advice.text)}`).join('\n'));
  return parts.join('\n\n');
}
