import type { Clock } from '../../base/clock.ts';
import { groupedBy } from '../../base/lists.ts';
import type { Finding } from '../../model/expectation.ts';
import type { Flow } from '../../model/flow.ts';
import type { Incident, Suspicion } from '../../model/incident.ts';
import { QUIET_MS, type Lifecycle } from './lifecycle.ts';
import { addMember, describeLive, removeMember, type LiveIncident } from './live-incident.ts';
import type { Memberships } from './memberships.ts';
import { newIncident } from './new-incident.ts';
import { newestUntaken, type Overtaken } from './overtaken.ts';
import { partOf, takeUp } from './title.ts';
import type { UnheardServices } from './unheard.ts';

/** Adds each flow to the incidents of its findings, and removes it from all other incidents. */
export interface Grouping {
  observe(flow: Flow): void;
  forget(flowId: string): void;
}

export interface GroupingOptions {
  clock: Clock;
  lifecycle: Lifecycle;
  memberships: Memberships;
  suspect(finding: Finding, flow: Flow): Suspicion;
  overtaken: Overtaken;
  unheard: UnheardServices;
  valueKey: string;
  onOpened(incident: Incident): void;
}

export function createGrouping(options: GroupingOptions): Grouping {
  const { clock, lifecycle, memberships, overtaken, unheard, valueKey } = options;
  const { open, sameCause } = lifecycle;

  const begin = (key: string, finding: Finding, flow: Flow): LiveIncident => {
    const suspected = options.suspect(finding, flow);
    const live = lifecycle.begin(incidentOf(key, finding, flow, clock.now()));
    live.suspected.push(...suspected.others);
    unheard.take(live, suspected.unheard);
    describeLive(live);
    return live;
  };
  /**
   * Returns whether a finding is an event of an incident that has ended: one older than the quiet
   * time, which must not open another incident, or one that happened that long before the open
   * incident began, which would make it seem hours old.
   */
  const isPast = (finding: Finding, key: string): boolean => {
    const firstAt = open.get(key)?.incident.firstAt ?? clock.now();
    return !finding.lasting && firstAt - finding.since >= QUIET_MS;
  };

  /**
   * Adds a flow to the incident with this key. `findings` are the flow's findings that belong to
   * the incident.
   */
  const enter = (key: string, findings: readonly Finding[], flow: Flow): LiveIncident => {
    const known = open.get(key);
    const live = known ?? begin(key, findings[0]!, flow);
    const { incident } = live;
    let grew = false;
    for (const finding of findings) {
      const { since, lasting } = finding;
      // Do not add the key of a finding with a dependency: such a finding is looked up by its
      // dependency, and its own key may belong to another incident later.
      if (!open.has(finding.incident) && known !== undefined && finding.dependency === undefined)
        open.addKey(known, finding.incident);
      if (takeUp(incident, partOf(finding, flow.type))) grew = true;
      incident.lasting ||= lasting;
      incident.firstAt = Math.min(incident.firstAt, since);
      incident.lastAt = Math.max(incident.lastAt, since);
    }
    const isCondition = findings.some(({ lasting }) => lasting);
    const sentMs = newestUntaken(flow, incident.place);
    addMember(live, flow.id, { hundredths: worthOf(flow, valueKey), isCondition, sentMs });
    const isSilentAgain =
      known !== undefined &&
      incident.unheard.some(({ until }) => until !== null) &&
      unheard.take(live, options.suspect(findings[0]!, flow).unheard);
    if (grew || isSilentAgain) describeLive(live);
    overtaken.note(live);
    lifecycle.touch(live);
    if (known === undefined || grew) options.onOpened(incident);
    if (live.conditions === 0) lifecycle.fadeLater(live);
    return live;
  };
  const leave = (live: LiveIncident, flowId: string): void => {
    if (!removeMember(live, flowId, clock.now())) return;
    if (live.members.size > 0) overtaken.note(live);
    lifecycle.touch(live);
    if (live.members.size === 0) lifecycle.close(live);
    else if (live.conditions === 0) lifecycle.fadeLater(live);
  };
  /**
   * Returns the findings of a flow that count for incidents, grouped by the key of their incident.
   */
  const countedOf = (flow: Flow): Map<string, Finding[]> =>
    groupedBy(
      flow.findings.filter(
        (finding) => finding.severity !== 'info' && !isPast(finding, open.keyOf(finding, flow)),
      ),
      (finding) => open.keyOf(finding, flow),
    );
  return {
    observe(flow) {
      sameCause.observe(flow);
      overtaken.observe(flow);
      unheard.observe(flow);
      const counted = countedOf(flow);
      const staying = new Set([...counted.keys()].map((key) => open.get(key)));
      for (const live of memberships.of(flow.id))
        if (!staying.has(live)) {
          memberships.remove(flow.id, live);
          leave(live, flow.id);
        }
      if (counted.size === 0) return memberships.forget(flow.id);
      // Two keys may belong to one merged incident. Group them, so that the flow is counted once in
      // this incident.
      const byIncident = groupedBy(counted.keys(), (key) => open.get(key)?.incident.id ?? key);
      const entered = [...byIncident.values()].map((keys) => {
        const findings = keys.flatMap((key) => counted.get(key)!);
        return enter(keys[0]!, findings, flow);
      });
      memberships.set(flow.id, entered);
      for (const live of entered) sameCause.settle(live);
    },
    forget(flowId) {
      const incidents = memberships.of(flowId);
      memberships.forget(flowId);
      for (const live of incidents) leave(live, flowId);
    },
  };
}

const worthOf = (flow: Flow, valueKey: string): number =>
  Math.round(Number(flow.keys.find(([name]) => name === valueKey)?.[1] ?? 0) * 100) || 0;

function incidentOf(key: string, finding: Finding, flow: Flow, nowMs: number): Incident {
  const { rule, severity, lasting, service, step, place, since } = finding;
  const about = { rule, severity, lasting, service, step, place };
  return newIncident(
    {
      ...about,
      ...{ key, environment: flow.environment, flowType: flow.type, firstAt: since, lastAt: since },
      dependency: key === finding.incident ? (finding.dependency ?? null) : null,
      parts: [partOf(finding, flow.type)],
    },
    nowMs,
  );
}
