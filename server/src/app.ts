import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock, type Clock } from './base/clock.ts';
import { createCounters, type Counters } from './base/counters.ts';
import { closeServer, listen } from './base/http.ts';
import { silentLog, type Log } from './base/log.ts';
import type { Config } from './config/index.ts';
import type { About, FlowChanged } from './contract/index.ts';
import { createAlerts, createGuard } from './alert/index.ts';
import { createHealth, spaceOf, writeProbe, type Condition, type Space } from './health/index.ts';
import { definitionsFrom } from './expect/index.ts';
import { createNormalizer } from './normalize/index.ts';
import { createEngine, type Announcement } from './engine/index.ts';
import { createPush } from './push/index.ts';
import { hostAllowed, presentIncident, queryApp, summaryOf } from './query/index.ts';
import { createReceiver } from './receive/index.ts';
import { createStore } from './store/index.ts';

export { readConfig, printConfig, SETTINGS, type Config } from './config/index.ts';
export { ERRORS, FermataError } from './base/errors.ts';

export const VERSION = '0.1.0';

export interface App {
  /** Opens the store, catches up, then listens: nothing is taken before it can be kept. */
  start(): Promise<void>;
  /** Answers what was taken, writes it, closes everything. Idempotent (invariant I7). */
  stop(): Promise<void>;
  readonly ports: { web: number; otlpHttp: number; otlpGrpc: number };
  readonly counters: Counters;
}

export interface AppParts {
  clock?: Clock;
  log?: Log;
  random?: () => number;
  /** Of the disk that a directory is on. */
  readSpace?: (directory: string) => Promise<Space>;
  /** All flow rows are projected anew from the evidence, while everything else goes on. */
  rebuildAll?: boolean;
}

/** Where what is acknowledged is written first, be it another disk than the engine's. */
const journalOf = ({ dataDir }: Config): string => join(dataDir, 'journal');

/**
 * For all of a stop, within the limit of whoever calls it; and for each part where the others took
 * that.
 */
const STOP_MS = 14_000;
const MIN_STOP_MS = 500;

const INTAKE_FULL: Condition = {
  id: 'intake-full',
  text: 'The intake is above its high-water mark',
  hint: 'The store is slower than the senders, which keep what is refused and try again.',
  blocks: true,
};

/**
 * The pipeline, top to bottom. Sinks are built first, sources last; each stage is handed its
 * successor.
 */
export function createApp(config: Config, parts: AppParts = {}): App {
  const clock = parts.clock ?? systemClock();
  const log = parts.log ?? silentLog;
  const counters = createCounters();
  const startedAt = new Date(clock.now()).toISOString();
  const hosts = { host: config.host, allowedHosts: config.allowedHosts };

  // store: memory that survives a restart
  const store = createStore({
    clock,
    counters,
    log,
    clickhouseUrl: config.clickhouseUrl,
    directory: config.dataDir,
    cluster: config.clickhouseCluster,
    retentionDays: config.retentionDays,
    memoryLimitBytes: config.memoryLimitBytes,
  });

  // push: what changed, to dashboards, after it is queryable
  const push = createPush({
    clock,
    counters,
    epoch: randomUUID(),
    allowed: (request) => hostAllowed(request, hosts),
  });

  // normalize → store → correlate → store → push
  const pipeline = createEngine({
    clock,
    counters,
    log,
    store,
    normalizer: createNormalizer({
      identityKeys: config.identityKeys,
      searchKeys: config.keyAttributes,
    }),
    settleMs: config.settleMs,
    stuckFloorMs: config.stuckFloorMs,
    expects: config.expect === 'on',
    idleBeforeEvictionMs: config.idleBeforeEvictionMs,
    runQuietMs: config.runQuietMs,
    requestFlows: config.requestFlows,
    definitions: config.definitions,
    queryRules: config.alerts.rules,
    sink: {
      rebuilt() {
        if (incidentsLackFlows) alerts.allAreThere();
        incidentsLackFlows = false;
      },
      watched: () => push.watched,
      committed(flows, gone) {
        alerts.observe(flows);
        alerts.forget(gone);
      },
      announce: (changes) => push.publish(() => changes().map(pushed)),
    },
  });

  /** None is over because its flows are not there: they are about to be projected again. */
  let incidentsLackFlows = false;
  // alert, aside: findings → incidents → people
  const alerts = createAlerts({
    clock,
    counters,
    log,
    store,
    guard: createGuard(clock, config.alertAllow),
    random: parts.random ?? Math.random,
    channels: config.alerts.channels,
    routes: config.alerts.routes,
    inhibitions: config.alerts.inhibitions,
    suspect: (finding, flow) => pipeline.expectations.explain(finding, flow),
    valueKey: config.valueKey,
    linkTo: (incident) =>
      `${config.publicUrl || `http://${shownHost}:${webPort}`}/incidents/${incident.id}`,
    onChanged: (changed) => push.incidents(changed.map(presentIncident)),
  });

  // receive: bytes in, honest answer out
  const receiver = createReceiver({
    clock,
    counters,
    log,
    host: config.host,
    httpPort: config.otlpHttpPort,
    grpcPort: config.otlpGrpcPort,
    random: parts.random ?? Math.random,
    prepare: (request) => pipeline.prepare(request),
    write: (prepared) => pipeline.write(prepared),
    refusal: () => health.refusal(),
    onCommit: (failure) => health.committed(failure),
  });

  // health, aside: what is wrong with all of this
  const isEmbedded = store.kind === 'embedded';
  const health = createHealth({
    clock,
    counters,
    disk: isEmbedded
      ? {
          directory: journalOf(config),
          minFree: config.minFreeBytes,
          readSpace: parts.readSpace ?? spaceOf,
        }
      : null,
    probe: () =>
      isEmbedded
        ? writeProbe(journalOf(config))
        : store.saveDocument('probe', 'commits', clock.now(), ''),
    oldestMs: () => receiver.oldestMs,
    ping: () => store.ping(),
    sources: [
      () => (receiver.ready ? [] : [INTAKE_FULL]),
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

  // query: REST and the dashboard's files
  let webPort = config.port;
  let stopping = false;
  let state: 'new' | 'started' | 'stopped' = 'new';
  const shownHost = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host;
  const about = (): About => ({
    version: VERSION,
    startedAt,
    store: store.kind,
    otlpHttp: `http://${shownHost}:${receiver.httpPort}`,
    otlpGrpc: `http://${shownHost}:${receiver.grpcPort}`,
    retention: `${config.retentionDays}d`,
    environment: [
      `OTEL_EXPORTER_OTLP_ENDPOINT=http://${shownHost}:${receiver.httpPort}`,
      'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
      'OTEL_PROPAGATORS=tracecontext,baggage',
      'NODE_OPTIONS=--import @fermata/instrumentation/register',
    ],
  });
  const web = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1000 },
    queryApp({
      store,
      views: store,
      alerts,
      expectations: pipeline.expectations,
      definitions: pipeline.definitions,
      readDefinitions: definitionsFrom,
      accept: (incident) => pipeline.accept(incident),
      wrongClocks: () => pipeline.clocks.wrong(),
      rules: config.alerts.rules,
      clock,
      counters,
      log,
      hosts,
      about,
      webRoot: webRoot(),
      ready: async () => (stopping ? ['Shutting down'] : health.notReady()),
      conditions: () => health.conditions(),
    }),
  );
  web.maxConnections = 2048;
  push.attach(web);

  // once a second: figures for open dashboards
  let cancelTick: (() => void) | undefined;
  const committed = (): number =>
    counters.read().find((counter) => counter.name === 'fermata_committed_records_total')?.value ??
    0;
  let before = 0;
  const tick = (): void => {
    const now = committed();
    push.stats({
      openFlows: pipeline.openFlows,
      spansPerSecond: now - before,
      conditions: health.conditions().map(({ id }) => id),
      atMs: clock.now(),
    });
    before = now;
    cancelTick = clock.after(1000, tick);
  };

  const stop = async (): Promise<void> => {
    if (state === 'stopped') return;
    state = 'stopped';
    stopping = true;
    cancelTick?.();
    health.stop();
    pipeline.releaseBackpressure();
    // What was acknowledged is durable, and what derives from it is made up for at the next start:
    // a store that hangs is not waited for.
    const until = clock.now() + STOP_MS;
    for (const [name, end] of Object.entries({
      receiver: () => receiver.stop(),
      pipeline: () => pipeline.stop(),
      alerts: () => alerts.stop(),
      push: () => push.stop(),
      web: () => closeServer(web),
      store: () => store.stop(),
    }))
      if (!(await isDoneBy(Math.max(until, clock.now() + MIN_STOP_MS), end())))
        log.warn({ name }, 'not waited for any longer; what it left follows at the next start');
  };
  const isDoneBy = (atMs: number, work: Promise<void>): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const cancel = clock.after(atMs - clock.now(), () => resolve(false));
      work.then(() => resolve(true), reject).finally(cancel);
    });
  return {
    async start() {
      state = 'started';
      try {
        await store.start();
        await pipeline.start();
        incidentsLackFlows = pipeline.lacksRows;
        await alerts.start(incidentsLackFlows);
        pipeline.rebuild(parts.rebuildAll ?? false);
        webPort = await listen(web, config.host, config.port, 'dashboard', 'FERMATA_PORT');
        await receiver.start();
        health.start();
        tick();
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
    get ports() {
      return { web: webPort, otlpHttp: receiver.httpPort, otlpGrpc: receiver.grpcPort };
    },
    counters,
  };
}

const pushed = (change: Announcement): Omit<FlowChanged, 'sequence'> =>
  'flow' in change
    ? {
        id: change.flow.id,
        version: change.version,
        flow: summaryOf(change.flow, change.version, change.stepCount),
        movedTo: null,
      }
    : { id: change.id, version: change.version, movedTo: change.movedTo, flow: null };

/** The built dashboard, if it was built. */
function webRoot(): string {
  const path = fileURLToPath(new URL('../../web/dist', import.meta.url));
  return existsSync(`${path}/index.html`) ? path : '';
}
