import { createServer } from 'node:http';
import { connect, type AddressInfo, type LookupFunction } from 'node:net';
import { describe, expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { isPrivate } from './addresses.ts';
import { createGuard } from './guard.ts';

const PUBLIC = [
  ...[
    '8.8.8.8',
    '1.1.1.1',
    '93.184.216.34',
    '203.0.113.1',
    '172.15.255.255',
    '172.32.0.0',
    '100.63.0.1',
  ],
  ...['2606:4700::1111', '2a00:1450:4001:81b::200e'],
];
const PRIVATE = [
  ...[
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
  ],
  ...['169.254.169.254', '100.64.0.1', '192.0.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
  ...[
    '::',
    '::1',
    '::7f00:1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd12::1',
    'fec0::1',
    'ff02::1',
  ],
  ...[
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:0:10.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::1',
  ],
  ...['2002:7f00:1::', '2001:0:4136:e378:8000:63bf:3fff:fdd2', 'nonsense'],
];

test.each(PUBLIC)('%s is public', (address) => expect(isPrivate(address)).toBe(false));
test.each(PRIVATE)('%s is private', (address) => expect(isPrivate(address)).toBe(true));

describe('a notification', () => {
  /**
   * Creates a guard whose connections all lead to a server of the test. The addresses that it would
   * have connected to are recorded.
   */
  const bench = async () => {
    const server = createServer((_request, response) => response.writeHead(204).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const reached: string[] = [];
    const names: Record<string, string> = {
      'hooks.example': '93.184.216.34',
      'inside.example': '10.1.2.3',
    };
    const guard = createGuard(manualClock(), [], {
      lookup: (host) => Promise.resolve([{ address: names[host]!, family: 4 }]),
      connect(options) {
        const { host, lookup } = options as { host: string; lookup: LookupFunction };
        lookup(host, {}, (_error, address) => reached.push(address as string));
        return connect((server.address() as AddressInfo).port, '127.0.0.1');
      },
    });
    return { guard, reached, end: () => server.close() };
  };

  test.each([
    ['http://8.8.8.8/', '8.8.8.8'],
    ['http://hooks.example/x', '93.184.216.34'],
  ])('to %s arrives, at the address that was checked', async (url, address) => {
    const { guard, reached, end } = await bench();
    expect(await guard.post(url, {}, '{}')).toEqual({ status: 204, retryAfterMs: null });
    expect(reached).toEqual([address]);
    end();
  });

  test.each([
    ...['http://127.0.0.1/', 'http://2130706433/', 'http://0x7f.1/', 'http://017700000001/'],
    ...[
      'http://[::1]/',
      'http://[::ffff:8.8.8.8]/',
      'http://[64:ff9b::808:808]/',
      'http://inside.example/',
    ],
  ])('to %s is refused, and nobody is connected to', async (url) => {
    const { guard, reached, end } = await bench();
    await expect(guard.post(url, {}, '{}')).rejects.toThrow('private address');
    expect(reached).toEqual([]);
    end();
  });
});
