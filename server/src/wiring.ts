import { join } from 'node:path';
import { linkTo, VERSION, type Addresses } from './about.ts';
import type { Alerts, AlertsOptions } from './alert/index.ts';
import { createClient } from './ask/index.ts';
import type { Clock } from './base/clock.ts';
import type { Counters } from './base/counters.ts';
import type { Config } from './config/index.ts';
import type { Log } from './base/log.ts';
import type { EngineSink } from './engine/index.ts';
import type { Expectations } from './expect/index.ts';
import { createExchange, type Exchange } from './exchange/index.ts';
import {
  createHealth,
  writeProbe,
  type Health,
  type Space,
  type Witnesses,
} from './health/index.ts';
import type { Push } from './push/index.ts';
import { pushedFlow, type QueryOptions } from './query/index.ts';
import { decodeFileJson, type Receiver } from './receive/index.ts';
import { createSeries, type Series } from './series/index.ts';
import type { Store } from './store/index.ts';

/**
 * Returns the sink for durable flows: it passes them to open dashboards, to the alerts and to the
 * metrics.
 */
export const sinkOf = (push: Push, alerts: Alerts, series: Series): EngineSink => ({
  watched: () => push.watched,
  announce: (changes) => push.publish(() => changes().map(pushedFlow)),
  committed(flows, gone) {
    alerts.observe(flows);
    series.observe(flows);
    alerts.forget(gone);
  },
  rebuilt: () => alerts.allAreThere(),
});

/** Returns what flows together tell of the cause of an incident. */
export const causesKnownTo = (
  expectations: Expectations,
): Pick<AlertsOptions, 'suspect' | 'takenAfter'> => ({
  suspect: (finding, flow) => expectations.explain(finding, flow),
  takenAfter: (...of) => expectations.takenAfter(...of),
});

export const seriesOf = (
  { settleMs }: Config,
  base: { clock: Clock; counters: Counters },
  store: Store,
): Series =>
  createSeries({ ...base, settleMs, typesNow: async () => (await store.flowTypes()).items });
/**
 * Returns the handler for requests of AI assistants (MCP). It gets its data through this server's
 * own HTTP API, so that the checks and limits of the routes apply.
 */
export const assistantsOf =
  (config: Config, addresses: Addresses, clock: Clock): QueryOptions['assistants'] =>
  async (...request) => {
    // Load the module on the first request, because most servers never get one.
    const { answerHttp } = await import('./mcp/index.ts');
    const client = createClient(`http://${addresses.host}:${addresses.web}`, {
      dashboard: linkTo(config, addresses, ''),
    });
    await answerHttp(client, VERSION, () => clock.now(), request);
  };

/**
 * Returns the problems that the receiver and the alerts know of, as sources for the health checks.
 */
export const witnessesOf = (receiver: Receiver, alerts: Alerts): Witnesses => ({
  oldestMs: () => receiver.oldestMs,
  sources: [
    () =>
      receiver.ready
        ? []
        : [
            {
              id: 'intake-full',
              text: 'The intake is above its high-water mark',
              hint: 'The store is slower than the senders, which keep what is refused and try again.',
              blocks: true,
            },
          ],
    () =>
      alerts.refusing().map(({ key, title, cause, firstAt }) => ({
        id: key,
        text: `${title}; ${cause}`,
        hint: 'Mend its address or secret in FERMATA_ALERTS, then send it a test from the page Alerts.',
        blocks: false,
        since: firstAt,
      })),
  ],
});

/**
 * Creates the health checks. The free disk space is monitored only for the embedded store, because
 * an external ClickHouse server has its own disk. Whether that server accepts writes is tested by
 * writing to it.
 */
export function healthOf(
  config: Config,
  base: { clock: Clock; counters: Counters },
  store: Store,
  readSpace: (directory: string) => Promise<Space>,
): Health {
  const isEmbedded = store.kind === 'embedded';
  /**
   * Directory of the journal, to which acknowledged spans are written first. It may be on another
   * disk than the tables of the embedded store.
   */
  const directory = join(config.dataDir, 'journal');
  return createHealth({
    ...base,
    disk: isEmbedded ? { directory, minFree: config.minFreeBytes, readSpace } : null,
    probe: () =>
      isEmbedded
        ? writeProbe(directory)
        : store.saveDocument('probe', 'commits', base.clock.now(), ''),
    ping: () => store.ping(),
  });
}

/**
 * Creates the exchange for exports and imports. Imported spans go through the same intake as
 * received ones.
 */
export const exchangeOf = (
  base: { clock: Clock; counters: Counters; log: Log },
  receiver: Pick<Receiver, 'offer'>,
): Exchange =>
  createExchange({
    ...{ ...base, decode: decodeFileJson },
    offer: (request) => receiver.offer(request),
  });
