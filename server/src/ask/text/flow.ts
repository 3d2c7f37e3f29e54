import type { Flow, Hop, Step, StepAttempt } from '../../contract/index.ts';
import {
  age,
  duration,
  evidenceText,
  nanosToMs,
  promiseOf,
  statusText,
  textOf,
  why,
} from '../../words/index.ts';
import { statusOf } from '../questions/flow.ts';
import { bar, type Part } from './bars.ts';
import { cut, padded, widthOf } from './table.ts';

/** Characters that stand for the kinds of parts of a timeline. */
const MARKS = { work: '█', failed: '▓', running: '▒', wait: '·' } as const;
const LEGEND = `${MARKS.work} work  ${MARKS.failed} failed  ${MARKS.running} runs  ${MARKS.wait} waited for`;
const MAX_ROWS = 60;
const MIN_BAR = 20;
const MAX_NAME = 44;

/**
 * Draws a flow for a terminal: its steps on a line of time, what is awaited, where time went. The
 * `notes` stand below what is wrong with the flow.
 */
export function flowText(
  flow: Flow,
  nowMs: number,
  columns: number,
  notes: readonly string[] = [],
): string {
  return [
    ...head(flow, nowMs),
    '',
    ...timeline(flow, nowMs, columns),
    ...section(
      'Waits for',
      flow.waitingFor.map((waiting) => awaited(waiting, nowMs)),
    ),
    ...section('Findings', [
      ...flow.findings.flatMap(({ summary, evidence }) => [
        summary,
        ...evidence.map((one) => `  ${one}`),
      ]),
      ...notes,
    ]),
    ...section('Failed', flow.steps.flatMap(failures)),
    ...section(
      'Where the time went',
      flow.timeSpent.map(
        ({ kind, ms }) => `${padded(duration(ms), 10, true)}  ${kind.replaceAll('-', ' ')}`,
      ),
    ),
    ...section('Why these belong together', evidence(flow)),
    ...section('Related flows', [
      ...flow.relations.map(
        ({ kind, target, shared }) =>
          `${shared === undefined ? kind : `shares ${shared}`}: ${target}`,
      ),
      ...(flow.relationsUnread ? ['some could not be read now'] : []),
    ]),
  ].join('\n');
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];

function head(flow: Flow, nowMs: number): string[] {
  const status = statusText(statusOf(flow));
  const startMs = nanosToMs(flow.startedAtUnixNano);
  const isOpen = flow.phase !== 'ended';
  const took = isOpen ? `started ${age(nowMs - startMs)} ago` : `took ${duration(flow.durationMs)}`;
  const where = flow.environment === '' ? [] : [flow.environment];
  const keys = Object.entries(flow.keys).map(([name, value]) => `${name}=${value}`);
  return [
    [flow.key || flow.id, flow.type, status, took, ...where].join(' · '),
    ...(keys.length > 0 ? [keys.join('  ')] : []),
    textOf(why(flow, nowMs)).trim(),
  ];
}

function timeline(flow: Flow, nowMs: number, columns: number): string[] {
  const steps = flow.steps.slice(0, MAX_ROWS);
  if (steps.length === 0) return [];
  const startMs = nanosToMs(flow.startedAtUnixNano);
  const endMs = Math.max(...flow.steps.map((step) => endOf(step, nowMs)), startMs + 1);
  const nameWidth = Math.min(MAX_NAME, Math.max(...steps.map((step) => widthOf(nameOf(step)))));
  const width = Math.max(MIN_BAR, columns - nameWidth - 14);
  const share = (ms: number): number => (ms - startMs) / (endMs - startMs);
  const into = new Map(flow.hops.map((hop) => [hop.to, hop]));
  const rows = steps.map((step) => {
    const fromMs = nanosToMs(step.startUnixNano);
    const parts = [...waitOf(into.get(step.id), share, fromMs), ...attemptsOf(step, share, nowMs)];
    const name = padded(cut(nameOf(step), nameWidth), nameWidth);
    const took = padded(duration(endOf(step, nowMs) - fromMs), 10, true);
    return `${name}  ${took}  ${bar(parts, width)}`.trimEnd();
  });
  const left = flow.stepCount - steps.length;
  return [...rows, ...(left > 0 ? [`… and ${left} more steps`] : []), LEGEND];
}

const nameOf = ({ service, name, attempts }: Step): string =>
  `${service}: ${name}${attempts.length > 1 ? ` ×${attempts.length}` : ''}`;
const endOf = ({ endUnixNano }: Pick<Step, 'endUnixNano'>, nowMs: number): number =>
  endUnixNano === null ? nowMs : nanosToMs(endUnixNano);
/** Returns the attempts of a step. Each is a bar of its own, because nobody worked between them. */
const attemptsOf = (
  { attempts, ...step }: Step,
  share: (ms: number) => number,
  nowMs: number,
): Part[] =>
  attempts.map(({ startUnixNano, endUnixNano, status }, i) => ({
    from: share(nanosToMs(startUnixNano)),
    to: share(i < attempts.length - 1 ? endOrStart(attempts[i]!) : endOf(step, nowMs)),
    mark: markOf({ status: endUnixNano === null && i < attempts.length - 1 ? 'failed' : status }),
  }));
const endOrStart = ({ startUnixNano, endUnixNano }: StepAttempt): number =>
  nanosToMs(endUnixNano ?? startUnixNano);

const markOf = ({ status }: Pick<StepAttempt, 'status'>): string =>
  status === 'failed' ? MARKS.failed : status === 'running' ? MARKS.running : MARKS.work;

function waitOf(
  hop: Hop | undefined,
  share: (ms: number) => number,
  untilMs: number,
): { from: number; to: number; mark: string }[] {
  if (hop === undefined || hop.sync) return [];
  return [{ from: share(nanosToMs(hop.sentUnixNano)), to: share(untilMs), mark: MARKS.wait }];
}

function awaited(waiting: Flow['waitingFor'][number], nowMs: number): string {
  const by = waiting.service === null ? '' : ` by ${waiting.service}`;
  const forTime = age(nowMs - Date.parse(waiting.since));
  const stuckMs = Date.parse(waiting.stuckAt) - nowMs;
  const when = stuckMs > 0 ? `stuck in ${age(stuckMs)}` : `stuck for ${age(-stuckMs)}`;
  return `${waiting.step}${by}, for ${forTime}, ${when} (${promiseOf(waiting)})`;
}

const failures = ({ service, name, status, attempts, error }: Step): string[] =>
  error === null
    ? []
    : [
        `${service}: ${name} ${status} (${attempts.length} ${attempts.length === 1 ? 'attempt' : 'attempts'})`,
        `  ${[error.type, error.message].filter((part) => part !== '').join(': ')}`,
      ];

/** Returns a line for each kind of evidence, with the number of hops that it joins. */
function evidence({ hops }: Flow): string[] {
  const counts = new Map<string, number>();
  for (const { evidence: list } of hops)
    for (const one of list) counts.set(evidenceText(one), (counts.get(evidenceText(one)) ?? 0) + 1);
  return [...counts].map(([text, count]) => `${padded(String(count), 5, true)} × ${text}`);
}
