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
  ['k8s.pod.uid', true],
  ['service.instance.id', true],
  ['service.version', false],
  ['tenant', false],
  ['host.type', false],
])('%s changes with the instances: %s', (name, is) => expect(namesInstance(name)).toBe(is));
