import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addressesOf, senderEnvironment, VERSION } from './about.ts';
import { readConfig } from './config/index.ts';

test('the version is the one of the package', () => {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  expect(VERSION).toBe((JSON.parse(text) as { version: string }).version);
});

test('a server that listens everywhere is shown where a browser finds it', () => {
  const { config } = readConfig({ FERMATA_HOST: '0.0.0.0', FERMATA_ALLOW_ANONYMOUS: '1' });
  const addresses = addressesOf(config);
  expect(addresses.host).toBe('localhost');
  expect(senderEnvironment({ ...addresses, otlpHttp: 4321 })[0]).toBe(
    'OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4321',
  );
});
