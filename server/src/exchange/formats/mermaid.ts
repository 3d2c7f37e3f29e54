import type { Flow, Hop, Step } from '../../model/flow.ts';

/**
 * Maximum number of steps of a diagram, because viewers of Mermaid show no more than some hundred.
 */
const MAX_STEPS = 500;

/**
 * Escapes a name for Mermaid, which ends a line at `;` and at a line break, takes `#` for the start
 * of an entity, and interprets HTML.
 */
const safe = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[;#"<>&`]/g, (one) => `#${one.charCodeAt(0)};`)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, 120) || '(no name)';

/**
 * Returns a flow as a sequence diagram: services side by side, messages and steps from top to
 * bottom.
 */
export function writeMermaid(flow: Flow): string {
  const steps = flow.steps.slice(0, MAX_STEPS);
  const services = [...new Set(steps.map(({ service }) => service))];
  const serviceOf = new Map(steps.map((step) => [step.id, services.indexOf(step.service)]));
  const lines = ['sequenceDiagram', `  %% ${safe(flow.type)} ${safe(flow.key || flow.id)}`];
  services.forEach((name, i) => lines.push(`  participant s${i} as ${safe(name)}`));
  type Row = { at: bigint; text: string };
  const rows: Row[] = steps.map((step) => ({ at: step.start, text: noteOf(step, serviceOf) }));
  for (const hop of flow.hops) rows.push(...messageOf(hop, serviceOf));
  rows.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  lines.push(...rows.map(({ text }) => `  ${text}`));
  if (flow.steps.length > MAX_STEPS)
    lines.push(`  Note over s0: ${flow.steps.length - MAX_STEPS} more steps are left out`);
  return `${lines.join('\n')}\n`;
}

type Places = ReadonlyMap<string, number>;

function noteOf(step: Step, places: Places): string {
  const state = step.status === 'ok' ? '' : ` (${step.status})`;
  return `Note over s${places.get(step.id)}: ${safe(step.name)}${state}`;
}

function messageOf(hop: Hop, places: Places): { at: bigint; text: string }[] {
  const from = places.get(hop.from ?? '');
  const to = places.get(hop.to ?? '');
  if (from === undefined && to === undefined) return [];
  const { message, state, sync, sent, received } = hop;
  const name = safe(message.type || message.destination || (sync ? 'call' : 'message'));
  const arrow = state === 'delivered' ? (sync ? '->>' : '-)') : '-x';
  const said = state === 'delivered' ? '' : ` (${state})`;
  const at = received ?? sent;
  return [{ at, text: `s${from ?? to}${arrow}s${to ?? from}: ${name}${said}` }];
}

/** Returns a flow as a flowchart: a box for each step, and an arrow for each message and cause. */
export function writeFlowchart(flow: Flow): string {
  const steps = flow.steps.slice(0, MAX_STEPS);
  const places = new Map(steps.map((step, i) => [step.id, i]));
  const lines = ['flowchart TD', `  %% ${safe(flow.type)} ${safe(flow.key || flow.id)}`];
  for (const [i, { name, service, status }] of steps.entries())
    lines.push(`  n${i}["${safe(name)}<br/>${safe(service)}"]:::${status}`);
  const linked = new Set<string>();
  for (const { from, to, message, state, sync } of flow.hops) {
    const [a, b] = [places.get(from ?? ''), places.get(to ?? '')];
    if (a === undefined || (b === undefined && to !== null)) continue;
    const name = message.type || message.destination;
    const label = name === '' ? '' : `|"${safe(name)}"|`;
    if (b === undefined) {
      lines.push(`  n${a} -.->${label} w${lines.length}(("${state}"))`);
      continue;
    }
    linked.add(`${a} ${b}`);
    lines.push(`  n${a} ${sync ? '-->' : '-.->'}${label} n${b}`);
  }
  for (const [i, { causedBy }] of steps.entries())
    for (const cause of causedBy) {
      const a = places.get(cause);
      if (a === undefined || linked.has(`${a} ${i}`)) continue;
      lines.push(`  n${a} --> n${i}`);
    }
  for (const waiting of flow.waitingFor)
    lines.push(`  missing${lines.length}["${safe(waiting.step)} (missing)"]:::missing`);
  if (flow.steps.length > MAX_STEPS)
    lines.push(`  rest["${flow.steps.length - MAX_STEPS} more steps are left out"]`);
  lines.push('  classDef failed stroke:#c22,stroke-width:2px');
  lines.push('  classDef missing stroke:#c22,stroke-dasharray:4');
  return `${lines.join('\n')}\n`;
}
