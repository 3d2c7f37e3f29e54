import { expect, test } from 'vitest';
import { eventually, PACKAGE, receiver, service, silentReceiver } from '../testing/service.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

test.each(SIGNALS)('a service that drains at %s is traced to its end', async (signal) => {
  const { endpoint, received } = await receiver();
  const { child, exited, said } = service(
    `import { step } from '${PACKAGE}';
    process.on('${signal}', () => undefined);
    step('before the signal', () => undefined);
    process.stdin.on('data', () => step('while it drains', () => undefined));
    process.stdin.on('end', () => step('at its end', () => undefined));
    process.stdout.write('ready');`,
    endpoint,
  );
  await eventually(() => expect(said.text).toBe('ready'));
  child.kill(signal);
  await eventually(() => expect(received()).toContain('before the signal'));
  child.stdin.write('go on');
  // The data must arrive while the process is still running, because it may end by `process.exit`,
  // which waits for nothing.
  await eventually(() => expect(received()).toContain('while it drains'));
  child.stdin.end();
  expect(await exited).toEqual([0, null]);
  expect(received()).toContain('at its end');
});

test.each(SIGNALS)(
  'a service that does not handle %s is flushed, and ends by it',
  async (signal) => {
    const { endpoint, received } = await receiver();
    const { child, exited, said } = service(
      `import { step } from '${PACKAGE}';
    step('the last', () => undefined);
    process.on('exit', () => process.stdout.write(' and exited'));
    process.stdin.resume();
    process.stdout.write('ready');`,
      endpoint,
    );
    await eventually(() => expect(said.text).toBe('ready'));
    child.kill(signal);
    expect(await exited).toEqual([null, signal]);
    expect(received()).toContain('the last');
    expect(said.text).toBe('ready');
  },
);

/** Source of a service whose message handler never ends. */
const HANGING = `
  import { handleMessage } from '${PACKAGE}';
  const message = { system: 's', destination: 'slow-queue', id: 'm-1' };
  void handleMessage(message, () => new Promise(() => undefined));`;

test('what a service worked on when it was ended by a signal is lost, and says so', async () => {
  const { endpoint, received } = await receiver();
  const { child, exited, said } = service(
    `${HANGING}
    process.stdin.resume();
    process.stdout.write('ready');`,
    endpoint,
  );
  await eventually(() => expect(said.text).toBe('ready'));
  child.kill('SIGTERM');
  expect(await exited).toEqual([null, 'SIGTERM']);
  expect(received()).toContain('process slow-queue');
  expect(received()).toContain('the process was ended by SIGTERM');
});

test('so is what a service worked on that ends because it has nothing to wait for', async () => {
  const { endpoint, received } = await receiver();
  const { exited } = service(HANGING, endpoint);
  expect(await exited).toEqual([0, null]);
  expect(received()).toContain('process slow-queue');
  expect(received()).toContain('the process ended');
});

test('what a service recorded before it calls process.exit arrives', async () => {
  const { endpoint, received } = await receiver();
  const { exited } = service(
    `import { step } from '${PACKAGE}';
    ${HANGING}
    step('the last', () => undefined);
    process.exit(3);`,
    endpoint,
  );
  expect(await exited).toEqual([3, null]);
  expect(received()).toContain('the last');
  expect(received()).toContain('process slow-queue');
  expect(received()).toContain('the process ended');
});

test('process.exit ends a service although the receiver does not answer', async () => {
  const { exited } = service(
    `import { step } from '${PACKAGE}';
    step('the last', () => undefined);
    process.exit(3);`,
    await silentReceiver(),
  );
  expect(await exited).toEqual([3, null]);
});
