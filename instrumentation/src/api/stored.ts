import { context } from '@opentelemetry/api';
import { attempt } from '../core/attempt.ts';
import { messageIdOf } from '../core/flow-context.ts';
import { injectHeaders } from '../core/headers.ts';
import { handleMessage } from './messages.ts';

/**
 * This file carries the context of work that the application stores and does later: a row of an
 * outbox table that a poller sends, a job in a table, a timer that survives a restart.
 */

/** Returns the current context as texts, to be stored beside the work that is done later. */
export function saveContext(): Record<string, string> {
  const saved =
    attempt(() => {
      const active = context.active();
      return injectHeaders({}, active, { causationId: messageIdOf(active) });
    }) ?? {};
  return saved as Record<string, string>;
}

/** Describes stored work for `resumeContext`. */
export interface StoredWork {
  /** Name of the store, such as the table `outbox`. It is reported as the message's destination. */
  store: string;
  /** Message type, such as the type of the message that the outbox will send. */
  type?: string;
  /** Number of this attempt, 1 for the first. */
  attempt?: number;
}

/**
 * Runs stored work as a step of the flow in which `saveContext` was called. The stored work is
 * treated as a message to that step, so the time in the store is shown as the message's wait.
 * `saved` is the object that `saveContext` returned, or its JSON text.
 */
export function resumeContext<T>(saved: unknown, { store, ...more }: StoredWork, work: () => T): T {
  const headers = attempt(() => headersIn(saved)) ?? {};
  return handleMessage({ system: 'store', destination: store, headers, ...more }, work);
}

function headersIn(saved: unknown): Record<string, unknown> {
  const value: unknown = typeof saved === 'string' ? JSON.parse(saved) : saved;
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
