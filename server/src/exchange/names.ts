import {
  ATTR_FLOW_ID,
  ATTR_FLOW_KEY_PREFIX,
  ATTR_FLOW_TYPE,
  ATTR_STEP_NAME,
} from '@fermata/instrumentation/semconv';
import type { Flow, Step } from '../model/flow.ts';

/**
 * This file has the names of flows in exported files, and the attributes of imported spans that
 * restore them.
 */

/** Returns the id of a flow in a file: the id that its services gave it, or else Fermata's own. */
export const caseOf = (flow: Flow): string => flow.flowId || flow.id;

/** Returns the attributes that put a span into a flow, as a step of this name. */
export const stepAttributes = (
  flow: string,
  type: string,
  step: string,
): Record<string, string> => ({
  ...{
    [ATTR_FLOW_ID]: flow,
    ...(type !== '' && { [ATTR_FLOW_TYPE]: type }),
    [ATTR_STEP_NAME]: step,
  },
});

/** Returns the name of the attribute that holds the business key with this name. */
export const keyAttribute = (name: string): string =>
  `${ATTR_FLOW_KEY_PREFIX}${name.replace(/[^\w.-]/g, '_').slice(0, 100)}`;

export const endOf = (step: Step): bigint => step.end ?? step.start;
/** Returns the text of a step's error; '' if there is none. */
export const errorText = ({ error }: Step): string =>
  error === null ? '' : [error.type, error.message].filter((part) => part !== '').join(': ');
