import * as api from '@opentelemetry/api';
import { context, diag, type Attributes, type Context } from '@opentelemetry/api';
import { preciseNow } from './clock.ts';
import { SCOPE } from './scope.ts';

/**
 * This file logs milestones as log events, because a log event is exported even if the step hangs
 * or its process dies later, and because log events are not sampled with the trace. From 1.10 on,
 * the Logs API is part of @opentelemetry/api. Before 1.10 it is a package of its own that not every
 * service has. Its global is found by the symbol under which it is registered
 * (@opentelemetry/api-logs, GLOBAL_LOGS_API_KEY, compatibility version 1), so that the package need
 * not be installed.
 */
interface Logger {
  emit(record: {
    eventName: string;
    timestamp: number;
    severityNumber: number;
    attributes: Attributes;
    context: Context;
  }): void;
}
export interface LoggerProvider {
  getLogger(name: string, version?: string): Logger;
}

const GLOBAL = Symbol.for('io.opentelemetry.js.api.logs');
const SEVERITY = { info: 9, error: 17 };

export function loggerProvider(): LoggerProvider | undefined {
  // An SDK that registered at the global of api-logs is asked first: beside it, the `logs` of a
  // newer API know of no SDK, and everything logged there would be lost.
  const find = (globalThis as Record<symbol, unknown>)[GLOBAL] as
    ((version: number) => LoggerProvider | undefined) | undefined;
  const { logs } = api as { logs?: LoggerProvider };
  return find?.(1) ?? logs;
}

/**
 * Logs a milestone of the time `at`, epoch ms with fraction. Never throws; costs a lookup when no
 * SDK is registered.
 */
export function emitMilestone(
  eventName: string,
  attributes: Attributes,
  failed = false,
  at = preciseNow(),
): void {
  try {
    loggerProvider()
      ?.getLogger(SCOPE.name)
      .emit({
        eventName,
        timestamp: at,
        severityNumber: failed ? SEVERITY.error : SEVERITY.info,
        attributes,
        context: context.active(),
      });
  } catch (error) {
    diag.warn('fermata: a milestone could not be logged', error);
  }
}
