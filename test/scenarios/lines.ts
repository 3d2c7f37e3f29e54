import type { Failure, Order, Scenario } from './scenario.ts';

/**
 * Returns what a service writes into its log while it works on an order, as libraries of logging
 * would send it: text, severity and attributes. The services that run and the history say the same.
 */
export interface LogLine {
  /** Severity number of OTLP. */
  severity: number;
  text: string;
  attributes: Record<string, string>;
}

const SEVERITY = { debug: 5, info: 9, warn: 13, error: 17 };
export const SEVERITY_TEXT: Readonly<Record<number, string>> = {
  ...{ 5: 'DEBUG', 9: 'INFO', 13: 'WARN', 17: 'ERROR' },
};

/** Returns the lines that are written when a step, or a request to a path, begins. */
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

/** Returns the line that is written when a step fails, with the stack of its exception. */
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

/** `take payment` is the work of a function `takePayment`. */
const functionOf = (step: string): string =>
  step.replace(/^\//, 'post ').replace(/\s+(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The part of OpenTelemetry's API of logs that is used here. */
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
 * Writes a line through the SDK that the instrumentation package has started, if it has. The API of
 * logs is found by the symbol under which it is registered.
 */
export function write({ severity, text, attributes }: LogLine): void {
  const api = (globalThis as Record<symbol, unknown>)[Symbol.for('io.opentelemetry.js.api.logs')];
  const provider = (api as ((version: number) => Provider) | undefined)?.(1);
  provider?.getLogger('shop.log').emit({
    ...{ severityNumber: severity, severityText: SEVERITY_TEXT[severity]!, body: text, attributes },
  });
}
