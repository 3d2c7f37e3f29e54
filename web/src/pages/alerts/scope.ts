import type { Silence } from '@fermata/server/contract';
import { isolate } from '../../ui/format.ts';

/** Returns a text that says which notifications a silence holds back. */
export const scopeOf = ({ rule, flowType, service }: Silence): string =>
  [
    rule && `rule ${rule}`,
    flowType && `type ${isolate(flowType)}`,
    service && `service ${isolate(service)}`,
  ]
    .filter(Boolean)
    .join(', ') || 'everything';
