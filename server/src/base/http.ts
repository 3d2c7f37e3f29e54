import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FermataError, messageOf } from './errors.ts';

/**
 * Makes the server listen, and returns its port. If `port` is 0, the system chooses a free port. If
 * the port is in use, the error tells which setting changes it.
 */
export function listen(
  server: Server,
  host: string,
  port: number,
  what: string,
  setting: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void =>
      reject(
        new FermataError(
          'address.in-use',
          cause.code === 'EADDRINUSE'
            ? `${what}: port ${port} on ${host} is taken`
            : `${what}: cannot listen on ${host}:${port}: ${messageOf(cause)}`,
          { cause, hint: `Stop the other program, or set ${setting} to a free port.` },
        ),
      );
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/**
 * Stops accepting connections, waits for `drain` (in which pending requests are answered), and then
 * closes all connections. Does nothing if the server never listened.
 */
export async function closeServer(
  server: Server,
  drain: () => Promise<void> = async () => {},
): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await drain();
  server.closeIdleConnections();
  // Wait for the next turn of the event loop before closing all connections, because some may still
  // be sending a response.
  setImmediate(() => server.closeAllConnections());
  await closed;
}
