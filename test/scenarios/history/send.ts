import { ATTR_FLOW_DEFINITION, EVENT_FLOW_DEFINED } from '@fermata/instrumentation/semconv';
import type { Scenario } from '../scenario.ts';
import { toOtlp, type ResourceOf } from './otlp.ts';
import type { Played } from './player.ts';

/**
 * Number of flows in one request. The next request is sent after the server has stored this one.
 */
const FLOWS_A_REQUEST = 25;
/**
 * Maximum pause between two requests, ms. A pause is as long as the request before, so that half of
 * the server's time is left for live data.
 */
const MAX_PAUSE_MS = 3000;
/** Pause before a rejected request is repeated, ms. */
const RETRY_MS = 500;
const TRIES = 40;
/** Interval at which `follow` sends records whose time has come, ms. */
const DUE_MS = 250;

/** Sends simulated records to an OTLP/HTTP receiver, as an exporter would. */
export interface Sender {
  /** Sends the scenario's flow definition, as `defineFlow` does. */
  define(scenario: Scenario, service: string): Promise<void>;
  /** Sends all records up to the time `untilMs`, in the given order of flows. */
  send(played: readonly Played[], untilMs: number): Promise<void>;
  /**
   * Sends the records after the time `fromMs`, each when its time comes. Resolves after the last.
   */
  follow(played: readonly Played[], fromMs: number): Promise<void>;
  /**
   * Leaves out flows that start after this time, because from then on real services place the
   * orders.
   */
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
    // Spans are sent before events. If the server knew only the start event of an old flow, it
    // would report the flow as stuck.
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

/** Returns the records with a time after `afterMs` and not after `nowMs`. */
export const dueIn = ({ spans, events }: Played, afterMs: number, nowMs: number): Played => ({
  spans: spans.filter(({ endMs }) => endMs > afterMs && endMs <= nowMs),
  events: events.filter(({ atMs }) => atMs > afterMs && atMs <= nowMs),
});
