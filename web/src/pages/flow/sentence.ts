import type { Flow, Step } from '@fermata/server/contract';
import { duration, isolate } from '../../ui/format.ts';

/** Returns one sentence that describes the flow as a person would. */
export function sentence(flow: Flow): string {
  const failed = firstCause(flow);
  const undone = flow.steps
    .filter((step) => step.compensatedBy.length > 0)
    .map((step) => `“${isolate(step.name)}”`);
  const undoing =
    undone.length === 0
      ? ''
      : ` ${list(undone)} ${undone.length === 1 ? 'was' : 'were'} compensated.`;
  const waiting = flow.hops.filter((hop) => hop.state === 'waiting');
  const running = flow.steps.filter((step) => step.status === 'running');
  const slowest = flow.hops
    .filter((hop) => hop.waitMs !== null && !hop.sync)
    .sort((a, b) => b.waitMs! - a.waitMs!)[0];
  const stuck = flow.findings.find((finding) => finding.severity === 'critical');
  if (stuck) return `${isolate(stuck.summary)}.`;
  if (failed) {
    const why = failed.error ? `: ${isolate(failed.error.message || failed.error.type)}` : '';
    return `${isolate(failed.service)} failed at “${isolate(failed.name)}”${failed.attempts.length > 1 ? ` after ${failed.attempts.length} attempts` : ''}${why}.${undoing}`;
  }
  if (undoing !== '') return undoing.trimStart();
  if (running.length > 0)
    return `${isolate(running[0]!.service)} is working on “${isolate(running[0]!.name)}”.`;
  if (waiting.length > 0) {
    const { message } = waiting[0]!;
    const more = waiting.length > 1 ? `; ${waiting.length - 1} more wait` : '';
    return `${isolate(message.type) || 'A message'} was sent to ${isolate(message.destination) || 'an unknown destination'} and has not been consumed${more}.`;
  }
  const services = `${flow.stepCount} ${flow.stepCount === 1 ? 'step' : 'steps'} in ${flow.services.length} ${flow.services.length === 1 ? 'service' : 'services'}`;
  if (slowest && slowest.waitMs! > flow.durationMs * 0.2)
    return `${services}; the longest wait was ${duration(slowest.waitMs!)} for ${isolate(slowest.message.type || slowest.message.destination)}.`;
  return `${services}${flow.phase === 'ended' ? ` in ${duration(flow.durationMs)}` : ' so far'}.`;
}

/**
 * Returns the first failed step that called no other failed step, because a caller only passes on
 * the failure of the step that it called.
 */
function firstCause({ steps, hops }: Flow): Step | undefined {
  const failed = steps.filter((step) => step.status === 'failed');
  const ids = new Set(failed.map((step) => step.id));
  const passedOn = new Set(
    hops.flatMap((hop) => (hop.to !== null && ids.has(hop.to) ? [hop.from] : [])),
  );
  return failed.find((step) => !passedOn.has(step.id)) ?? failed[0];
}

const MAX_NAMED = 3;
function list(names: string[]): string {
  if (names.length > MAX_NAMED)
    return `${names.slice(0, MAX_NAMED).join(', ')} and ${names.length - MAX_NAMED} more`;
  return names.length < 2
    ? names.join('')
    : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}
