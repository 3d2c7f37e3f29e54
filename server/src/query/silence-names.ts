import { FermataError } from '../base/errors.ts';
import { closestTo } from '../base/spelling.ts';
import { BUILT_IN_RULES, CHANNEL_RULE } from '../model/rules.ts';
import type { QueryContext } from './route.ts';

export interface SilenceNames {
  rule: string;
  flowType: string;
  service: string;
  incidentId: string;
}

/**
 * Rejects a silence for something that does not exist, because it would seem to work but suppress
 * nothing.
 */
export async function checkNames(names: SilenceNames, context: QueryContext): Promise<void> {
  const { rule, flowType, service, incidentId } = names;
  if ([rule, flowType, service, incidentId].every((name) => name === ''))
    throw new FermataError('query.invalid', 'a silence of everything is not possible', {
      hint: 'Name a rule, a service, a flow type or an incident.',
    });
  const [types, services] = await Promise.all([
    context.store.flowTypes(),
    context.store.services(),
  ]);
  const parts = context.alerts.incidents().flatMap((incident) => incident.parts);
  const all = [...BUILT_IN_RULES, ...context.rules.list()];
  const rules = [...all.map(({ name }) => name), CHANNEL_RULE];
  demand('rule', rule, [...rules, ...parts.map((part) => part.rule)]);
  // If the list of types was cut off, a type that is missing from it may exist.
  if (!types.incomplete)
    demand('flow type', flowType, [
      ...types.items.map(({ type }) => type),
      ...parts.map((part) => part.flowType),
    ]);
  if (!services.incomplete)
    demand('service', service, [
      ...services.items.map(({ name }) => name),
      ...parts.flatMap((part) => part.service ?? []),
    ]);
  if (incidentId !== '' && context.alerts.incident(incidentId)?.status !== 'open')
    throw new FermataError('query.invalid', `no open incident is known as "${incidentId}"`, {
      hint: 'Take the id of an open incident from /api/v1/incidents?status=open.',
    });
}

function demand(what: string, name: string, known: readonly string[]): void {
  if (name === '' || known.includes(name)) return;
  const plain = (text: string): string => text.toLowerCase().replace(/[\s_]+/g, '-');
  const near = known.find((one) => plain(one) === plain(name)) ?? closestTo(name, known);
  throw new FermataError('query.invalid', `there is no ${what} named "${name.slice(0, 100)}"`, {
    hint:
      near === undefined
        ? `Nothing would be silenced. Choose a ${what} that exists.`
        : `Did you mean ${near}?`,
  });
}
