import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Tells services where they find each other. Each takes a free port and prints it; the runner sends
 * it to all others. A port chosen beforehand may be in use by the time the service listens on it.
 */
const known = new Map<string, number>();
const waiting = new Map<string, ((port: number) => void)[]>();

/** The runner's message with all ports, which each service answers. */
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

/** Resolves when the runner has sent the port. */
export async function portOf(name: string): Promise<number> {
  return (
    known.get(name) ??
    new Promise((resolve) => void waiting.set(name, [...(waiting.get(name) ?? []), resolve]))
  );
}

/**
 * Listens at the port that `name` had before it was killed, where that is still free. `moves:
 * false`: at that port or not at all, because clients reconnect there.
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
