import { context } from '@opentelemetry/api';
import { attempt } from '../core/attempt.ts';
import { messageIdOf } from '../core/flow-context.ts';
import { injectHeaders } from '../core/headers.ts';
import { handleMessage } from './messages.ts';

/**
 * The functions of this file carry the context through a store of the application, for work that is
 * done later: a row of an outbox that a poller sends, a job in a table, a timer that outlives its
 * process.
 */

/** Returns the current context as texts by name, to be stored beside what is done later. */
export function saveContext(): Record<string, string> {
  const saved =
    attempt(() => {
      const active = context.active();
      return injectHeaders({}, active, { causationId: messageIdOf(active) });
    }) ?? {};
  return saved as Record<string, string>;
}

/** What is done with a stored context. */
export interface StoredWork {
  /** Name of the store, such as the table: `outbox`. It is the place of the message. */
  store: string;
  /** Meaning of what was stored, such as the type of the message to send. */
  type?: string;
  /** Number of this try, 1 for the first. */
  attempt?: number;
}

/**
 * Runs work that was stored, as a step of the flow in which `saveContext` was called. What was
 * stored is a message to that step: its wait is the time in the store. `saved` may be the object,
 * or its JSON text.
 */
export function resumeContext<T>(saved: unknown, { store, ...more }: StoredWork, work: () => T): T {
  const headers = attempt(() => headersIn(saved)) ?? {};
  return handleMessage({ system: 'store', destination: store, headers, ...more }, work);
}

function headersIn(saved: unknown): Record<string, unknown> {
  const value: unknown = typeof saved === 'string' ? JSON.parse(saved) : saved;
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
