import type { Silence } from '@fermata/server/contract';
import { isolate } from '../../ui/format.ts';

type Scope = Pick<Silence, 'rule' | 'flowType' | 'service' | 'incidentId'>;

/**
 * Returns a text that says which notifications a silence holds back. `titleOf` returns the title of
 * an incident, or undefined if the incident is not known.
 */
export const scopeOf = (
  { rule, flowType, service, incidentId }: Scope,
  titleOf: (id: string) => string | undefined = () => undefined,
): string =>
  [
    incidentId && `incident ${isolate(titleOf(incidentId) ?? incidentId)}`,
    rule && `rule ${rule}`,
    flowType && `type ${isolate(flowType)}`,
    service && `service ${isolate(service)}`,
  ]
    .filter(Boolean)
    .join(', ') || 'everything';
