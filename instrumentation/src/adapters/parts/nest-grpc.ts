import { context, createContextKey, diag, type Context } from '@opentelemetry/api';
import { attempt, endFailed, markTraced, preciseNow, startSending } from '../../adapter-kit.ts';
import { subscribeIn, type Observable } from './observables.ts';

/**
 * Traces calls of gRPC between services of NestJS, where each call is a command; see `nest.ts`. Its
 * context travels in the metadata of the call.
 */
interface Metadata {
  getMap: () => Record<string, unknown>;
  set: (name: string, value: string) => void;
  clone: () => Metadata;
}
const isMetadata = (value: unknown): value is Metadata =>
  typeof (value as Metadata | undefined)?.getMap === 'function' &&
  typeof (value as Metadata).clone === 'function';

/**
 * Returns the headers of a call. Handlers get the metadata beside the request, or the call itself,
 * which has it.
 */
export function headersOfCall(args: readonly unknown[]): Record<string, unknown> | undefined {
  for (const arg of args) {
    const metadata = isMetadata(arg) ? arg : (arg as { metadata?: unknown } | undefined)?.metadata;
    if (isMetadata(metadata)) return metadata.getMap();
  }
  return undefined;
}

/** Returns the name of a method of gRPC by Nest's pattern: `Users/Find`. */
export function nameOfMethod(pattern: unknown): string {
  const { service, rpc } = (typeof pattern === 'string' ? JSON.parse(pattern) : pattern) as Record<
    string,
    string
  >;
  return nameOf(service!, rpc!);
}
/** Nest's patterns name a service with its package or without. */
const nameOf = (service: string, method: string): string =>
  `${service.slice(service.lastIndexOf('.') + 1)}/${method}`;

/** The headers of the call that is being made. */
const HEADERS = createContextKey('fermata headers of a call');

/** A client of one service, as @grpc/grpc-js makes it. */
type Service = Record<string, { path?: string }> & {
  [check in 'checkOptionalUnaryResponseArguments' | 'checkMetadataAndOptions']?: (
    ...args: unknown[]
  ) => { metadata?: unknown };
};
type Call = (...args: unknown[]) => Observable;
export interface GrpcClient {
  createServiceMethod: (client: Service, name: string) => Call;
}

/** Traces the calls that clients of Nest make. */
export function traceGrpcCalls(prototype: GrpcClient): void {
  const original = prototype.createServiceMethod;
  prototype.createServiceMethod = function (this: GrpcClient, client, name) {
    const call = original.call(this, client, name);
    attempt(() => carryInMetadata(client));
    const [, service = '', method = name] = client[name]?.path?.split('/') ?? [];
    return (...args) => {
      const observable = call(...args);
      const traced = Object.create(observable) as Observable;
      traced.subscribe = (...given) => send(nameOf(service, method), observable, given);
      return traced;
    };
  };
}

/** Makes a client write the headers of a call into the call's metadata. */
function carryInMetadata(client: Service): void {
  if (!markTraced(client)) return;
  // All kinds of calls pass through one of these, which make metadata where the caller gave none.
  for (const name of ['checkOptionalUnaryResponseArguments', 'checkMetadataAndOptions'] as const) {
    const check = client[name];
    if (check === undefined) continue;
    client[name] = (...args) => {
      const checked = check.apply(client, args);
      const headers = context.active().getValue(HEADERS) as Record<string, unknown> | undefined;
      if (headers === undefined || !isMetadata(checked.metadata)) return checked;
      return { ...checked, metadata: withHeaders(checked.metadata, headers) };
    };
  }
}

function withHeaders(given: Metadata, headers: Record<string, unknown>): Metadata {
  const metadata = given.clone();
  for (const [name, value] of Object.entries(headers))
    try {
      metadata.set(name, String(value));
    } catch (error) {
      diag.debug(`fermata: metadata of gRPC cannot hold the value of ${name}`, error);
    }
  return metadata;
}

/** Makes a call in a span of its own. The answer is no message: it ends the caller's wait. */
function send(
  name: string,
  observable: Observable,
  given: unknown[],
): ReturnType<Observable['subscribe']> {
  const active = context.active();
  const sending = attempt(() =>
    startSending('command', { type: name, destination: name, system: 'grpc' }),
  );
  if (sending === undefined) return observable.subscribe(...given);
  const { span, ctx, headers } = sending;
  try {
    const inside: Context = ctx.setValue(HEADERS, headers);
    return subscribeIn(inside, active, observable, given);
  } catch (error) {
    endFailed(span, error);
    throw error;
  } finally {
    if (span.isRecording()) span.end(preciseNow());
  }
}
