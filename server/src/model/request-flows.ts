/**
 * Which traces without messages and without a flow id become flows: all, those in which a service
 * answered a request, those with a failed step, or none.
 */
export type RequestFlows = 'keep' | 'served' | 'failed' | 'drop';
