/**
 * Tells which traces without a message and without a flow id are kept as flows: all, those in which
 * a service answered a request, only failed ones, or none.
 */
export type RequestFlows = 'keep' | 'served' | 'failed' | 'drop';
