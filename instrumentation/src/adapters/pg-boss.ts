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
 * This adapter traces pg-boss 10 to 12: send and work. A job has no place for context besides its
 * data, which belongs to the application, so both sides name the job by its id, which the adapter
 * gives it where the application does not.
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

/** Runs a handler for the jobs that it gets: a list since version 10, of one job by default. */
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
 * Instruments pg-boss without changes to the application: each instance is traced when it starts.
 * A second call does nothing.
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
