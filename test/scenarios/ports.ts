import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * This file lets services find each other. Each service listens on a free port and prints it, and
 * the runner sends it to all others. Ports are not chosen beforehand, because another program might
 * take one in the meantime.
 */
const known = new Map<string, number>();
const waiting = new Map<string, ((port: number) => void)[]>();

/** Message from the runner with the ports of all services by name. Each service confirms it. */
export interface PortsTold {
  ports: Record<string, number>;
}

const learn = (name: string, port: number): void => {
  known.set(name, port);
  for (const found of waiting.get(name) ?? []) found(port);
  waiting.delete(name);
};

process.on('message', ({ ports }: PortsTold) => {
  for (const [name, port] of Object.entries(ports)) learn(name, port);
  process.send!({ known: true });
});

/** Returns the port of a service, as soon as the runner has sent it. */
export async function portOf(name: string): Promise<number> {
  return (
    known.get(name) ??
    new Promise((resolve) => void waiting.set(name, [...(waiting.get(name) ?? []), resolve]))
  );
}

/**
 * Listens on the port that `name` had before the service was killed, or on another one if it is
 * taken. With `moves: false` it rejects instead, because clients reconnect only to the former port.
 */
export async function listenAs(
  server: Server,
  name: string,
  { moves } = { moves: true },
): Promise<void> {
  const former = (JSON.parse(process.env['PORTS'] ?? '{}') as Record<string, number>)[name] ?? 0;
  const listening = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listening(former).catch((error: unknown) => {
    if (!moves) throw error;
    return listening(0);
  });
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ listens: name, port })}\n`);
}
