import { ATTR_FLOW_DEFINITION, EVENT_FLOW_DEFINED } from '@fermata/instrumentation/semconv';
import type { Scenario } from '../scenario.ts';
import { toOtlp, type ResourceOf } from './otlp.ts';
import type { Played } from './player.ts';

/** Flows that are sent together; each request is answered once it is stored. */
const FLOWS_A_REQUEST = 25;
/** Longest pause between two requests, ms: history leaves half of the time to what is live. */
const MAX_PAUSE_MS = 3000;
/** Pause before a refused request is sent again, ms. */
const RETRY_MS = 500;
const TRIES = 40;
/** Interval at which records are sent whose time has come, ms. */
const DUE_MS = 250;

/** Sends what was played to a receiver of OTLP over HTTP, as an exporter would. */
export interface Sender {
  /** Announces what the scenario's flows consist of, as `defineFlow` does. */
  define(scenario: Scenario, service: string): Promise<void>;
  /** Sends all records up to a time, in requests of whole flows, in the order given. */
  send(played: readonly Played[], untilMs: number): Promise<void>;
  /** Sends the records after that time, each when its time comes; resolves after the last. */
  follow(played: readonly Played[], fromMs: number): Promise<void>;
  /** Leaves out flows that begin after this time: from then on there are real ones. */
  endAt(ms: number): void;
  stop(): void;
}

export function createSender(otlp: string, resourceOf: ResourceOf): Sender {
  let isStopped = false;
  let endMs = Infinity;
  const hasBegun = ({ spans: [first] }: Played): boolean => first!.startMs < endMs;
  const pause = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms));
  const post = async (path: string, body: object): Promise<void> => {
    for (let tries = 1; !isStopped; tries++) {
      const response = await fetch(`${otlp}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }).catch((error: unknown) => error as Error);
      if (!(response instanceof Error) && response.ok) return;
      const status = response instanceof Error ? response.message : `${response.status}`;
      if (tries >= TRIES) throw new Error(`history was not taken: ${status}`);
      await pause(RETRY_MS);
    }
  };
  const request = async (played: Played): Promise<void> => {
    const { traces, logs } = toOtlp(played, resourceOf);
    // Spans go first: a flow of which only its old beginning were known would be stuck.
    if (played.spans.length > 0) await post('/v1/traces', traces);
    if (played.events.length > 0) await post('/v1/logs', logs);
  };
  return {
    async define({ flowType, definition }, service) {
      const attributes = {
        [ATTR_FLOW_DEFINITION]: JSON.stringify({ flows: { [flowType]: definition } }),
      };
      const eventName = EVENT_FLOW_DEFINED;
      const event = { service, eventName, atMs: Date.now(), span: null, attributes };
      await request({ spans: [], events: [event] });
    },
    async send(played, untilMs) {
      for (let from = 0; from < played.length && !isStopped; from += FLOWS_A_REQUEST) {
        const beganMs = Date.now();
        await request(dueIn(together(played.slice(from, from + FLOWS_A_REQUEST)), 0, untilMs));
        await pause(Math.min(MAX_PAUSE_MS, Date.now() - beganMs));
      }
    },
    async follow(played, fromMs) {
      let left = played.filter((one) => lastOf(one) > fromMs);
      for (let sentMs = fromMs; !isStopped && left.length > 0;) {
        await pause(DUE_MS);
        const nowMs = Date.now();
        left = left.filter((one) => hasBegun(one) && lastOf(one) > sentMs);
        await request(dueIn(together(left), sentMs, nowMs));
        sentMs = nowMs;
      }
    },
    endAt: (ms) => void (endMs = ms),
    stop: () => void (isStopped = true),
  };
}

const together = (played: readonly Played[]): Played => ({
  spans: played.flatMap(({ spans }) => spans),
  events: played.flatMap(({ events }) => events),
});

const lastOf = ({ spans }: Played): number =>
  spans.reduce((last, { endMs }) => Math.max(last, endMs), 0);

/** Returns the records whose time came after `afterMs`, up to `nowMs`. */
export const dueIn = ({ spans, events }: Played, afterMs: number, nowMs: number): Played => ({
  spans: spans.filter(({ endMs }) => endMs > afterMs && endMs <= nowMs),
  events: events.filter(({ atMs }) => atMs > afterMs && atMs <= nowMs),
});
