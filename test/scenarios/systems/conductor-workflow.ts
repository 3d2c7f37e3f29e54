import type { FlowDefinition } from '@fermata/instrumentation';

/** The example of Conductor's documentation (JSON DSL, schema version 2): encode, then deploy. */
const workflow = {
  name: 'encode_and_deploy',
  version: 1,
  schemaVersion: 2,
  tasks: [
    {
      name: 'encode',
      taskReferenceName: 'encode',
      type: 'SIMPLE',
      inputParameters: { fileLocation: '${workflow.input.fileLocation}' },
    },
    {
      name: 'deploy',
      taskReferenceName: 'd1',
      type: 'SIMPLE',
      inputParameters: { fileLocation: '${encode.output.encodeLocation}' },
    },
  ],
  outputParameters: { cdn_url: '${d1.output.location}' },
  timeoutSeconds: 0,
};

/** Tasks in their order; each is owed after the one before it. */
const definition: FlowDefinition = {
  steps: workflow.tasks.map(({ name }, i) => ({
    name,
    within: '4s',
    ...(i > 0 && { after: workflow.tasks[i - 1]!.name }),
  })),
  ends: [{ step: 'complete' }],
};
export default definition;
