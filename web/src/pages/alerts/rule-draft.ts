import type { AlertRule, AlertRuleDraft } from '@fermata/server/contract';

/** The form of a rule. Grouping by a key is a choice and a name here, and one text in the API. */
export interface RuleForm {
  name: string;
  query: string;
  severity: AlertRuleDraft['severity'];
  for: string;
  group: 'type' | 'rule' | 'key';
  key: string;
}

export const emptyForm = (query: string): RuleForm => ({
  ...{ name: '', query, severity: 'warning', for: '1m', group: 'type', key: '' },
});

export function formOf({ name, query, severity, forMs, groupBy }: AlertRule): RuleForm {
  const isKey = groupBy.startsWith('key:');
  return {
    ...{ name, query, severity, for: durationText(forMs) },
    group: isKey ? 'key' : groupBy === 'rule' ? 'rule' : 'type',
    key: isKey ? groupBy.slice('key:'.length) : '',
  };
}

export const draftOf = ({ name, query, severity, for: wait, group, key }: RuleForm) =>
  ({
    ...{ name, query, severity, for: wait.trim() === '' ? '0s' : wait.trim() },
    groupBy: group === 'key' ? `key:${key.trim()}` : group,
  }) satisfies AlertRuleDraft;

/** Returns whether there is enough for a preview. */
export const isPreviewable = ({ query, group, key }: RuleForm): boolean =>
  query.trim() !== '' && (group !== 'key' || key.trim() !== '');

/** Makes a name that the server accepts of what a person wrote. */
export const nameOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 60);

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;
/** Writes a duration as the API reads it: `90s`, `5m`. */
export function durationText(ms: number): string {
  if (ms === 0) return '0s';
  const [unit, size] = UNITS.find(([, one]) => ms % one === 0) ?? (['ms', 1] as const);
  return `${ms / size}${unit}`;
}
