import type { Flow, Hop, Step, WaitingFor } from '../contract/index.ts';
import { absolute, duration, isolate, nanosToMs } from './format.ts';

/** A part of a sentence: plain text, or a name that is shown emphasized. */
export type Piece = string | { name: string };

const name = (text: string): Piece => ({ name: text });
/** Returns the text of a sentence. Its names are isolated (`isolate`). */
export const textOf = (pieces: readonly Piece[]): string =>
  pieces.map((piece) => (typeof piece === 'string' ? piece : isolate(piece.name))).join('');

/**
 * Explains the state of a flow in one or two sentences: what is missing and which service has to do
 * it; otherwise what failed and was compensated; otherwise what is running.
 */
export function why(flow: Flow, nowMs: number): Piece[] {
  const [awaited] = byUrgency(flow.waitingFor);
  if (awaited && Date.parse(awaited.lateAt) <= nowMs) return missing(flow, awaited, nowMs);
  const critical = flow.findings.find((finding) => finding.severity === 'critical');
  if (critical) return [`${isolate(critical.summary)}.`];
  const undone = undoneOf(flow);
  const failed = firstCause(flow);
  if (failed) return [...failure(failed), ...undone];
  if (undone.length > 0) return undone;
  const running = flow.steps.find((step) => step.status === 'running');
  if (running) return [name(running.service), ' is working on ', name(running.name), '.'];
  if (awaited) return missing(flow, awaited, nowMs);
  return untaken(flow) ?? summary(flow);
}

/** Returns the awaited steps in the order in which they become late. */
export const byUrgency = (waiting: readonly WaitingFor[]): WaitingFor[] =>
  [...waiting].sort((a, b) => Date.parse(a.lateAt) - Date.parse(b.lateAt));

function missing(flow: Flow, waiting: WaitingFor, nowMs: number): Piece[] {
  const hop = flow.hops.find(({ id }) => id === waiting.hopId);
  const afterId = hop?.from ?? waiting.afterStepId;
  const after = flow.steps.find(({ id }) => id === afterId);
  const sinceMs = hop ? nanosToMs(hop.sentUnixNano) : Date.parse(waiting.since);
  const forTime = duration(Math.max(0, nowMs - sinceMs));
  const more = flow.waitingFor.length - 1;
  const others = more > 0 ? ` ${more} more ${more === 1 ? 'step is' : 'steps are'} awaited.` : '';
  if (after?.status === 'running' && after.name === waiting.step)
    return [
      name(after.service),
      ' started ',
      name(after.name),
      ` ${forTime} ago and has not ended it.`,
      others,
    ];
  const step = stepNames(waiting);
  if (hop && after) {
    const taker = waiting.service === null ? 'Nobody' : name(waiting.service);
    return [
      ...[name(after.service), ' sent ', name(messageOf(hop)), toOf(hop)],
      ...[` at ${absolute(sinceMs, nowMs, 's')}. `, taker, ' has not taken it'],
      ...[` for ${forTime}, so `, ...step, ' has not started.', others],
    ];
  }
  const by: Piece[] = waiting.service === null ? [] : [' by ', name(waiting.service)];
  const start: Piece[] = after
    ? ['After ', name(after.name), ' of ', name(after.service), ', ']
    : [];
  const verb = after ? 'has been awaited' : 'is awaited';
  return [...start, ...step, ...by, ` ${verb} for ${forTime}.`, others];
}

const stepNames = ({ step, oneOf }: WaitingFor): Piece[] =>
  oneOf.length > 1
    ? ['one of ', ...oneOf.flatMap((one, i) => [i > 0 ? ', ' : '', name(one)])]
    : [name(step)];
const messageOf = ({ message }: Hop): string => message.type || message.destination || 'a message';
const toOf = ({ message: { type, destination } }: Hop): string =>
  type !== '' && destination !== '' ? ` to ${isolate(destination)}` : '';

function failure(step: Step): Piece[] {
  const { attempts, error } = step;
  const tries = attempts.length > 1 ? ` after ${attempts.length} attempts` : '';
  const reason = error ? `: ${isolate(error.message || error.type)}` : '';
  return [name(step.service), ' failed at ', name(step.name), `${tries}${reason}.`];
}

const MAX_NAMED = 3;
function undoneOf({ steps }: Flow): Piece[] {
  const undone = steps.filter((step) => step.compensatedBy.length > 0);
  if (undone.length === 0) return [];
  const named = undone.slice(0, undone.length > MAX_NAMED ? MAX_NAMED : undefined);
  const rest = undone.length - named.length;
  const names = new Map(steps.map((step) => [step.id, step.name]));
  const byOf = ({ compensatedBy }: Step): string =>
    compensatedBy.map((id) => names.get(id)).find((one) => one !== undefined) ?? '';
  const undoing = new Set(undone.map(byOf));
  // If one step undid all of them, it is named once, at the end.
  const each = undoing.size > 1;
  const [only = ''] = each ? [] : undoing;
  const by = (step: string): Piece[] => (step === '' ? [] : [' by ', name(step)]);
  const list = named.flatMap((step, i): Piece[] => {
    const isLast = i === named.length - 1 && rest === 0;
    const own = each ? by(byOf(step)) : [];
    return [i === 0 ? '' : isLast ? ' and ' : ', ', name(step.name), ...own];
  });
  const more = rest > 0 ? ` and ${rest} more` : '';
  const verb = undone.length === 1 ? 'was' : 'were';
  return each
    ? [' Compensated: ', ...list, `${more}.`]
    : [' ', ...list, `${more} ${verb} compensated`, ...by(only), '.'];
}

function untaken({ hops, steps }: Flow): Piece[] | null {
  const waiting = hops.filter((hop) => hop.state === 'waiting');
  const [hop] = waiting;
  if (hop === undefined) return null;
  const from = steps.find(({ id }) => id === hop.from);
  const more = waiting.length > 1 ? `; ${waiting.length - 1} more wait` : '';
  return [
    from ? name(from.service) : 'A service',
    ...[' sent ', name(messageOf(hop)), `${toOf(hop)}; nobody has taken it${more}.`],
  ];
}

function summary(flow: Flow): Piece[] {
  const { stepCount, services, durationMs } = flow;
  const slowest = flow.hops
    .filter((hop) => hop.waitMs !== null && !hop.sync)
    .sort((a, b) => b.waitMs! - a.waitMs!)[0];
  const what = `${count(stepCount, 'step')} in ${count(services.length, 'service')}`;
  if (slowest && slowest.waitMs! > durationMs * 0.2)
    return [
      `${what}; the longest wait was ${duration(slowest.waitMs!)} for `,
      name(messageOf(slowest)),
      '.',
    ];
  return [`${what}${flow.phase === 'ended' ? ` in ${duration(durationMs)}` : ' so far'}.`];
}
const count = (n: number, what: string): string =>
  `${n.toLocaleString()} ${what}${n === 1 ? '' : 's'}`;

/**
 * Returns the first failed step that called no other failed step, because a caller only passes on
 * the failure of the step that it called.
 */
export function firstCause({ steps, hops }: Flow): Step | undefined {
  const failed = steps.filter((step) => step.status === 'failed');
  const ids = new Set(failed.map((step) => step.id));
  const passedOn = new Set(
    hops.flatMap((hop) => (hop.to !== null && ids.has(hop.to) ? [hop.from] : [])),
  );
  return failed.find((step) => !passedOn.has(step.id)) ?? failed[0];
}

/** Returns on what an expectation is based: `seen in 160 of 160 flows; learned`. */
export function promiseOf({ basis, probability, samples, provisional }: WaitingFor): string {
  if (basis === 'declared') return 'declared for this flow type';
  const seen = `${Math.round(probability * samples).toLocaleString()} of ${samples.toLocaleString()}`;
  if (basis === 'structural')
    return samples === 0
      ? 'it started and has not ended'
      : `${seen} messages there were taken; observed`;
  return `seen in ${seen} flows; learned${provisional ? ' from few flows so far' : ''}`;
}
