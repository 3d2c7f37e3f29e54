import { context, type Context } from '@opentelemetry/api';

/** The part of OpenTelemetry's context manager for Node that holds the active context. */
interface Manager {
  _asyncLocalStorage?: { enterWith(ctx: Context): void };
}

/**
 * Makes a context active for the rest of the running asynchronous function, where no callback can
 * be run in it: the body of a `for await` loop, or the code after an awaited read. Does nothing
 * with a context manager that cannot do this.
 */
export function enterContext(ctx: Context): void {
  const api = context as unknown as { _getContextManager?: () => Manager };
  api._getContextManager?.()._asyncLocalStorage?.enterWith(ctx);
}

/**
 * A context that is entered before it is known. A consumer that awaits its next message keeps the
 * context that was active when it began to wait, so that context must become the message's.
 */
export class LateContext implements Context {
  private actual: Context;
  constructor(until: Context) {
    this.actual = until;
  }
  settle(ctx: Context): void {
    this.actual = ctx;
  }
  getValue(key: symbol): unknown {
    return this.actual.getValue(key);
  }
  setValue(key: symbol, value: unknown): Context {
    return this.actual.setValue(key, value);
  }
  deleteValue(key: symbol): Context {
    return this.actual.deleteValue(key);
  }
}
