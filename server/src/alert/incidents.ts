import type { Clock } from '../base/clock.ts';
import { countWhile, groupedBy } from '../base/lists.ts';
import { awaitedStepKey, causeKey } from '../model/cause.ts';
import type { Finding } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';
import { storedIncident, type Incident } from '../model/incident.ts';
import { describe, partOf, takeUp } from './causes.ts';
import { createKin } from './kin.ts';

/**
 * Findings with one cause become one incident, whatever their flow types: five thousand stalled orders are one thing to
 * know, and so is one Redis that four processes cannot reach. It resolves by itself when the last flow has left it.
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
  /** The one that is open for a key. */
  openOf(key: string): Incident | undefined;
  /** One of Fermata itself: opens, changes and ends when it is told to. */
  raise(incident: Incident): void;
  amend(key: string, fields: Partial<Incident>): void;
  withdraw(key: string): void;
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
  /** It opened, or concerns others now than it did before: another flow type, a higher severity. */
  onOpened(incident: Incident): void;
  /** Its acknowledgement does not hold any more. */
  onWorse(incident: Incident): void;
  /** It is over, or was found to be one with another (`foldedInto`). */
  onResolved(incident: Incident): void;
}

interface Entry {
  incident: Incident;
  flows: Map<string, Member>;
  hundredths: number;
  /** Flows that will leave by themselves; the others are in it for what has happened. */
  lasting: number;
  /** Of an incident that was loaded: flows that are counted already, and will be observed again. */
  recount: number;
  /** When flows left it lately, ms. */
  left: number[];
  suspected: string[];
  fading: boolean;
}

interface Member {
  /** What it is worth in hundredths, so that a thousand prices add up to a price. */
  hundredths: number;
  lasting: boolean;
}

/** An acknowledgement holds until it is ten times worse. */
const WORSE = 10;
const MOST_INCIDENTS = 5000;
const MOST_NOTES = 100;
const EXAMPLES = 10;
/** Members of one incident that are held one by one; the count goes on. */
const MOST_FLOWS = 100_000;
const MOST_KEYS = 100;
/** Dependencies that the errors of one step can name at a time: more of them is a text that varies with the flow. */
const MOST_DEPENDENCIES = 5;
/** The drain rate is measured over this time. */
const DRAIN_MS = 60_000;
/** What happened and is over (a failed step) keeps its incident open for so long after the last one. */
const QUIET_MS = 900_000;

export function createIncidents(options: IncidentsOptions): Incidents {
  const { clock } = options;
  /** By every key of theirs. */
  const open = new Map<string, Entry>();
  /** Of those, by the step that is missed. */
  const byStep = new Map<string, Entry>();
  const all = new Map<string, Entry>();
  const ofFlow = new Map<string, Set<Entry>>();
  const changed = new Set<Entry>();
  /** Dependencies named by each step. */
  const crowds = new Map<string, number>();
  const kin = createKin<Entry>(clock, ({ incident }) => incident, fold);

  const touch = (entry: Entry): void => {
    const { incident } = entry;
    const now = clock.now();
    if (incident.channel === null) measure(entry, now);
    incident.version = Math.max(incident.version + 1, now * 1000);
    changed.add(entry);
    if (incident.ack === null || incident.openCount < WORSE * Math.max(1, incident.ack.count)) return;
    incident.ack = null;
    incident.outgrownAt = now;
    options.onWorse(incident);
  };
  const measure = (entry: Entry, now: number): void => {
    const { incident } = entry;
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
  };

  const worth = (flow: Flow): number =>
    Math.round(Number(flow.keys.find(([name]) => name === options.valueKey)?.[1] ?? 0) * 100) || 0;

  const entryOf = (incident: Incident, recount = 0): Entry => {
    const entry: Entry = {
      ...{ incident, flows: new Map(), hundredths: 0, lasting: 0, recount, left: [] },
      ...{ suspected: [], fading: false },
    };
    all.set(incident.id, entry);
    if (incident.status !== 'open') return entry;
    for (const key of incident.keys) open.set(key, entry);
    const step = stepOf(incident, incident.environment, incident.flowType, incident.key);
    if (step !== null && !byStep.has(step)) byStep.set(step, entry);
    if (incident.dependency !== null) crowd(incident, 1);
    kin.add(entry);
    return entry;
  };
  const stepOf = (
    about: Pick<Finding, 'rule' | 'service' | 'step' | 'place'>,
    environment: string,
    flowType: string,
    key: string,
  ): string | null => {
    const { rule, service, step, place } = about;
    return awaitedStepKey(environment, flowType, { rule, service, step, place }, key);
  };
  const crowdOf = ({
    environment,
    service,
    step,
  }: Pick<Incident, 'environment' | 'service' | 'step'>): string => [environment, service, step].join('\0');
  const crowd = (incident: Incident, more: 1 | -1): void => {
    const key = crowdOf(incident);
    const count = (crowds.get(key) ?? 0) + more;
    if (count > 0) crowds.set(key, count);
    else crowds.delete(key);
  };

  /**
   * Where one is open for the step that is missed, by that; by the dependency that its error names, unless there are too
   * many of them to be one.
   */
  const keyOf = (finding: Finding, { environment, type }: Flow): string => {
    const { incident, dependency: _, ...rest } = finding;
    if (open.has(incident)) return incident;
    if (finding.dependency === undefined) {
      const step = byStep.size > 0 ? stepOf(finding, environment, type, incident) : null;
      return (step === null ? undefined : byStep.get(step)?.incident.key) ?? incident;
    }
    const crowded = (crowds.get(crowdOf({ environment, ...rest })) ?? 0) >= MOST_DEPENDENCIES;
    return crowded ? causeKey(environment, type, rest) : incident;
  };

  const start = (key: string, finding: Finding, flow: Flow): Entry => {
    const now = clock.now();
    const { rule, severity, lasting, service, step, place, since } = finding;
    const suspected = options.suspect(finding, flow);
    const entry = entryOf({
      ...{ key, keys: [key], id: `${key}-${now.toString(36)}`, rule, severity, lasting, status: 'open' },
      ...{ title: '', cause: null, environment: flow.environment, flowType: flow.type, service, step, place },
      dependency: key === finding.incident ? (finding.dependency ?? null) : null,
      channel: null,
      ...{ parts: [partOf(finding, flow.type)], foldedInto: null, count: 0, openCount: 0 },
      ...{ firstAt: since, lastAt: since, resolvedAt: null, drainPerMinute: null, etaAt: null, value: null },
      ...{ exampleFlowIds: [], notes: [], ack: null, outgrownAt: null, version: now * 1000 },
    });
    if (suspected !== null) entry.suspected.push(suspected);
    describe(entry.incident, entry.suspected);
    if (all.size > MOST_INCIDENTS)
      for (const [id, { incident: old }] of all) {
        if (old.status === 'open') continue;
        all.delete(id);
        break;
      }
    return entry;
  };

  /** What is over and long ago opens nothing: it was an incident then. */
  const isPast = (finding: Finding, key: string): boolean =>
    !open.has(key) && !finding.lasting && clock.now() - finding.since >= QUIET_MS;

  /** Of one flow, all that has this key. */
  const enter = (key: string, findings: readonly Finding[], flow: Flow): Entry => {
    const known = open.get(key);
    const entry = known ?? start(key, findings[0]!, flow);
    const { incident } = entry;
    let grew = false;
    for (const finding of findings) {
      const { since, lasting } = finding;
      // Its flows are found by their own key.
      if (!open.has(finding.incident) && known !== undefined && finding.dependency === undefined)
        addKey(known, finding.incident);
      if (takeUp(incident, partOf(finding, flow.type))) grew = true;
      incident.lasting ||= lasting;
      incident.firstAt = Math.min(incident.firstAt, since);
      incident.lastAt = Math.max(incident.lastAt, since);
    }
    join(entry, flow.id, { hundredths: worth(flow), lasting: findings.some(({ lasting }) => lasting) });
    if (grew) describe(incident, entry.suspected);
    touch(entry);
    if (known === undefined || grew) options.onOpened(incident);
    if (entry.lasting === 0) fadeLater(entry);
    return entry;
  };
  const addKey = (entry: Entry, key: string): void => {
    if (entry.incident.keys.length >= MOST_KEYS) return;
    entry.incident.keys.push(key);
    open.set(key, entry);
  };
  const join = (entry: Entry, flowId: string, member: Member): void => {
    const known = entry.flows.get(flowId);
    if (known) {
      entry.lasting += Number(member.lasting) - Number(known.lasting);
      known.lasting = member.lasting;
      return;
    }
    if (entry.flows.size < MOST_FLOWS) {
      entry.flows.set(flowId, member);
      entry.hundredths += member.hundredths;
      entry.lasting += Number(member.lasting);
    }
    if (entry.recount > 0) entry.recount--;
    else entry.incident.count++;
    const { exampleFlowIds } = entry.incident;
    if (exampleFlowIds.length < EXAMPLES && !exampleFlowIds.includes(flowId)) exampleFlowIds.push(flowId);
  };
  const leave = (entry: Entry, flowId: string): void => {
    const member = entry.flows.get(flowId);
    if (member === undefined) return;
    entry.flows.delete(flowId);
    entry.hundredths -= member.hundredths;
    entry.lasting -= Number(member.lasting);
    entry.left.push(clock.now());
    touch(entry);
    if (entry.flows.size === 0) close(entry);
    else if (entry.lasting === 0) fadeLater(entry);
  };
  const close = (entry: Entry): void => {
    const { incident } = entry;
    if (incident.status === 'resolved') return;
    incident.status = 'resolved';
    incident.resolvedAt = clock.now();
    for (const key of incident.keys) if (open.get(key) === entry) open.delete(key);
    const step = stepOf(incident, incident.environment, incident.flowType, incident.key);
    if (step !== null && byStep.get(step) === entry) byStep.delete(step);
    if (incident.dependency !== null) crowd(incident, -1);
    kin.remove(entry);
    for (const flowId of entry.flows.keys()) {
      const entries = ofFlow.get(flowId);
      if (entries?.delete(entry) && entries.size === 0) ofFlow.delete(flowId);
    }
    entry.flows.clear();
    entry.hundredths = 0;
    entry.lasting = 0;
    touch(entry);
    options.onResolved(incident);
  };
  /**
   * Two incidents turned out to be one: the older goes on, with the flows and keys of both; the other is over, and what
   * people were told of it is taken back.
   */
  function fold(head: Entry, other: Entry): void {
    const { incident } = head;
    const folded = other.incident;
    const overlap = [...other.flows.keys()].filter((flowId) => head.flows.has(flowId)).length;
    incident.count += folded.count - overlap;
    head.recount += other.recount;
    for (const [flowId, member] of other.flows) {
      ofFlow.get(flowId)?.add(head);
      const mine = head.flows.get(flowId);
      if (mine === undefined) head.hundredths += member.hundredths;
      if (member.lasting && mine?.lasting !== true) head.lasting++;
      head.flows.set(flowId, { ...member, lasting: member.lasting || mine?.lasting === true });
    }
    head.left = [...head.left, ...other.left].sort((a, b) => a - b);
    for (const part of folded.parts) takeUp(incident, part);
    incident.lasting ||= folded.lasting;
    incident.firstAt = Math.min(incident.firstAt, folded.firstAt);
    incident.lastAt = Math.max(incident.lastAt, folded.lastAt);
    incident.exampleFlowIds = [...new Set([...incident.exampleFlowIds, ...folded.exampleFlowIds])].slice(
      0,
      EXAMPLES,
    );
    head.suspected = [...new Set([...head.suspected, ...other.suspected])];
    describe(incident, head.suspected);
    folded.foldedInto = incident.id;
    addNote(other, `one with: ${incident.title}`);
    close(other);
    // From now on what has its keys goes to the head.
    incident.keys = [...new Set([...incident.keys, ...folded.keys])].slice(0, MOST_KEYS);
    for (const key of incident.keys) open.set(key, head);
    touch(head);
    options.onOpened(incident);
  }
  /** Nothing withdraws what has happened: after a while without another one it is over. */
  const fade = (entry: Entry): void => {
    entry.fading = false;
    if (entry.lasting > 0 || entry.incident.status !== 'open') return;
    if (clock.now() - entry.incident.lastAt >= QUIET_MS) close(entry);
    else fadeLater(entry);
  };
  const fadeLater = (entry: Entry): void => {
    if (entry.fading) return;
    entry.fading = true;
    clock.after(QUIET_MS, () => fade(entry));
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
      kin.hear(flow);
      const counted = groupedBy(
        flow.findings.filter(
          (finding) => finding.severity !== 'info' && !isPast(finding, keyOf(finding, flow)),
        ),
        (finding) => keyOf(finding, flow),
      );
      const staying = new Set([...counted.keys()].map((key) => open.get(key)));
      for (const entry of [...(ofFlow.get(flow.id) ?? [])])
        if (!staying.has(entry)) {
          ofFlow.get(flow.id)?.delete(entry);
          leave(entry, flow.id);
        }
      if (counted.size === 0) {
        ofFlow.delete(flow.id);
        return;
      }
      // What two folded keys say of it is one membership.
      const entries = groupedBy(counted.keys(), (key) => open.get(key)?.incident.id ?? key);
      const entered = [...entries.values()].map((keys) =>
        enter(
          keys[0]!,
          keys.flatMap((key) => counted.get(key)!),
          flow,
        ),
      );
      ofFlow.set(flow.id, new Set(entered));
      for (const entry of entered) kin.settle(entry);
    },
    forget(flowId) {
      const entries = ofFlow.get(flowId) ?? [];
      ofFlow.delete(flowId);
      for (const entry of entries) leave(entry, flowId);
    },
    list: () => [...all.values()].map((entry) => entry.incident).sort((a, b) => b.lastAt - a.lastAt),
    get: (id) => all.get(id)?.incident,
    acknowledge: (id, note) =>
      edit(id, (entry) => {
        entry.incident.ack = { at: clock.now(), count: entry.incident.openCount, note: note.slice(0, 2000) };
      }),
    resolve: (id, note) =>
      edit(id, (entry) => {
        addNote(entry, note);
        close(entry);
      }),
    note: (id, text) => edit(id, (entry) => addNote(entry, text)),
    openOf: (key) => open.get(key)?.incident,
    raise(incident) {
      touch(entryOf(incident));
      options.onOpened(incident);
    },
    amend(key, fields) {
      const entry = open.get(key);
      if (entry === undefined) return;
      Object.assign(entry.incident, fields);
      touch(entry);
    },
    withdraw(key) {
      const entry = open.get(key);
      if (entry !== undefined) close(entry);
    },
    load(incidents) {
      for (const stored of incidents) {
        const incident = storedIncident(stored);
        entryOf(incident, incident.status === 'open' ? incident.openCount : 0);
      }
    },
    loaded() {
      for (const entry of new Set(open.values())) {
        if (entry.incident.channel !== null) continue;
        // Those that did not come again recovered meanwhile.
        entry.recount = 0;
        if (entry.flows.size === 0) close(entry);
        else if (entry.lasting === 0) fadeLater(entry);
      }
    },
    takeChanged() {
      const taken = [...changed].map((entry) => entry.incident);
      changed.clear();
      return taken;
    },
  };
}
