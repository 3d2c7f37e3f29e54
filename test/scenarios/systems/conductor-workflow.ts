/** The example of Conductor's documentation (JSON DSL, schema version 2): encode, then deploy. */
export default {
  name: 'encode_and_deploy',
  description: 'Encodes a file and deploys to CDN',
  version: 1,
  schemaVersion: 2,
  tasks: [
    {
      name: 'encode',
      taskReferenceName: 'encode',
      type: 'SIMPLE',
      inputParameters: { fileLocation: '${workflow.input.fileLocation}' },
      taskDefinition: { timeoutSeconds: 4 },
    },
    {
      name: 'deploy',
      taskReferenceName: 'd1',
      type: 'SIMPLE',
      inputParameters: { fileLocation: '${encode.output.encodeLocation}' },
      taskDefinition: { timeoutSeconds: 4 },
    },
  ],
  outputParameters: { cdn_url: '${d1.output.location}' },
  failureWorkflow: 'cleanup_encode_resources',
};
