import { Agent, request } from 'node:http';
import { traffic } from './traffic.ts';

/**
 * Sends spans for a time and prints a report: `generator.js <otlp url> <seconds> <connections>
 * <spans/s, 0 for the maximum>`. With a rate it is an open loop: latency is measured from the time
 * at which a request was due, so that a stall of the server is visible.
 */
const [url = '', seconds = '10', connections = '8', rate = '0'] = process.argv.slice(2);
const target = new URL('/v1/traces', url);
const open = Number(rate) > 0;
const source = traffic(open ? 5 : 100);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
const latencies: number[] = [];
let accepted = 0;
let refused = 0;
const until = performance.now() + Number(seconds) * 1000;

function send(due: number): Promise<void> {
  return new Promise((resolve) => {
    const body = source.next();
    const sending = request(
      target,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/x-protobuf', 'content-length': body.length },
      },
      (response) => {
        response.resume();
        response.once('end', () => {
          latencies.push(performance.now() - due);
          if (response.statusCode === 200) accepted += source.spans;
          else refused += source.spans;
          resolve();
        });
      },
    );
    sending.once('error', () => {
      refused += source.spans;
      resolve();
    });
    sending.end(body);
  });
}

const started = performance.now();
if (open) {
  const every = (source.spans / Number(rate)) * 1000;
  const all: Promise<void>[] = [];
  for (let due = started; due < until; due += every) {
    const wait = due - performance.now();
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
    all.push(send(due));
  }
  await Promise.all(all);
} else
  await Promise.all(
    Array.from({ length: Number(connections) }, async () => {
      while (performance.now() < until) await send(performance.now());
    }),
  );
const elapsed = (performance.now() - started) / 1000;
latencies.sort((a, b) => a - b);
const at = (q: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? 0;
agent.destroy();
process.stdout.write(
  `${JSON.stringify({ accepted, refused, perSecond: accepted / elapsed, p50: at(0.5), p99: at(0.99), elapsed })}\n`,
);
