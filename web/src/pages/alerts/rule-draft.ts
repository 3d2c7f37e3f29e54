import type { AlertRule, AlertRuleDraft } from '@fermata/server/contract';

/**
 * Fields of the form for an alert rule. The API has one text for grouping, such as `key:order_id`;
 * the form splits it into `group` and `key`.
 */
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

/**
 * Returns whether the form has what a preview needs: a query, and a key if incidents are grouped by
 * a key.
 */
export const isPreviewable = ({ query, group, key }: RuleForm): boolean =>
  query.trim() !== '' && (group !== 'key' || key.trim() !== '');

/** Converts what the user typed into a rule name that the server accepts. */
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
/** Formats a duration in the API's syntax: `90s`, `5m`. */
export function durationText(ms: number): string {
  if (ms === 0) return '0s';
  const [unit, size] = UNITS.find(([, one]) => ms % one === 0) ?? (['ms', 1] as const);
  return `${ms / size}${unit}`;
}
