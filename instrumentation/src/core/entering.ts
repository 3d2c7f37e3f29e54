import { context, type Context } from '@opentelemetry/api';

/** The internal part of OpenTelemetry's context manager for Node that stores the active context. */
interface Manager {
  _asyncLocalStorage?: { enterWith(ctx: Context): void };
}

/**
 * Makes a context active for the rest of the running async function. It is needed where the code to
 * run in the context is no callback: the body of a `for await` loop, or the code after an awaited
 * read. Does nothing if the context manager does not support this.
 */
export function enterContext(ctx: Context): void {
  const api = context as unknown as { _getContextManager?: () => Manager };
  api._getContextManager?.()._asyncLocalStorage?.enterWith(ctx);
}

/**
 * A context whose content is set later. A consumer that awaits its next message keeps the context
 * in which it began to wait. When the message arrives, this object takes over the message's
 * context.
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
