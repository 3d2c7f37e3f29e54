import { randomUUID } from 'node:crypto';
import { context, type Span } from '@opentelemetry/api';
import {
  attempt,
  endAccepted,
  endFailed,
  endSpanWith,
  markTraced,
  sendCommand,
  startProcessing,
  type Processing,
} from '../adapter-kit.ts';

/**
 * This adapter traces the send and work methods of pg-boss 10 to 12. A job has no field for context
 * besides its data, which belongs to the application. Therefore both sides use the job's id as the
 * message id. If the application sets no id, the adapter generates one.
 */
type Method = (...args: unknown[]) => Promise<unknown>;
type Boss = Record<'send' | 'work' | 'start', Method>;
interface Job {
  id: string;
  name: string;
  retryCount?: number;
}
interface SendOptions {
  id?: string;
}

function traceBoss(boss: Boss): void {
  if (!markTraced(boss)) return;
  const { send, work } = { send: boss.send.bind(boss), work: boss.work.bind(boss) };
  boss.send = (...args) => {
    const isRequest = typeof args[0] === 'object' && args[0] !== null;
    const request = isRequest
      ? (args[0] as { name: string; data?: unknown; options?: SendOptions })
      : { name: String(args[0]), data: args[1], options: args[2] as SendOptions | undefined };
    const { name, data } = request;
    const options = { ...request.options };
    options.id ??= randomUUID();
    const message = { type: name, destination: name, system: 'pg-boss', id: options.id };
    return sendCommand(message, () => send(name, data ?? null, options));
  };
  boss.work = (...args) => {
    const handler = args.at(-1);
    if (typeof handler !== 'function') return work(...args);
    return work(...args.slice(0, -1), (jobs: unknown) =>
      handle(jobs, handler as (jobs: unknown) => unknown),
    );
  };
}

/**
 * Runs a handler with its jobs in spans. Since version 10, pg-boss passes a list, by default of one
 * job.
 */
function handle(given: unknown, handler: (jobs: unknown) => unknown): unknown {
  const jobs = (Array.isArray(given) ? given : [given]) as Job[];
  const started = jobs.flatMap((job) => attempt(() => start(job)) ?? []);
  const [only] = started;
  if (only !== undefined && jobs.length === 1)
    return endSpanWith(only.span, only.ctx, () => handler(given), handler as never);
  const spans: Span[] = started.map(({ span }) => span);
  return (async () => {
    try {
      const result = await context.with(context.active(), () => handler(given));
      spans.forEach(endAccepted);
      return result;
    } catch (error) {
      for (const span of spans) endFailed(span, error);
      throw error;
    }
  })();
}

const start = ({ id, name, retryCount = 0 }: Job): Processing =>
  startProcessing({
    ...{ system: 'pg-boss', destination: name, group: name, type: name, id },
    ...(retryCount > 0 && { attempt: retryCount + 1 }),
  });

/**
 * Patches pg-boss, so that each instance is traced when it starts and the application needs no
 * change. A second call does nothing.
 */
export function instrumentPgBoss(module: {
  prototype?: object;
  PgBoss?: { prototype: object };
}): void {
  const prototype = (module.PgBoss?.prototype ?? module.prototype) as Boss | undefined;
  if (prototype === undefined || !markTraced(prototype)) return;
  const { start: begin } = prototype;
  prototype.start = function (this: Boss, ...args) {
    attempt(() => traceBoss(this));
    return begin.apply(this, args);
  };
}
