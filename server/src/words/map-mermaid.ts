import type { MapEdge, MapNode } from '../contract/index.ts';
import { counted, duration } from './format.ts';

export const isEvent = ({ message }: MapEdge): boolean => message?.kind === 'event';

/**
 * Returns the name of an edge on the map; '' for a call that takes no time, such as one within a
 * service.
 */
export function messageName({ message, waitMs, sync }: MapEdge): string {
  if (message !== null) return message.type || message.destination || message.kind;
  if (!sync) return 'then';
  return waitMs.p50 > 0 ? 'call' : '';
}

/** Returns a map as a Mermaid flowchart, which documents and issues can display. */
export function mapMermaid(steps: readonly MapNode[], messages: readonly MapEdge[]): string {
  const names = new Map(steps.map((node, i) => [node.id, `s${i + 1}`]));
  const boxes = steps.map(
    (node) =>
      `  ${names.get(node.id)}["${escaped(node.step)}<br/>${escaped(node.service)}<br/>${counted(
        node.flows,
        'flow',
      )}, ${duration(node.workMs.p50)}"]`,
  );
  // Edges from the start or to the end of flows are left out, because they lack a step at one end.
  const between = messages.filter(({ from, to }) => names.has(from) && names.has(to));
  const lines = between.map(
    (edge) =>
      `  ${names.get(edge.from)} ${isEvent(edge) ? '-.->' : '-->'}${labelOf(edge)} ${names.get(edge.to)}`,
  );
  return ['flowchart LR', ...boxes, ...lines, ''].join('\n');
}

function labelOf(edge: MapEdge): string {
  const name = messageName(edge);
  if (name === '') return '';
  return `|"${escaped(name)}, ${counted(edge.flows, 'flow')}, ${duration(edge.waitMs.p50)}"|`;
}

/** Escapes characters that could end a label or begin markup, because names come from senders. */
const escaped = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[#&"<>`|[\]{}\\;]/g, (char) => `#${char.codePointAt(0)};`)
    .slice(0, 200);
