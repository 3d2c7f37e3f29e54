import type { Context } from '@opentelemetry/api';

/**
 * A context that adds values to another one without a copy of it. OpenTelemetry's own context
 * copies a Map and makes three closures for each value that is set, which happens up to six times
 * for a message and was a sixth of the cost of its tracing.
 */
export class LinkedContext implements Context {
  /** Has all other values. It is of another class only for the first context of a chain. */
  private readonly parent: Context;
  private readonly key: symbol | undefined;
  private readonly value: unknown;

  private constructor(parent: Context, key: symbol | undefined, value: unknown) {
    this.parent = parent;
    this.key = key;
    this.value = value;
  }

  /** Returns a context with the same values, to which further values are added at little cost. */
  static over(parent: Context): Context {
    return parent instanceof LinkedContext
      ? parent
      : new LinkedContext(parent, undefined, undefined);
  }

  getValue(key: symbol): unknown {
    if (this.key === key) return this.value;
    let ctx = this.parent;
    while (ctx instanceof LinkedContext) {
      if (ctx.key === key) return ctx.value;
      ctx = ctx.parent;
    }
    return ctx.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new LinkedContext(this.without(key), key, value);
  }

  deleteValue(key: symbol): Context {
    const rest = this.without(key);
    return rest.getValue(key) === undefined ? rest : new LinkedContext(rest, key, undefined);
  }

  /**
   * Returns the chain without its entry of a key, so that a chain is never longer than the number
   * of different keys.
   */
  private without(key: symbol): LinkedContext {
    if (this.key === key) return this.parent as LinkedContext;
    if (!(this.parent instanceof LinkedContext)) return this;
    const rest = this.parent.without(key);
    return rest === this.parent ? this : new LinkedContext(rest, this.key, this.value);
  }
}
