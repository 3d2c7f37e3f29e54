import type { Agent } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Internal parts of OpenTelemetry's OTLP exporters (0.2xx and 0.3xx) that keep a process alive. A
 * version may lack any of them.
 */
interface Exporter {
  _delegate?: { _transport?: RetryingTransport };
}
interface RetryingTransport {
  retry?(data: unknown, timeoutMs: number, inMs: number): Promise<unknown>;
  _transport?: {
    send(data: unknown, timeoutMs: number): Promise<unknown>;
    _parameters?: { agentFactory?: (protocol: string) => Agent | Promise<Agent> };
  };
}
/** Methods of Node's HTTP agents: one opens a connection, the other reuses an idle one. */
interface Connecting {
  createConnection?: (...args: unknown[]) => Socket | undefined;
  reuseSocket?: (socket: Socket, request: unknown) => void;
}

/**
 * Maximum time to connect to a collector, ms. The limit is needed, because an attempt to connect
 * cannot be unreferenced and so keeps the process alive.
 */
const MAX_CONNECT_MS = 1000;

/**
 * Prevents an exporter's connections and its pauses between retries from keeping the process alive.
 * Without a receiver, the exporter would retry for ten seconds and the application could not end
 * before. An exporter with another structure is left as it is. Returns the exporter.
 */
export function unrefExporter<E>(exporter: E): E {
  const transport = (exporter as Exporter)._delegate?._transport;
  const inner = transport?._transport;
  if (transport === undefined || typeof inner?.send !== 'function') return exporter;
  if (typeof transport.retry === 'function')
    transport.retry = (data, timeoutMs, inMs) =>
      new Promise((resolve, reject) => {
        setTimeout(() => void inner.send(data, timeoutMs).then(resolve, reject), inMs).unref();
      });
  const parameters = inner._parameters;
  const makeAgent = parameters?.agentFactory;
  if (parameters !== undefined && typeof makeAgent === 'function')
    parameters.agentFactory = async (protocol) => withUnrefSockets(await makeAgent(protocol));
  return exporter;
}

function withUnrefSockets(agent: Agent): Agent {
  const own = agent as Connecting;
  const create = own.createConnection?.bind(agent);
  if (create !== undefined)
    own.createConnection = (...args) => {
      const socket = create(...args);
      if (socket === undefined) return socket;
      const late = setTimeout(
        () =>
          socket.destroy(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' })),
        MAX_CONNECT_MS,
      ).unref();
      return socket.unref().once('connect', () => clearTimeout(late));
    };
  const reuse = own.reuseSocket?.bind(agent);
  if (reuse !== undefined)
    own.reuseSocket = (socket, request) => {
      reuse(socket, request);
      socket.unref();
    };
  return agent;
}
