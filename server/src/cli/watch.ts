import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { filterSchema, parametersOf, statusOf } from '../ask/index.ts';
import type { FlowList, FlowSummary } from '../contract/index.ts';
import { statusText } from '../words/index.ts';
import { printable, type Command } from './command.ts';

const EVERY_MS = 2000;
const NEWEST = 200;
/**
 * Maximum number of flows whose status is remembered; those that changed longest ago are forgotten
 * first.
 */
const MAX_KNOWN = 20_000;

/** Command that prints a line whenever the status of a flow changes, until it is stopped. */
export const watch: Command = {
  name: 'watch',
  help: 'Prints a line whenever the status of a flow changes: started, late, stuck, ended. Ctrl+C ends it.',
  position: 'query',
  input: z.object(filterSchema.shape),
  async run(client, input, isJson, { out, now, signal }) {
    const filter = filterSchema.parse(input);
    const known = new Map<string, string>();
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const page = await client.get<FlowList>('/api/v1/flows', {
        ...parametersOf(filter, now()),
        ...{ sort: 'activity', limit: NEWEST },
      });
      for (const flow of page.items.toReversed()) {
        const before = known.get(flow.id);
        const status = statusOf(flow);
        if (before === status) continue;
        known.delete(flow.id);
        known.set(flow.id, status);
        // In the first round, flows that are neither late nor stuck are not printed, because their
        // status is older than the command.
        if (isFirst && flow.health === 'ok') continue;
        out(isJson ? JSON.stringify(flow) : line(flow, before, now()));
      }
      for (const id of known.keys()) if (known.size > MAX_KNOWN) known.delete(id);
      await pause(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
    return 0;
  },
};

function line(flow: FlowSummary, before: string | undefined, nowMs: number): string {
  const at = new Date(nowMs).toISOString().slice(11, 19);
  const [awaited] = flow.waitingFor;
  const by = awaited?.service == null ? '' : ` by ${awaited.service}`;
  const why = awaited && flow.health !== 'ok' ? `  waits for ${awaited.step}${by}` : '';
  const change =
    before === undefined
      ? statusText(statusOf(flow))
      : `${statusText(before)} → ${statusText(statusOf(flow))}`;
  return printable(`${at}  ${flow.key || flow.id}  ${flow.type}  ${change}${why}`);
}
