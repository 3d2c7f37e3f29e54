import * as api from '@opentelemetry/api';
import { context, diag, type Attributes, type Context } from '@opentelemetry/api';
import { preciseNow } from './clock.ts';
import { SCOPE } from './scope.ts';

/**
 * This file reports milestones (a flow or step has started, a flow has ended) as OpenTelemetry log
 * events. A log event is exported even if the step hangs or its process dies later, and it is not
 * sampled with the trace.
 *
 * From 1.10 on, the Logs API is part of @opentelemetry/api; before, it is the package
 * @opentelemetry/api-logs, which not every service has. That package's global is read directly, by
 * its symbol (GLOBAL_LOGS_API_KEY, compatibility version 1), so that it need not be installed.
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
  // The global of api-logs is asked first. If an SDK is registered there, the `logs` of a newer API
  // do not know it and would lose every event.
  const find = (globalThis as Record<symbol, unknown>)[GLOBAL] as
    ((version: number) => LoggerProvider | undefined) | undefined;
  const { logs } = api as { logs?: LoggerProvider };
  return find?.(1) ?? logs;
}

/**
 * Logs a milestone that happened at the time `at`, epoch ms with fraction. Never throws. Without a
 * registered SDK it does almost nothing.
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
