import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FermataError, messageOf } from './errors.ts';

/**
 * Listens and returns the port (the assigned one for port 0). The error names the setting that
 * moves the port.
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
 * Stops accepting, lets requests in flight be answered (after `drain`) and closes idle connections.
 * It is safe to call without `listen`.
 */
export async function closeServer(
  server: Server,
  drain: () => Promise<void> = async () => {},
): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await drain();
  server.closeIdleConnections();
  // Keep-alive connections whose answer is on its way become idle a moment later.
  setImmediate(() => server.closeAllConnections());
  await closed;
}
