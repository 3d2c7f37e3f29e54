import type { Silence } from '@fermata/server/contract';
import { isolate } from '../../ui/format.ts';

/** Describes a silence by what it holds back. */
export const scopeOf = ({ rule, flowType, service }: Silence): string =>
  [
    rule && `rule ${rule}`,
    flowType && `type ${isolate(flowType)}`,
    service && `service ${isolate(service)}`,
  ]
    .filter(Boolean)
    .join(', ') || 'everything';
