import type { Flow } from '@fermata/server/contract';
import { isolate } from '../../ui/format.ts';
import { sequenceOf } from './sequence.ts';
import { age, byUrgency, textOf, why } from '@fermata/server/words';

/** Texts that can be copied from the page of a flow. */

/** Returns one line for a chat: `order-42 · stuck 13 min · … · http://…`. */
export function summaryLine(flow: Flow, url: string, nowMs: number): string {
  const name = isolate(flow.key || flow.id);
  return [name, isolate(flow.type), statusLine(flow, nowMs), textOf(why(flow, nowMs)).trim(), url]
    .filter((part) => part !== '')
    .join(' · ');
}

/** Says the status of a flow with its age: `stuck 13 min`, `completed`. */
export function statusLine(flow: Flow, nowMs: number): string {
  const word = statusOf(flow).replace('_', ' ');
  const since = statusSince(flow);
  return since === null ? word : `${word} ${age(nowMs - since)}`;
}

/** Returns the status to show: what is missing from an ended flow counts more than its end. */
export const statusOf = ({ phase, health, status }: Flow): string =>
  phase === 'ended' && health !== 'ok' ? health : status;

/** Returns since when a flow has been late, stuck or active, ms; null if it ended well. */
export function statusSince(flow: Flow): number | null {
  const status = statusOf(flow);
  const [first] = byUrgency(flow.waitingFor);
  if (first && (status === 'late' || status === 'stuck')) return Date.parse(first.since);
  if (flow.phase === 'ended') return null;
  return Number(flow.statusSinceUnixNano.slice(0, -6));
}

export const curlOf = (origin: string, id: string): string =>
  `curl -s '${origin}/api/v1/flows/${encodeURIComponent(id).replaceAll("'", '%27')}'`;

/**
 * Makes a name safe for Mermaid: it ends a line at `;` and a new line, and takes `#` for the start
 * of an entity.
 */
const safe = (text: string): string =>
  text
    .replace(/[;#]/g, (character) => (character === ';' ? '#59;' : '#35;'))
    .replace(/\s+/g, ' ')
    .replace(/</g, '#lt;')
    .replace(/>/g, '#gt;')
    .slice(0, 120);

/** Writes a flow as a sequence diagram in the language of Mermaid. */
export function mermaidOf(flow: Flow, nowMs: number): string {
  const { services, rows, omitted } = sequenceOf(flow, nowMs);
  const lines = [
    'sequenceDiagram',
    ...services.map((name, i) => `  participant s${i} as ${safe(name)}`),
  ];
  for (const row of rows) {
    if (row.kind === 'pause') lines.push(`  Note over s0: ${age(row.ms)} later`);
    else if (row.kind === 'failure') lines.push(`  Note over s${row.at}: ${safe(row.text)}`);
    else {
      const isTaken = row.state === 'delivered';
      const arrow = !isTaken ? '--x' : row.dashed ? '-->>' : '->>';
      const state = isTaken
        ? ''
        : row.state === 'dead-lettered'
          ? ' (dead-lettered)'
          : ' (not taken)';
      lines.push(`  s${row.from}${arrow}s${row.to}: ${safe(row.text)}${state}`);
    }
  }
  if (omitted > 0) lines.push(`  Note over s0: ${omitted} more are left out`);
  return `${lines.join('\n')}\n`;
}
