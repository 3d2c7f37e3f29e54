import { retriesOf } from '../model/search-match.ts';
import { hashesOf } from '../base/name-hash.ts';
import { viewAt, type Flow, type UnattributedRow } from '../model/flow.ts';
import type { Incident, Notification, Silence } from '../model/incident.ts';
import { SPAN, TRACE, WORTHLESS } from '../model/names.ts';
import type { EvidenceRecord } from '../model/record.ts';
import { spanIdOf, traceIdOf } from '../model/span.ts';
import type {
  FlowRow,
  LearnedRow,
  PreparedSpans,
  Store,
  StoredFlow,
  StoredSpan,
} from '../store/port/index.ts';
import { fromSpanRow, recordText } from '../store/rows/span.ts';

/**
 * In-memory implementation of the parts of the store that the engine uses. It answers without
 * delay, for tests that simulate hours. It has no lists and no searches.
 */
export interface MemoryStore extends Store {
  readonly flows: ReadonlyMap<string, { flow: Flow; version: number }>;
}

interface Batch extends PreparedSpans {
  batch: number;
  records: readonly EvidenceRecord[];
}

const isUndelivered = ({ state }: Notification): boolean =>
  state === 'waiting' || state === 'pending';

async function* inOne(hashes: Buffer): AsyncIterable<Buffer> {
  yield hashes;
}

export function memoryStore(now: () => number): MemoryStore {
  const spans = new Map<string, EvidenceRecord[]>();
  const batches: Batch[] = [];
  const flows = new Map<string, { flow: Flow; version: number; settlesAtMs: number }>();
  const tombstones = new Map<string, string>();
  const unattributed = new Map<string, UnattributedRow>();
  const byName = new Map<string, Set<string>>();
  const incidents = new Map<string, Incident>();
  const silences = new Map<string, Silence>();
  const notifications = new Map<string, Notification>();
  const documents = new Map<string, string>();
  let learned: LearnedRow[] = [];
  let derivedBatch = 0;

  const stored = (record: EvidenceRecord): StoredSpan => {
    const { receivedAtMs, traceId, key } = record.span;
    return fromSpanRow({
      received_ms: String(receivedAtMs),
      trace_id: traceId,
      span_id: spanIdOf(key),
      record: recordText(record),
    });
  };
  const index = (id: string, names: string[]): void => {
    for (const name of names) {
      const ids = byName.get(name);
      if (ids) ids.add(id);
      else byName.set(name, new Set([id]));
    }
  };
  const load = (id: string): StoredFlow[] => {
    const loose = unattributed.get(id);
    if (loose)
      return [
        {
          id,
          version: 0,
          members: (spans.get(loose.key) ?? []).map(stored),
          causes: loose.causes,
        },
      ];
    const row = flows.get(id);
    if (!row) return tombstones.has(id) ? load(tombstones.get(id)!) : [];
    const members = row.flow.members.flatMap((key) => (spans.get(key) ?? []).map(stored));
    return [{ id, version: row.version, members, causes: [] }];
  };
  const seen = ({
    flow,
    version,
    settlesAtMs,
  }: {
    flow: Flow;
    version: number;
    settlesAtMs: number;
  }): FlowRow => ({
    ...viewAt(flow, version, settlesAtMs, now()),
    timelineComputedMs: now(),
  });
  const isOpen = (id: string): boolean => {
    const row = flows.get(id);
    return row !== undefined && (seen(row).flow.phase !== 'ended' || row.flow.lookAtMs !== null);
  };
  const namesOf = (isWanted: (ids: string[]) => boolean): string[] =>
    [...byName]
      .filter(([, ids]) => isWanted([...ids]))
      .map(([name]) => (name.startsWith(SPAN) ? TRACE + traceIdOf(name.slice(SPAN.length)) : name));
  const notHere = (): never => {
    throw new Error('the store in memory does not search');
  };
  return {
    kind: 'embedded',
    isBehind: false,
    flows,
    start: async () => undefined,
    stop: async () => undefined,
    prepareSpans: (batch, records): Batch => ({ count: records.length, batch, records }),
    async insertSpans(prepared) {
      batches.push(...(prepared as readonly Batch[]));
      for (const record of (prepared as readonly Batch[]).flatMap(({ records }) => records)) {
        const list = spans.get(record.span.key);
        if (list) list.push(record);
        else spans.set(record.span.key, [record]);
      }
    },
    async insertFlows(changes, upToBatch, settlesAt) {
      derivedBatch = Math.max(derivedBatch, upToBatch);
      for (const change of changes) {
        const { id, version } = change;
        if (change.kind === 'unattributed') {
          unattributed.set(id, change.row);
          index(id, [SPAN + change.row.key, ...change.row.tokens]);
        } else if (change.kind === 'flow') {
          const { flow } = change;
          flows.set(id, { flow, version, settlesAtMs: settlesAt(flow) });
          index(id, [...flow.members.map((key) => SPAN + key), ...flow.tokens]);
        } else {
          flows.delete(id);
          if (change.movedTo !== null) tombstones.set(id, change.movedTo);
        }
      }
    },
    async watermarks() {
      const last = batches[batches.length - 1];
      return {
        lastBatch: last?.batch ?? 0,
        derivedBatch,
        lastReceivedMs: last?.records[0]?.span.receivedAtMs ?? 0,
      };
    },
    async *unprojected() {},
    async *replay(after) {
      for (const { batch, records } of batches) if (batch > after) yield records.map(stored);
    },
    async names(most, onWorthless) {
      const all = byName.size <= most;
      const names = namesOf((ids) => all || ids.some(isOpen));
      onWorthless?.(
        names
          .filter((name) => name.startsWith(WORTHLESS))
          .map((mark) => mark.slice(WORTHLESS.length)),
      );
      return { all, hashes: inOne(hashesOf(names)) };
    },
    namesOfOpenFlows: () => inOne(hashesOf(namesOf((ids) => ids.some(isOpen)))),
    async *openFlows() {
      for (const [id, row] of flows) {
        const { flow } = seen(row);
        if (flow.phase !== 'ended' || row.flow.lookAtMs !== null)
          yield [
            { id, type: flow.type, settlesAtMs: row.settlesAtMs, lookAtMs: row.flow.lookAtMs ?? 0 },
          ];
      }
    },
    async loadByNames(names, bound) {
      const ids = new Set<string>();
      for (const name of names) {
        const having = [...(byName.get(name) ?? [])];
        const cut = bound !== undefined && !name.startsWith(SPAN) && having.length >= bound.most;
        if (cut) bound.onCut(name);
        for (const id of cut ? having.slice(0, bound.most) : having) ids.add(id);
      }
      return [...ids].flatMap(load);
    },
    loadByIds: async (ids) => ids.flatMap(load),
    async saveLearned(models) {
      learned = [
        ...learned.filter(
          (old) => !models.some((m) => m.type === old.type && m.environment === old.environment),
        ),
        ...models,
      ];
    },
    learned: async () => learned,
    flowsByIds: async (ids) =>
      ids.flatMap((id) => {
        const row = flows.get(id);
        return row
          ? [{ ...seen(row), stepCount: row.flow.steps.length, retries: retriesOf(row.flow) }]
          : [];
      }),
    async getFlow(id) {
      const row = flows.get(id);
      return row ? seen(row) : null;
    },
    saveIncidents: async (list) =>
      void list.forEach((one) => incidents.set(one.id, structuredClone(one))),
    incidents: async () => [...incidents.values()].map((one) => structuredClone(one)),
    saveNotifications: async (list) =>
      void list.forEach((one) => notifications.set(one.id, structuredClone(one))),
    notifications: async (limit) =>
      [...notifications.values()]
        .sort(
          (a, b) =>
            Number(isUndelivered(b)) - Number(isUndelivered(a)) || b.createdAt - a.createdAt,
        )
        .slice(0, limit)
        .map((one) => structuredClone(one)),
    saveSilence: async (silence) => void silences.set(silence.id, structuredClone(silence)),
    silences: async () => [...silences.values()],
    async saveDocument(kind, id, _version, body) {
      documents.set(`${kind}\0${id}`, body);
    },
    documents: async (kind) =>
      [...documents]
        .filter(([key, body]) => key.startsWith(`${kind}\0`) && body !== '')
        .map(([key, body]) => ({ id: key.split('\0')[1]!, body })),
    async *flowsWithFindings() {
      yield [...flows.values()].map(({ flow }) => flow).filter((flow) => flow.findings.length > 0);
    },
    listFlows: notHere,
    findFlow: notHere,
    familyOf: notHere,
    sharingOf: notHere,
    prepareLogs: (records) => ({ count: records.length }),
    insertLogs: async () => undefined,
    logsOf: notHere,
    spansOf: notHere,
    flowTypes: notHere,
    services: notHere,
    servicesHeard: notHere,
    stepNames: notHere,
    population: notHere,
    countTraits: notHere,
    countHaving: notHere,
    countVariants: notHere,
    versionRuns: notHere,
    variantsBefore: notHere,
    versionsBefore: notHere,
    variantDetails: notHere,
    compare: notHere,
    segmentShares: notHere,
    spread: notHere,
    between: notHere,
    trend: notHere,
    sampleFlows: notHere,
    examples: notHere,
    traitTrend: notHere,
    countTypes: notHere,
    heldTrend: notHere,
    countFacets: notHere,
    failureOrigins: notHere,
    directlyFollows: notHere,
    wholeFlows: notHere,
    spansOfFlows: notHere,
    countAttributes: notHere,
    ping: async () => true,
  };
}
