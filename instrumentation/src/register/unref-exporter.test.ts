import { expect, test } from 'vitest';
import { PACKAGE, service, silentReceiver } from '../testing/service.ts';
import { unrefExporter } from './unref-exporter.ts';

test.each([
  ['nobody who receives it', () => Promise.resolve('http://127.0.0.1:1')],
  ['a receiver that never answers', silentReceiver],
])('with %s a process soon ends, as it would without us', async (_, endpoint) => {
  const { exited, said } = service(
    `import { completeFlow, startFlow, step } from '${PACKAGE}';
    startFlow({ id: 'f' }, () => {
      step('unheard', () => undefined);
      completeFlow();
    });
    process.exitCode = 3;
    const done = performance.now();
    process.on('exit', () => process.stdout.write(String(performance.now() - done)));`,
    await endpoint(),
  );
  expect(await exited).toEqual([3, null]);
  expect(Number(said.text)).toBeGreaterThan(0);
  // On a busy machine the process takes two seconds. Without `unrefExporter` it would take ten,
  // because the exporter retries.
  expect(Number(said.text)).toBeLessThan(5000);
});

test.each([{}, { _delegate: {} }, { _delegate: { _transport: { _transport: {} } } }])(
  'an exporter built otherwise than expected, %j, is left as it is',
  (exporter) => {
    const before = structuredClone(exporter);
    expect(unrefExporter(exporter)).toBe(exporter);
    expect(exporter).toEqual(before);
  },
);
