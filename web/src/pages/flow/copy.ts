import type { Flow } from '@fermata/server/contract';
import { isolate } from '../../ui/format.ts';
import { sequenceOf } from './sequence.ts';
import { age, byUrgency, textOf, why } from '@fermata/server/words';

/** This file makes the texts that can be copied from the page of a flow. */

/** Returns a summary in one line, for a chat: `order-42 · stuck 13 min · … · http://…`. */
export function summaryLine(flow: Flow, url: string, nowMs: number): string {
  const name = isolate(flow.key || flow.id);
  return [name, isolate(flow.type), statusLine(flow, nowMs), textOf(why(flow, nowMs)).trim(), url]
    .filter((part) => part !== '')
    .join(' · ');
}

/** Returns the status of a flow with its age: `stuck 13 min`, `completed`. */
export function statusLine(flow: Flow, nowMs: number): string {
  const word = statusOf(flow).replace('_', ' ');
  const since = statusSince(flow);
  return since === null ? word : `${word} ${age(nowMs - since)}`;
}

/**
 * Returns the status to show. If an ended flow is late or stuck, because something is missing, that
 * takes precedence over how it ended.
 */
export const statusOf = ({ phase, health, status }: Flow): string =>
  phase === 'ended' && health !== 'ok' ? health : status;

/**
 * Returns since when a flow has had its status, epoch ms; null if it has ended without anything
 * missing.
 */
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
 * Escapes a name for Mermaid, in which `;` and a line break end a statement and `#` starts an
 * entity.
 */
const safe = (text: string): string =>
  text
    .replace(/[;#]/g, (character) => (character === ';' ? '#59;' : '#35;'))
    .replace(/\s+/g, ' ')
    .replace(/</g, '#lt;')
    .replace(/>/g, '#gt;')
    .slice(0, 120);

/** Returns a flow as a sequence diagram in Mermaid's language. */
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
