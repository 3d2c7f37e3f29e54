import { expect, test } from 'vitest';
import { oneApi, sdkInstalled } from './sdk.ts';

const NOWHERE = '/nowhere';

test('what is not installed is wrong', () => {
  expect(sdkInstalled(NOWHERE, new Map(), NOWHERE)).toMatchObject({
    state: 'wrong',
    todo: 'npm install @opentelemetry/sdk-node',
  });
  expect(oneApi(NOWHERE, new Map(), NOWHERE)).toMatchObject({
    state: 'wrong',
    todo: 'npm install @opentelemetry/api@^1.9',
  });
});

test('what is installed where the service does not look is a hint', () => {
  const copies = [{ path: '/else/node_modules/x', version: '0.223.0' }];
  const elsewhere = new Map([['@opentelemetry/sdk-node', copies]]);
  expect(sdkInstalled(NOWHERE, elsewhere, NOWHERE)).toMatchObject({ state: 'hint' });
});
