import { expect, test } from 'vitest';
import { isRestated, namesInstance } from './restated.ts';

test.each([
  ['process.pid', true],
  ['process.command_args', true],
  ['fermata.flow.type', true],
  ['thread.name', true],
  ['process.runtime.version', false],
  ['cloud.region', false],
  ['my.process.pid', false],
])('%s only says again what has a field of its own: %s', (name, is) =>
  expect(isRestated(name)).toBe(is),
);

test.each([
  ['host.name', true],
  ['host.ip', true],
  ['k8s.pod.uid', true],
  ['k8s.node.name', true],
  ['service.instance.id', true],
  ['container.id', true],
  ['messaging.client.id', true],
  ['messaging.kafka.client_id', true],
  ['messaging.consumer.id', true],
  ['faas.instance', true],
  ['aws.ecs.task.arn', true],
  ['aws.log.stream.names', true],
  ['gcp.gce.instance.name', true],
  ['cloud.resource_id', true],
  ['service.version', false],
  ['tenant', false],
  ['host.type', false],
  ['host.image.id', false],
  ['k8s.pod.label.region', false],
  ['k8s.container.name', false],
  ['messaging.consumer.group.name', false],
  ['aws.ecs.task.family', false],
  ['client.id', false],
  ['my.host.name', false],
])('%s changes with the instances: %s', (name, is) => expect(namesInstance(name, 'x')).toBe(is));

test.each([
  ['network.peer.address', '10.0.3.7', true],
  ['server.address', 'fd00::3:7', true],
  ['peer', '10.0.3.7:5672', true],
  ['http.host', '[fd00::3:7]:8080', true],
  ['server.address', 'payments.internal', false],
  ['server.address', '300.0.3.7', false],
  ['service.version', '2.4.1.0', false],
  ['appVersion', '2.4.1.0', false],
  ['user_agent.original', 'Chrome/120.0.0.0', false],
  ['tenant', '10', false],
  ['time', '10:30', false],
])('%s=%s changes with the instances: %s', (name, value, is) =>
  expect(namesInstance(name, value)).toBe(is),
);
