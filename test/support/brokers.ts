import { spawn, type ChildProcess } from 'node:child_process';
import { connect } from 'node:net';

/**
 * A broker that tests can use: a real one on its standard port, as `scripts/brokers start` starts
 * it. Kafka may be at FERMATA_KAFKA instead; if there is none, kcat's mock cluster replaces it.
 */
export interface Broker {
  name: string;
  url: string;
  stop(): void;
}

const reachable = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.setTimeout(2000, () => resolve(false));
  });

/** Standard addresses of the brokers. */
export const STANDARD = [
  { name: 'amqp', url: 'amqp://guest:guest@127.0.0.1:5672', port: 5672 },
  { name: 'nats', url: 'nats://127.0.0.1:4222', port: 4222 },
  { name: 'redis', url: 'redis://127.0.0.1:6379', port: 6379 },
  { name: 'bullmq', url: 'bullmq://127.0.0.1:6379', port: 6379 },
  { name: 'mqtt', url: 'mqtt://127.0.0.1:1883', port: 1883 },
  { name: 'postgres', url: 'postgres://postgres@127.0.0.1:5432', port: 5432 },
] as const;

/** Standard address of Kafka, unless FERMATA_KAFKA is set. */
export const KAFKA = '127.0.0.1:9092';

/**
 * Returns those of the named brokers that answer, and prints which are missing. With
 * FERMATA_REQUIRE_BROKERS=1 it throws if one is missing.
 */
export async function findBrokers(...names: string[]): Promise<Broker[]> {
  const required = process.env['FERMATA_REQUIRE_BROKERS'] === '1';
  const found: Broker[] = [];
  for (const { name, url, port } of STANDARD)
    if (names.includes(name) && (await reachable(port)))
      found.push({ name, url, stop: () => undefined });
  if (names.includes('kafka')) {
    // If brokers are required, the mock does not count, because it proves little about Kafka.
    const kafka = (await realKafka()) ?? (required ? null : await mockKafka());
    if (kafka) found.push(kafka);
  }
  const missing = names.filter((name) => !found.some((broker) => broker.name === name));
  if (missing.length === 0) return found;
  if (required) throw new Error(`FERMATA_REQUIRE_BROKERS=1, and there is no ${missing.join(', ')}`);
  process.stdout.write(`\n  SKIPPED: everything over ${missing.join(', ')}; nothing answers\n\n`);
  return found;
}

async function realKafka(): Promise<Broker | null> {
  const given = process.env['FERMATA_KAFKA'];
  if (!given && !(await reachable(Number(KAFKA.split(':')[1])))) return null;
  return { name: 'kafka', url: `kafka://${given || KAFKA}`, stop: () => undefined };
}

async function mockKafka(): Promise<Broker | null> {
  let child: ChildProcess;
  const address = await new Promise<string | null>((resolve) => {
    child = spawn(
      'kcat',
      ['-P', '-t', 'x', '-b', 'ignored', '-X', 'test.mock.num.brokers=1', '-d', 'mock'],
      {
        stdio: ['pipe', 'ignore', 'pipe'],
      },
    );
    child.once('error', () => resolve(null));
    child.once('exit', () => resolve(null));
    let text = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-20_000);
      const match = /127\.0\.0\.1:\d+/.exec(text);
      if (match) resolve(match[0]);
    });
  });
  if (address === null) return null;
  process.stdout.write(
    `\n  SKIPPED: a real Kafka; none answers on ${KAFKA}, kcat's mock takes its place\n\n`,
  );
  return { name: 'kafka', url: `kafka://${address}`, stop: () => child.kill() };
}
