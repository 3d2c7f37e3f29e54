import type { CoordinationReport } from '../../contract/index.ts';

/**
 * Writes reports as Markdown, for a document that people discuss. Names in it come from senders.
 */
export const coordinationMarkdown = (reports: readonly CoordinationReport[]): string =>
  ['# How services work together', ...reports.map(section)].join('\n\n') + '\n';

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const duration = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
/** Escapes characters that have a meaning in Markdown, in text and in the cells of a table. */
const text = (value: string): string =>
  value.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>#|!]/g, '\\$&');
const names = (list: readonly string[]): string =>
  list.length === 0 ? 'nobody' : list.map(text).join(', ');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** One table of a report. It is left out if it has no rows. */
type Part = (report: CoordinationReport) => { head: readonly string[]; rows: string[][] };

const PARTS: readonly Part[] = [
  ({ knows }) => ({
    head: ['service', 'has to know'],
    rows: knows.map((one) => [text(one.service), names(one.knows)]),
  }),
  ({ listeners }) => ({
    head: ['message', 'from', 'listener', 'since', 'lag p50', 'p99', 'now'],
    rows: listeners.map(({ message, from, service, since, lagMs, nowMs }) => [
      ...[message, from, service].map(text),
      ...[since, duration(lagMs.p50), duration(lagMs.p99), duration(nowMs)],
    ]),
  }),
  ({ failureAudience }) => ({
    head: ['failure', 'must hear of it', 'hears of it'],
    rows: failureAudience.map(({ failure, mustHear, hear }) => [
      ...[text(failure), names(mustHear), names(hear)],
    ]),
  }),
  ({ blocked }) => ({
    head: ['service', 'step', 'waits for calls', 'of its time', 'services in the chain'],
    rows: blocked.map(({ service, step, ms, share, chainDepth }) => [
      ...[text(service), text(step), duration(ms), percent(share), String(chainDepth)],
    ]),
  }),
  ({ decisions }) => ({
    head: ['service', 'step', 'then'],
    rows: decisions.map(({ service, step, next }) => [
      ...[text(service), text(step)],
      next.map((one) => `${text(one.step)} (${percent(one.flowsShare)})`).join(', '),
    ]),
  }),
  ({ ifStops }) => ({
    head: ['if this stops', 'flows are held', 'flows only miss its steps'],
    rows: ifStops.map(({ service, flowsShare, heldShare }) => [
      ...[text(service), percent(heldShare)],
      percent(Math.max(0, flowsShare - heldShare)),
    ]),
  }),
];

function section(report: CoordinationReport): string {
  const { type, flows, verdict, styles, hops, shares, conductor, coupling, advice } = report;
  const byStyle = styles.map((one) => `${one.flows} ${one.style}`).join(', ');
  const kinds = [
    `${percent(shares.event)} events`,
    `${percent(shares.command)} commands`,
    `${percent(shares.reply)} replies`,
    `${percent(shares.call)} calls`,
  ].join(', ');
  const conducts = conductor === null ? 'No service conducts' : `${text(conductor)} conducts`;
  return [
    `## ${text(type)}: ${verdict}`,
    `${flows} flows (${byStyle}), ${hops} hops between services: ${kinds}. ${conducts}; coupling ${coupling}.`,
    ...PARTS.map((part) => part(report)).flatMap(({ head, rows }) =>
      rows.length === 0 ? [] : [table(head, rows)],
    ),
    ...(advice.length === 0 ? [] : [advice.map((one) => `- ${text(one.text)}`).join('\n')]),
  ].join('\n\n');
}
