import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { aboutOf, addressesOf, linkTo } from './about.ts';
import { createAlerts, createGuard, createRuleBook } from './alert/index.ts';
import { systemClock, type Clock } from './base/clock.ts';
import { createCounters, type Counters } from './base/counters.ts';
import { closeServer, listen } from './base/http.ts';
import { silentLog, type Log } from './base/log.ts';
import type { Config } from './config/index.ts';
import { createEngine, type Engine } from './engine/index.ts';
import { createExpectations, definitionText, postedDefinitions } from './expect/index.ts';
import { webRoot } from './dashboard-files.ts';
import { createFigures } from './figures.ts';
import { spaceOf, type Space } from './health/index.ts';
import { createNormalizer } from './normalize/index.ts';
import { createPush } from './push/index.ts';
import { hostAllowed, parseQuery, presentIncident, queryApp } from './query/index.ts';
import { createReceiver } from './receive/index.ts';
import { stopAll } from './shutdown.ts';
import {
  assistantsOf,
  causesKnownTo,
  exchangeOf,
  healthOf,
  seriesOf,
  sinkOf,
  witnessesOf,
} from './wiring.ts';
import { createStore } from './store/index.ts';

export { VERSION } from './about.ts';
export { ERRORS, FermataError } from './base/errors.ts';
export { printConfig, readConfig, SETTINGS, type Config } from './config/index.ts';

export interface App {
  /**
   * Opens the store, restores the state, and only then listens, because spans that arrived earlier
   * could not be stored.
   */
  start(): Promise<void>;
  /**
   * Answers the pending requests, writes their records and stops all parts. A second call has no
   * effect (invariant I7).
   */
  stop(): Promise<void>;
  readonly ports: { web: number; otlpHttp: number; otlpGrpc: number };
  readonly counters: Counters;
}

export interface AppParts {
  clock?: Clock;
  log?: Log;
  random?: () => number;
  /** Returns the free and total space of the disk that contains `directory`. Default: `spaceOf`. */
  readSpace?: (directory: string) => Promise<Space>;
  /**
   * If true, all rows of flows are rebuilt from the stored spans, while the server continues to
   * work.
   */
  rebuildAll?: boolean;
}

/**
 * Creates the server. The parts that receive data from others (store, push, alerts) are created
 * first, because they are passed to the other parts.
 */
export function createApp(config: Config, parts: AppParts = {}): App {
  const { clock = systemClock(), log = silentLog, random = Math.random } = parts;
  const counters = createCounters();
  const base = { clock, counters, log };
  const hosts = { host: config.host, allowedHosts: config.allowedHosts };
  const addresses = addressesOf(config);
  const startedAt = new Date(clock.now()).toISOString();
  const store = createStore({
    ...base,
    ...config,
    directory: config.dataDir,
    cluster: config.clickhouseCluster,
  });
  const push = createPush({
    ...base,
    epoch: randomUUID(),
    allowed: (request) => hostAllowed(request, hosts),
  });
  const expectations = createExpectations({ ...base, ...config, floorMs: config.stuckFloorMs });
  const alerts = createAlerts({
    ...{ ...base, ...config.alerts, store, random, valueKey: config.valueKey },
    guard: createGuard(clock, config.alertAllow),
    ...causesKnownTo(expectations),
    linkTo: ({ id }) => linkTo(config, addresses, `incidents/${id}`),
    onChanged: (changed) => push.incidents(changed.map(presentIncident)),
  });
  const rules = createRuleBook({
    ...{ clock, log, store, fromFile: config.alerts.rules },
    parseQuery: (text) => parseQuery(text, 0),
    onChanged: (name) => engine.ruleChanged(name),
  });
  const engine: Engine = createEngine({
    ...{ ...base, ...config, store, expectations },
    sink: sinkOf(push, alerts, seriesOf(config, base, store)),
    normalizer: createNormalizer({
      identityKeys: config.identityKeys,
      searchKeys: config.keyAttributes,
    }),
    expects: config.expect === 'on',
    queryRules: () => rules.list(),
  });
  const health = healthOf(config, base, store, parts.readSpace ?? spaceOf);
  const receiver = createReceiver({
    ...{ ...base, random, host: config.host },
    httpPort: config.otlpHttpPort,
    grpcPort: config.otlpGrpcPort,
    prepare: (request) => engine.prepare(request),
    write: (prepared) => engine.write(prepared),
    refusal: () => health.refusal(),
    onCommit: (failure) => health.committed(failure),
    dashboard: () => linkTo(config, addresses, ''),
  });
  let state: 'new' | 'started' | 'stopped' = 'new';
  const web = createServer(
    { headersTimeout: 10_000, requestTimeout: 0, connectionsCheckingInterval: 1000 },
    queryApp({
      ...{ ...base, store, views: store, alerts, expectations, hosts, webRoot: webRoot() },
      ...{ definitions: engine.definitions, readDefinitions: postedDefinitions, definitionText },
      accept: (incident) => engine.accept(incident),
      wrongClocks: () => engine.clocks.wrong(),
      rules,
      exchange: exchangeOf(base, receiver),
      logs: config.logs,
      assistants: assistantsOf(config, addresses, clock),
      about: () => aboutOf(config, addresses, store.kind, startedAt),
      ready: async () => (state === 'stopped' ? ['Shutting down'] : health.notReady()),
      conditions: () => health.conditions(),
    }),
  );
  web.maxConnections = 2048;
  push.attach(web);
  const figures = createFigures(
    clock,
    counters,
    () => ({ openFlows: engine.openFlows, conditions: health.conditions().map(({ id }) => id) }),
    (stats) => push.stats(stats),
  );

  const stop = async (): Promise<void> => {
    if (state === 'stopped') return;
    state = 'stopped';
    figures.stop();
    health.stop();
    engine.releaseBackpressure();
    await stopAll(clock, log, {
      receiver: () => receiver.stop(),
      engine: () => engine.stop(),
      alerts: () => alerts.stop(),
      push: () => push.stop(),
      web: () => closeServer(web),
      store: () => store.stop(),
    });
  };
  const startOrThrow = async (): Promise<void> => {
    await store.start();
    await rules.load();
    await engine.start();
    await alerts.start(engine.lacksRows);
    engine.rebuild(parts.rebuildAll ?? false);
    addresses.web = await listen(web, config.host, config.port, 'dashboard', 'FERMATA_PORT');
    await receiver.start();
    Object.assign(addresses, { otlpHttp: receiver.httpPort, otlpGrpc: receiver.grpcPort });
    health.start(witnessesOf(receiver, alerts));
    figures.start();
  };
  return {
    async start() {
      state = 'started';
      try {
        await startOrThrow();
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
    ports: addresses,
    counters,
  };
}
