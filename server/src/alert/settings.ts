import { z } from 'zod';
import { readYaml } from '../base/yaml.ts';
import { CHANNEL_KINDS, type Channel } from './channels/index.ts';
import type { QueryRule } from '../model/query-rule.ts';
import type { Inhibition, Matcher, MuteWindow, Route } from './policy.ts';
import { duration, ruleOf, ruleSchema, type ParseQuery } from './query-rules.ts';

/** Settings from the file that FERMATA_ALERTS names: who is notified of which incidents. */
export interface AlertSettings {
  channels: Channel[];
  routes: Route[];
  inhibitions: Inhibition[];
  /** The operator's rules. Each flow that matches a rule's query gets a finding. */
  rules: QueryRule[];
}
export const NO_ALERTS: AlertSettings = { channels: [], routes: [], inhibitions: [], rules: [] };

const names = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());

const severities = names.pipe(z.array(z.enum(['critical', 'warning', 'info'])));
const matcher = {
  severity: severities.default([]),
  rule: names.default([]),
  type: names.default([]),
  service: names.default([]),
};
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is not a time of day like 22:00')
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));
const zone = z.string().refine((name) => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}, 'is not a time zone like Europe/Berlin');
const mute = z
  .strictObject({
    days: names.pipe(z.array(z.enum(DAYS))).default([...DAYS]),
    from: timeOfDay,
    to: timeOfDay,
    timezone: zone.default('UTC'),
  })
  .transform(({ days, from, to, timezone }): MuteWindow => ({
    days: days.map((day) => DAYS.indexOf(day)),
    fromMinute: from,
    toMinute: to,
    zone: timezone,
  }));

const schema = z.strictObject({
  channels: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        kind: z.enum(CHANNEL_KINDS),
        url: z.url({ protocol: /^(https?|smtps?)$/ }).optional(),
        secret: z.string().default(''),
        from: z.string().max(300).default(''),
        to: names.default([]),
      }),
    )
    .default([]),
  routes: z
    .array(
      z.strictObject({
        ...matcher,
        severity: severities.default(['critical']),
        channels: names,
        groupWait: duration.default(10_000),
        repeat: duration.default(0),
        mute: z.array(mute).max(20).default([]),
        escalate: z.strictObject({ after: duration, to: z.string() }).optional(),
      }),
    )
    .default([]),
  inhibit: z
    .array(
      z.strictObject({
        when: z.strictObject(matcher),
        then: z.strictObject(matcher),
        equal: names
          .pipe(z.array(z.enum(['environment', 'flowType', 'service', 'place'])))
          .default(['environment']),
      }),
    )
    .max(100)
    .default([]),
  rules: z.array(ruleSchema).max(100).default([]),
});

/** Parses the settings. Returns all errors together in `problems`, with line numbers. */
export function readAlertSettings(
  text: string,
  environment: Record<string, string | undefined>,
  parseQuery: ParseQuery,
): { settings: AlertSettings; problems: string[] } {
  const { data, problems, lineOf } = readYaml(text, schema, environment);
  if (data === null) return { settings: NO_ALERTS, problems };
  const channels = data.channels.map((channel): Channel => ({
    ...channel,
    url: channel.url ?? '',
  }));
  channels.forEach((channel, i) => {
    const isMail = channel.kind === 'email';
    if (channel.url !== '' && isMail !== channel.url.startsWith('smtp'))
      problems.push(
        `line ${lineOf(['channels', i, 'url'])}: channel ${channel.name} needs ${isMail ? 'an smtp' : 'an http'} url`,
      );
    if (isMail && (channel.from === '' || channel.to.length === 0))
      problems.push(`line ${lineOf(['channels', i])}: channel ${channel.name} needs from and to`);
    if (channel.url === '' && channel.kind !== 'pagerduty')
      problems.push(`line ${lineOf(['channels', i])}: channel ${channel.name} needs a url`);
    if (channels.findIndex((other) => other.name === channel.name) !== i)
      problems.push(`line ${lineOf(['channels', i])}: a second channel is named ${channel.name}`);
  });
  const routes = data.routes.map((route): Route => ({
    ...matcherOf(route),
    channels: route.channels,
    groupWaitMs: route.groupWait,
    repeatMs: route.repeat,
    mute: route.mute,
    escalate: route.escalate ? { afterMs: route.escalate.after, to: route.escalate.to } : null,
  }));
  routes.forEach((route, i) => {
    for (const [field, name] of namesIn(route))
      if (!channels.some((channel) => channel.name === name))
        problems.push(`line ${lineOf(['routes', i, field])}: there is no channel named ${name}`);
  });
  const rules = data.rules.flatMap((rule, i): QueryRule[] => {
    const wrong = (why: string): never[] => {
      problems.push(`line ${lineOf(['rules', i, 'query'])}: rule ${rule.name}: ${why}`);
      return [];
    };
    if (data.rules.findIndex((other) => other.name === rule.name) !== i)
      return wrong('a second one has its name');
    const made = ruleOf(rule, 'file', parseQuery);
    return 'rule' in made ? [made.rule] : wrong(made.problem);
  });
  const inhibitions = data.inhibit.map(({ when, then, equal }): Inhibition => ({
    when: matcherOf(when),
    then: matcherOf(then),
    equal,
  }));
  return { settings: { channels, routes, inhibitions, rules }, problems };
}

const matcherOf = (from: {
  severity: Matcher['severities'];
  rule: string[];
  type: string[];
  service: string[];
}): Matcher => ({
  severities: from.severity,
  rules: from.rule,
  types: from.type,
  services: from.service,
});

/**
 * Returns the channels that a route refers to, each with the name of the field that refers to it.
 */
const namesIn = ({ channels, escalate }: Route): [field: string, name: string][] => [
  ...channels.map((name): [string, string] => ['channels', name]),
  ...(escalate === null ? [] : [['escalate', escalate.to] as [string, string]]),
];
