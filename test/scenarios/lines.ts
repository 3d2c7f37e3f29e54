import type { Failure, Order, Scenario } from './scenario.ts';

/**
 * A log record of a service: text, severity and attributes, as a logging library would send them.
 * Both the running services and the simulated history use it.
 */
export interface LogLine {
  /** OTLP's severity number. */
  severity: number;
  text: string;
  attributes: Record<string, string>;
}

const SEVERITY = { debug: 5, info: 9, warn: 13, error: 17 };
export const SEVERITY_TEXT: Readonly<Record<number, string>> = {
  ...{ 5: 'DEBUG', 9: 'INFO', 13: 'WARN', 17: 'ERROR' },
};

/**
 * Returns the log records that a service writes at the start of a step, or of a request to a path.
 */
export function linesAt(
  { lines = {} }: Pick<Scenario, 'lines'>,
  step: string,
  order: Order,
  hasFlag: (flag: string) => boolean,
): LogLine[] {
  const values: Record<string, string> = { ...order.keys, order: order.orderId };
  return (lines[step] ?? [])
    .filter((line) => line.if === undefined || hasFlag(line.if))
    .map(({ level, text }) => ({
      severity: SEVERITY[level],
      text: text.replace(/\{(\w+)\}/g, (_, key: string) => values[key] ?? '?'),
      attributes: { 'code.function.name': functionOf(step) },
    }));
}

/** Returns the log record that a service writes when a step fails. It contains a stack trace. */
export function lineOfFailure(service: string, step: string, failure: Failure): LogLine {
  const { type, message } = failure;
  const name = functionOf(step);
  const file = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const stack = [
    `${type}: ${message}`,
    `    at ${name} (/srv/${service}/src/steps/${file}.ts:41:11)`,
    `    at async runStep (/srv/${service}/src/steps/index.ts:27:5)`,
    `    at async onMessage (/srv/${service}/src/bus/consumer.ts:88:7)`,
    `    at async Consumer.dispatch (/srv/${service}/node_modules/@shop/bus/consumer.js:152:9)`,
  ];
  return {
    severity: SEVERITY.error,
    text: `${step} failed: ${message}`,
    attributes: {
      'code.function.name': name,
      'exception.type': type,
      'exception.message': message,
      'exception.stacktrace': stack.join('\n'),
    },
  };
}

/** Returns a function name for a step: `takePayment` for `take payment`. */
const functionOf = (step: string): string =>
  step.replace(/^\//, 'post ').replace(/\s+(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The part of OpenTelemetry's Logs API that is used here. */
interface Logger {
  emit: (record: {
    severityNumber: number;
    severityText: string;
    body: string;
    attributes: Record<string, string>;
  }) => void;
}
type Provider = { getLogger: (name: string) => Logger } | undefined;

/**
 * Writes a log record through the SDK that `register` has started; does nothing without an SDK. The
 * Logs API is found by its global symbol.
 */
export function write({ severity, text, attributes }: LogLine): void {
  const api = (globalThis as Record<symbol, unknown>)[Symbol.for('io.opentelemetry.js.api.logs')];
  const provider = (api as ((version: number) => Provider) | undefined)?.(1);
  provider?.getLogger('shop.log').emit({
    ...{ severityNumber: severity, severityText: SEVERITY_TEXT[severity]!, body: text, attributes },
  });
}
