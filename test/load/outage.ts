import { createLab, traceIdOf, type Guard } from '@fermata/server/lab';
import { SHAPES } from './shapes.ts';
import { simulate } from './simulator.ts';

/** Notifications about an outage of one service. */
export interface OutageScore {
  /** Number of flows that the outage delayed by more than `LONG_MS`. */
  held: number;
  incidents: number;
  /** Share of these flows that the incident contains. */
  counted: number;
  opened: number;
  resolved: number;
  /** Time from the first missed deadline to the notification, ms. */
  noticeMs: number;
}

/** Delay above which a flow certainly exceeds its usual waits, ms. */
const LONG_MS = 900_000;

/** Simulates `flows` orders, a third of which start during the outage. */
export async function playOutage(seed: number, flows: number): Promise<OutageScore> {
  const startMs = 1_794_000_000_000;
  const overMs = 6 * 3_600_000;
  const fromMs = startMs + overMs / 2;
  const toMs = fromMs + overMs / 3;
  const simulated = simulate({
    seed,
    shapes: [SHAPES[0]!],
    flows,
    stalls: 0,
    startMs,
    overMs,
    outage: { service: 'shipping', fromMs, toMs, drainMs: 300_000 },
  });
  const sent: { event: string; atMs: number }[] = [];
  const guard: Guard = {
    async post(_url, _headers, body) {
      sent.push({ event: (JSON.parse(body) as { event: string }).event, atMs: lab.clock.now() });
      return { status: 200, retryAfterMs: null };
    },
    mail: () => Promise.reject(new Error('no mail here')),
  };
  const stuck = new Set<string>();
  let firstDeadline = Infinity;
  const lab = await createLab({
    startMs,
    onFlow(flow) {
      for (const { severity, since } of flow.findings) {
        if (severity !== 'critical') continue;
        for (const key of flow.members) stuck.add(traceIdOf(key));
        firstDeadline = Math.min(firstDeadline, since);
      }
    },
    alerts: {
      guard,
      channels: [{ name: 'ops', kind: 'webhook', url: 'http://ops', secret: '', from: '', to: [] }],
      routes: [
        {
          severities: ['critical'],
          rules: [],
          types: [],
          services: [],
          channels: ['ops'],
          groupWaitMs: 10_000,
          repeatMs: 0,
          mute: [],
          escalate: null,
        },
      ],
    },
  });
  let at = 0;
  const { arrivals } = simulated;
  // Flows with shorter delays are not counted, because they may have continued before they were
  // late.
  const held = [...simulated.held.values()].filter((ms) => ms > LONG_MS).length;
  while (at < arrivals.length) {
    const until = lab.clock.now() + 2000;
    const due: (typeof arrivals)[number]['span'][] = [];
    while (at < arrivals.length && arrivals[at]!.atMs <= until) due.push(arrivals[at++]!.span);
    if (due.length > 0) await lab.deliver(due);
    await lab.advance(2000);
  }
  for (let i = 0; i < 120; i++) await lab.advance(10_000);
  const incidents = lab.alerts!.incidents();
  await lab.stop();
  return {
    held,
    incidents: incidents.length,
    counted:
      [...simulated.held].filter(([root, ms]) => ms > LONG_MS && stuck.has(root)).length /
      Math.max(1, held),
    opened: sent.filter(({ event }) => event === 'opened').length,
    resolved: sent.filter(({ event }) => event === 'resolved').length,
    noticeMs: (sent[0]?.atMs ?? Infinity) - firstDeadline,
  };
}
