import type { Flow } from '@fermata/server/contract';
import { duration } from '../../ui/format.ts';

/** What happened, in a sentence a person would say. */
export function sentence(flow: Flow): string {
  const failed = flow.steps.find((step) => step.status === 'failed');
  const waiting = flow.hops.filter((hop) => hop.state === 'waiting');
  const running = flow.steps.filter((step) => step.status === 'running');
  const slowest = flow.hops
    .filter((hop) => hop.waitMs !== null && !hop.sync)
    .sort((a, b) => b.waitMs! - a.waitMs!)[0];
  const stuck = flow.findings.find((finding) => finding.severity === 'critical');
  if (stuck) return `${stuck.summary}.`;
  if (failed) {
    const why = failed.error ? `: ${failed.error.message || failed.error.type}` : '';
    return `${failed.service} failed at “${failed.name}”${failed.attempts.length > 1 ? ` after ${failed.attempts.length} attempts` : ''}${why}.`;
  }
  if (running.length > 0) return `${running[0]!.service} is working on “${running[0]!.name}”.`;
  if (waiting.length > 0) {
    const { message } = waiting[0]!;
    const more = waiting.length > 1 ? ` and ${waiting.length - 1} more` : '';
    return `${message.type || 'A message'} was sent to ${message.destination || 'nowhere known'} and nobody has been seen taking it${more}.`;
  }
  const services = `${flow.stepCount} ${flow.stepCount === 1 ? 'step' : 'steps'} in ${flow.services.length} ${flow.services.length === 1 ? 'service' : 'services'}`;
  if (slowest && slowest.waitMs! > flow.durationMs * 0.2)
    return `${services}; the longest wait was ${duration(slowest.waitMs!)} for ${slowest.message.type || slowest.message.destination}.`;
  return `${services}${flow.phase === 'ended' ? ` in ${duration(flow.durationMs)}` : ' so far'}.`;
}
