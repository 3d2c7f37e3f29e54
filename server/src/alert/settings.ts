import { isMap, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { KINDS, type Channel, type ChannelKind } from './channels.ts';
import type { Route } from './index.ts';

/** Who is told of what: the file that FERMATA_ALERTS names. */
export interface AlertSettings {
  channels: Channel[];
  routes: Route[];
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const duration = z
  .string()
  .regex(/^\d+(ms|s|m|h)$/, 'is not a duration like 10s or 5m')
  .transform((text) => Number.parseInt(text, 10) * UNITS[/[a-z]+$/.exec(text)![0]]!);
const names = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());

const schema = z.strictObject({
  channels: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        kind: z.enum(Object.keys(KINDS) as [ChannelKind, ...ChannelKind[]]),
        url: z.url({ protocol: /^https?$/ }).optional(),
        secret: z.string().default(''),
      }),
    )
    .default([]),
  routes: z
    .array(
      z.strictObject({
        severity: names.pipe(z.array(z.enum(['critical', 'warning', 'info']))).default(['critical']),
        rule: names.default([]),
        type: names.default([]),
        service: names.default([]),
        channels: names,
        groupWait: duration.default(10_000),
      }),
    )
    .default([]),
});

/** Everything wrong at once, each with its line. `environment` fills `${NAME}`, so that secrets stay out of the file. */
export function readAlertSettings(
  text: string,
  environment: Record<string, string | undefined>,
): { settings: AlertSettings; problems: string[] } {
  const empty: AlertSettings = { channels: [], routes: [] };
  const lines = new LineCounter();
  const filled = text.replace(/\$\{([A-Z0-9_]+)\}/g, (_, name: string) => environment[name] ?? '');
  const document = parseDocument(filled, { lineCounter: lines });
  if (document.errors.length > 0)
    return { settings: empty, problems: document.errors.map((error) => error.message.split('\n')[0]!) };
  const lineOf = (path: PropertyKey[]): number => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length) as (string | number)[], true);
      const range = (node as { range?: [number, number, number] } | undefined)?.range;
      if (range) return lines.linePos(range[0]).line;
    }
    return 1;
  };
  const parsed = schema.safeParse(isMap(document.contents) ? document.toJS() : {});
  if (!parsed.success)
    return {
      settings: empty,
      problems: parsed.error.issues.map(
        (issue) => `line ${lineOf(issue.path)}: ${issue.path.join('.') || 'file'}: ${issue.message}`,
      ),
    };
  const problems: string[] = [];
  const channels = parsed.data.channels.map((channel): Channel => ({ ...channel, url: channel.url ?? '' }));
  channels.forEach((channel, i) => {
    if (channel.url === '' && channel.kind !== 'pagerduty')
      problems.push(`line ${lineOf(['channels', i])}: channel ${channel.name} needs a url`);
    if (channels.findIndex((other) => other.name === channel.name) !== i)
      problems.push(`line ${lineOf(['channels', i])}: a second channel is named ${channel.name}`);
  });
  const routes = parsed.data.routes.map((route): Route => ({
    severities: route.severity,
    rules: route.rule,
    types: route.type,
    services: route.service,
    channels: route.channels,
    groupWaitMs: route.groupWait,
  }));
  routes.forEach((route, i) => {
    for (const name of route.channels)
      if (!channels.some((channel) => channel.name === name))
        problems.push(`line ${lineOf(['routes', i, 'channels'])}: there is no channel named ${name}`);
  });
  return { settings: { channels, routes }, problems };
}
