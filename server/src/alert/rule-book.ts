import type { Clock } from '../base/clock.ts';
import { FermataError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { QueryRule } from '../model/query-rule.ts';
import { ruleOf, ruleSchema, type ParseQuery, type RuleFields } from './query-rules.ts';

/**
 * Keeps the operator's rules. Rules from the file FERMATA_ALERTS cannot be changed here. Rules from
 * the dashboard are stored in the database.
 */
export interface RuleBook {
  /** Loads the stored rules. A rule that cannot be read any more is logged and omitted. */
  load(): Promise<void>;
  /** Returns the active rules, with those of the file first. */
  list(): readonly QueryRule[];
  /** Validates the fields as `save` does, without saving them. Throws `query.invalid`. */
  check(fields: RuleFields): QueryRule;
  /**
   * Saves a rule, which replaces a stored rule with the same name. Rejects with `query.invalid`.
   */
  save(fields: RuleFields): Promise<QueryRule>;
  /** Deletes a rule. Resolves to false if no rule has this name. */
  remove(name: string): Promise<boolean>;
}

export interface RuleBookOptions {
  clock: Clock;
  log: Log;
  store: {
    saveDocument(kind: 'rule', id: string, version: number, body: string): Promise<void>;
    documents(kind: 'rule'): Promise<{ id: string; body: string }[]>;
  };
  fromFile: readonly QueryRule[];
  parseQuery: ParseQuery;
  /** Called with the name of a rule that has changed, so that flows are evaluated again. */
  onChanged(name: string): Promise<void>;
}

/**
 * Maximum number of rules from the dashboard. They are limited, because each rule is evaluated for
 * each changed flow.
 */
const MAX_RULES = 100;

export function createRuleBook(options: RuleBookOptions): RuleBook {
  const { clock, log, store, fromFile, parseQuery } = options;
  const stored = new Map<string, QueryRule>();
  let inForce: readonly QueryRule[] = fromFile;
  const isOfFile = (name: string): boolean => fromFile.some((rule) => rule.name === name);
  const refresh = (): void => {
    inForce = [...fromFile, ...[...stored.values()].filter(({ name }) => !isOfFile(name))];
  };
  const check = (fields: RuleFields): QueryRule => {
    const rule = read(fields, parseQuery);
    if (isOfFile(rule.name)) throw isLocked(rule.name);
    if (!stored.has(rule.name) && stored.size >= MAX_RULES)
      throw new FermataError('query.invalid', `there are ${MAX_RULES} rules already`, {
        hint: 'Delete some of them.',
      });
    return rule;
  };
  return {
    async load() {
      for (const { id, body } of await store.documents('rule'))
        try {
          stored.set(id, read(JSON.parse(body) as RuleFields, parseQuery));
        } catch (error) {
          log.warn({ rule: id, reason: messageOf(error) }, 'a stored rule could not be read');
        }
      refresh();
    },
    list: () => inForce,
    check,
    async save(fields) {
      const rule = check(fields);
      await store.saveDocument('rule', rule.name, clock.now(), JSON.stringify(fields));
      stored.set(rule.name, rule);
      refresh();
      await options.onChanged(rule.name);
      return rule;
    },
    async remove(name) {
      if (isOfFile(name)) throw isLocked(name);
      if (!stored.has(name)) return false;
      await store.saveDocument('rule', name, clock.now(), '');
      stored.delete(name);
      refresh();
      await options.onChanged(name);
      return true;
    },
  };
}

function read(fields: RuleFields, parseQuery: ParseQuery): QueryRule {
  const parsed = ruleSchema.safeParse(fields);
  if (!parsed.success)
    throw new FermataError(
      'query.invalid',
      parsed.error.issues
        .map(({ path, message }) => `${path.join('.') || 'rule'}: ${message}`)
        .join('; '),
      { hint: 'A rule is { name, query, severity, for, groupBy }.' },
    );
  const made = ruleOf(parsed.data, 'dashboard', parseQuery);
  if ('rule' in made) return made.rule;
  throw new FermataError('query.invalid', `query: ${made.problem}`, {
    hint: 'What a query may say is in docs/query-language.md.',
  });
}

const isLocked = (name: string): FermataError =>
  new FermataError('query.invalid', `rule ${name} is defined in a file`, {
    hint: 'Change it in the file that FERMATA_ALERTS names, and start again; or choose another name.',
  });
