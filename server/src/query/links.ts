import type { Operation } from './route.ts';

/** Tells that the answer to one operation contains a parameter of another operation. */
export interface Link {
  from: Operation;
  to: Operation;
  with: Readonly<Record<string, string>>;
}

const link = (from: Operation, to: Operation, parameters: Record<string, string>): Link => ({
  ...{ from, to, with: parameters },
});
const FIRST = '$response.body#/items/0';

/** Links from operations to the ones that a client may call next, for the OpenAPI description. */
export const LINKS: readonly Link[] = [
  link('listFlows', 'listFlows', { cursor: '$response.body#/nextCursor' }),
  link('listFlows', 'getFlow', { id: `${FIRST}/id` }),
  link('listFlows', 'listSpans', { id: `${FIRST}/id` }),
  link('listFlows', 'listLogs', { id: `${FIRST}/id` }),
  link('getFlow', 'getFlow', { id: '$response.body#/steps/0/traceId' }),
  link('getFlow', 'listSpans', { id: '$response.body#/id' }),
  link('getFlow', 'listLogs', { id: '$response.body#/id', step: '$response.body#/steps/0/id' }),
  link('listFlowTypes', 'listFlowTypes', { cursor: '$response.body#/nextCursor' }),
  link('listFlowTypes', 'getExpectations', { type: `${FIRST}/type` }),
  link('listFlowTypes', 'listFlows', { type: `${FIRST}/type` }),
  link('listServices', 'listFlows', { service: `${FIRST}/name` }),
  link('lookAtFailures', 'acknowledgeFailure', { fingerprint: `${FIRST}/fingerprint` }),
  link('lookAtFailures', 'resolveFailure', { fingerprint: `${FIRST}/fingerprint` }),
  link('lookAtFailures', 'noteFailure', { fingerprint: `${FIRST}/fingerprint` }),
  link('lookAtVariants', 'listFlows', { q: `${FIRST}/q` }),
  link('lookAtMap', 'listFlows', { q: '$response.body#/nodes/0/q' }),
  link('listIncidents', 'getIncident', { id: `${FIRST}/id` }),
  link('listIncidents', 'acknowledgeIncident', { id: `${FIRST}/id` }),
  link('listIncidents', 'noteIncident', { id: `${FIRST}/id` }),
  link('listIncidents', 'acceptIncident', { id: `${FIRST}/id` }),
  link('listIncidents', 'resolveIncident', { id: `${FIRST}/id` }),
  link('listIncidents', 'listFlows', { incident: `${FIRST}/key` }),
  link('addSilence', 'endSilence', { id: '$response.body#/id' }),
  link('listSilences', 'endSilence', { id: `${FIRST}/id` }),
  link('listChannels', 'testChannel', { name: `${FIRST}/name` }),
  link('saveRule', 'deleteRule', { name: '$response.body#/name' }),
  link('saveView', 'listFlows', { q: '$response.body#/q' }),
  link('saveView', 'deleteView', { name: '$response.body#/name' }),
];
