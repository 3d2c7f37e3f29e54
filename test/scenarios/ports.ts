import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Where services find each other. Each takes a free port and says so on its output; the runner
 * tells all the others. A port that is chosen beforehand may be somebody else's by the time that it
 * is listened on.
 */
const known = new Map<string, number>();
const waiting = new Map<string, ((port: number) => void)[]>();

/** What the runner tells, and what it is answered. */
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

/** Waits until it is told. */
export async function portOf(name: string): Promise<number> {
  return (
    known.get(name) ??
    new Promise((resolve) => void waiting.set(name, [...(waiting.get(name) ?? []), resolve]))
  );
}

/**
 * At the port that `name` had before it was killed, where that is still free. `moves: false`: at
 * that port or not at all, for whoever was connected comes back there.
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
