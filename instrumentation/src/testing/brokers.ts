import { connect } from 'node:net';

/**
 * Returns whether a broker answers at a port; the tests that need it are skipped if not. With
 * FERMATA_REQUIRE_BROKERS=1 it throws instead.
 */
export async function isReachable(name: string, port: number): Promise<boolean> {
  const there = await answers(port);
  if (!there && process.env['FERMATA_REQUIRE_BROKERS'] === '1')
    throw new Error(`FERMATA_REQUIRE_BROKERS=1, and no ${name} on ${port}`);
  if (!there) process.stdout.write(`\n  SKIPPED: ${name}; nothing answers on ${port}\n\n`);
  return there;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });

/** Returns the address of a Kafka, from FERMATA_KAFKA or at Kafka's usual port. */
export async function kafkaAddress(): Promise<string | undefined> {
  const named = process.env['FERMATA_KAFKA'];
  if (named) return named;
  return (await isReachable('what only a real Kafka can do', 9092)) ? '127.0.0.1:9092' : undefined;
}

/** Returns a name for a topic, queue or stream that no other test uses. */
export const unique = (): string =>
  `fermata-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
