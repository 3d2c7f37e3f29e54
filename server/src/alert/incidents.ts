import type { Clock } from '../base/clock.ts';
import { countWhile } from '../base/lists.ts';
import { ABSENCES, type Finding } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';
import type { Incident } from '../model/incident.ts';

/**
 * Findings with one cause become one incident: five thousand stalled orders are one thing to know. It resolves by itself
 * when the last flow has left it.
 */
export interface Incidents {
  /** What is said of a flow now; the newest word counts. */
  observe(flow: Flow): void;
  forget(flowId: string): void;
  list(): Incident[];
  get(id: string): Incident | undefined;
  acknowledge(id: string, note: string): Incident | undefined;
  resolve(id: string, note: string): Incident | undefined;
  note(id: string, text: string): Incident | undefined;
  /** Incidents of an earlier life of this process; then `observe` what the store says of flows. */
  load(incidents: readonly Incident[]): void;
  /** Once all flows were observed again: what is empty now resolved while nobody looked. */
  loaded(): void;
  takeChanged(): Incident[];
}

export interface IncidentsOptions {
  clock: Clock;
  /** What may be behind a finding, from outside of the flow: a deploy, a service that fell silent. */
  suspect(finding: Finding, flow: Flow): string | null;
  /** Key of flows whose values are summed up; '' none. */
  valueKey: string;
  onOpened(incident: Incident): void;
  /** Its acknowledgement does not hold any more. */
  onWorse(incident: Incident): void;
  onResolved(incident: Incident): void;
}

interface Entry {
  incident: Incident;
  /** Flows in it, and what each is worth in hundredths, so that a thousand prices add up to a price. */
  flows: Map<string, number>;
  hundredths: number;
  /** Of an incident that was loaded: flows that are counted already, and will be observed again. */
  recount: number;
  /** When flows left it lately, ms. */
  left: number[];
}

/** An acknowledgement holds until it is ten times worse. */
const WORSE = 10;
const MOST_INCIDENTS = 5000;
const MOST_NOTES = 100;
const EXAMPLES = 10;
/** Members of one incident that are held one by one; the count goes on. */
const MOST_FLOWS = 100_000;
/** The drain rate is measured over this time. */
const DRAIN_MS = 60_000;
/** What happened and is over (a failed step) keeps its incident open for so long after the last one. */
const QUIET_MS = 900_000;

export function createIncidents(options: IncidentsOptions): Incidents {
  const { clock } = options;
  const open = new Map<string, Entry>();
  const all = new Map<string, Entry>();
  const ofFlow = new Map<string, string[]>();
  const changed = new Set<Entry>();

  const touch = (entry: Entry): void => {
    const { incident } = entry;
    const now = clock.now();
    incident.openCount = entry.flows.size;
    if (options.valueKey !== '') incident.value = entry.hundredths / 100;
    // In the order of time: asked for each of thousands that leave.
    const old = countWhile(entry.left, (at) => at <= now - DRAIN_MS);
    if (old > 0) entry.left.splice(0, old);
    incident.drainPerMinute = entry.left.length > 0 ? entry.left.length : null;
    incident.etaAt =
      entry.left.length > 0 && entry.flows.size > 0
        ? now + (entry.flows.size / entry.left.length) * DRAIN_MS
        : null;
    incident.version = Math.max(incident.version + 1, now * 1000);
    changed.add(entry);
    if (incident.ack === null || incident.openCount < WORSE * Math.max(1, incident.ack.count)) return;
    incident.ack = null;
    incident.outgrownAt = now;
    options.onWorse(incident);
  };

  const worth = (flow: Flow): number =>
    Math.round(Number(flow.keys.find(([name]) => name === options.valueKey)?.[1] ?? 0) * 100) || 0;

  const openFor = (finding: Finding, flow: Flow): Entry => {
    const known = open.get(finding.incident);
    if (known) return known;
    const now = clock.now();
    const incident: Incident = {
      key: finding.incident,
      id: `${finding.incident}-${now.toString(36)}`,
      rule: finding.rule,
      severity: finding.severity,
      lasting: finding.lasting,
      status: 'open',
      title: titleOf(finding, flow),
      cause:
        [causeOf(finding), options.suspect(finding, flow)].filter((part) => part !== null).join('; ') || null,
      environment: flow.environment,
      flowType: flow.type,
      service: finding.service,
      step: finding.step,
      place: finding.place,
      count: 0,
      openCount: 0,
      firstAt: finding.since,
      lastAt: finding.since,
      resolvedAt: null,
      drainPerMinute: null,
      etaAt: null,
      value: null,
      exampleFlowIds: [],
      notes: [],
      ack: null,
      outgrownAt: null,
      version: now * 1000,
    };
    const entry: Entry = { incident, flows: new Map(), hundredths: 0, recount: 0, left: [] };
    open.set(finding.incident, entry);
    all.set(incident.id, entry);
    if (all.size > MOST_INCIDENTS)
      for (const [id, { incident: old }] of all) {
        if (old.status === 'open') continue;
        all.delete(id);
        break;
      }
    return entry;
  };

  /** What is over and long ago opens nothing: it was an incident then. */
  const isPast = (finding: Finding): boolean =>
    !open.has(finding.incident) && !finding.lasting && clock.now() - finding.since >= QUIET_MS;

  const enter = (finding: Finding, flow: Flow): void => {
    if (isPast(finding)) return;
    const isNew = !open.has(finding.incident);
    const entry = openFor(finding, flow);
    if (!entry.flows.has(flow.id)) {
      if (entry.flows.size < MOST_FLOWS) {
        entry.flows.set(flow.id, worth(flow));
        entry.hundredths += worth(flow);
      }
      if (entry.recount > 0) entry.recount--;
      else entry.incident.count++;
      const { exampleFlowIds } = entry.incident;
      if (exampleFlowIds.length < EXAMPLES && !exampleFlowIds.includes(flow.id)) exampleFlowIds.push(flow.id);
    }
    entry.incident.firstAt = Math.min(entry.incident.firstAt, finding.since);
    entry.incident.lastAt = Math.max(entry.incident.lastAt, finding.since);
    touch(entry);
    if (isNew) options.onOpened(entry.incident);
  };
  const leave = (key: string, flowId: string): void => {
    const entry = open.get(key);
    const value = entry?.flows.get(flowId);
    if (entry === undefined || value === undefined) return;
    entry.flows.delete(flowId);
    entry.hundredths -= value;
    entry.left.push(clock.now());
    touch(entry);
    if (entry.flows.size === 0) close(entry);
  };
  const close = (entry: Entry): void => {
    const { incident } = entry;
    if (incident.status === 'resolved') return;
    incident.status = 'resolved';
    incident.resolvedAt = clock.now();
    open.delete(incident.key);
    for (const flowId of entry.flows.keys()) {
      const left = ofFlow.get(flowId)?.filter((key) => key !== incident.key) ?? [];
      if (left.length === 0) ofFlow.delete(flowId);
      else ofFlow.set(flowId, left);
    }
    entry.flows.clear();
    entry.hundredths = 0;
    touch(entry);
    options.onResolved(incident);
  };
  /** Nothing withdraws what has happened: after a while without another one it is over. */
  const fade = (entry: Entry): void => {
    if (entry.incident.lasting || entry.incident.status !== 'open') return;
    if (clock.now() - entry.incident.lastAt >= QUIET_MS) close(entry);
    else clock.after(QUIET_MS, () => fade(entry));
  };

  const edit = (id: string, change: (entry: Entry) => void): Incident | undefined => {
    const entry = all.get(id);
    if (!entry) return undefined;
    change(entry);
    touch(entry);
    return entry.incident;
  };
  const addNote = (entry: Entry, text: string): void => {
    if (text === '') return;
    entry.incident.notes.push({ at: clock.now(), text: text.slice(0, 2000) });
    entry.incident.notes.splice(0, Math.max(0, entry.incident.notes.length - MOST_NOTES));
  };
  return {
    observe(flow) {
      const counted = flow.findings.filter((finding) => finding.severity !== 'info');
      const keys = [
        ...new Set(counted.filter((finding) => !isPast(finding)).map((finding) => finding.incident)),
      ];
      for (const key of ofFlow.get(flow.id) ?? []) if (!keys.includes(key)) leave(key, flow.id);
      if (keys.length === 0) ofFlow.delete(flow.id);
      else ofFlow.set(flow.id, keys);
      for (const finding of counted) {
        const isNew = !open.has(finding.incident);
        enter(finding, flow);
        const entry = open.get(finding.incident);
        if (isNew && entry) fade(entry);
      }
    },
    forget(flowId) {
      for (const key of ofFlow.get(flowId) ?? []) leave(key, flowId);
      ofFlow.delete(flowId);
    },
    list: () => [...all.values()].map((entry) => entry.incident).sort((a, b) => b.lastAt - a.lastAt),
    get: (id) => all.get(id)?.incident,
    acknowledge: (id, note) =>
      edit(id, (entry) => {
        entry.incident.ack = { at: clock.now(), count: entry.flows.size, note: note.slice(0, 2000) };
      }),
    resolve: (id, note) =>
      edit(id, (entry) => {
        addNote(entry, note);
        close(entry);
      }),
    note: (id, text) => edit(id, (entry) => addNote(entry, text)),
    load(incidents) {
      for (const incident of incidents) {
        const entry: Entry = {
          incident,
          flows: new Map(),
          hundredths: 0,
          recount: incident.status === 'open' ? incident.openCount : 0,
          left: [],
        };
        all.set(incident.id, entry);
        if (incident.status === 'open') open.set(incident.key, entry);
      }
    },
    loaded() {
      for (const entry of [...open.values()]) {
        // Those that did not come again recovered meanwhile.
        entry.recount = 0;
        if (entry.flows.size === 0) close(entry);
        else fade(entry);
      }
    },
    takeChanged() {
      const taken = [...changed].map((entry) => entry.incident);
      changed.clear();
      return taken;
    },
  };
}

const isAbsence = (finding: Finding): boolean => (ABSENCES as readonly string[]).includes(finding.rule);

function titleOf(finding: Finding, flow: Flow): string {
  const where = finding.service ? ` (${finding.service})` : '';
  const what = finding.step ?? finding.place ?? flow.type;
  const say = isAbsence(finding) ? DOES_NOT_COME : TITLES.get(finding.rule);
  return `${flow.type}: ${say ? say(what + where) : `${finding.rule.replaceAll('-', ' ')} at ${what}${where}`}`;
}
const DOES_NOT_COME = (what: string): string => `${what} does not come`;
/** What happened, in the words of who has to read it at night. */
const TITLES: ReadonlyMap<string, (what: string) => string> = new Map(
  Object.entries({
    'failed-step': (what: string) => `${what} fails`,
    'dead-letter': (what: string) => `${what} is dead-lettered`,
    'retry-storm': (what: string) => `${what} is tried again and again`,
    'duplicate-processing': (what: string) => `${what} happens twice`,
    'unhandled-failure': (what: string) => `nobody hears of ${what}`,
  }),
);

function causeOf(finding: Finding): string | null {
  if (finding.rule === 'undelivered-message' && finding.place)
    return `messages to ${finding.place} are sent and not consumed: is ${finding.service ?? 'the consumer'} running?`;
  if (finding.rule === 'lost-step')
    return `${finding.service ?? 'the service'} stopped in the middle, or hangs`;
  if (isAbsence(finding) && finding.service) return `${finding.service} does not react`;
  return null;
}
