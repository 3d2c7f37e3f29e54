import type { Clock } from '../base/clock.ts';
import { embeddedConnection } from './embedded.ts';
import { remoteConnection } from './remote.ts';
import { createStoreOver } from './store.ts';
import type { Store } from './port.ts';

export type * from './port.ts';

export interface StoreOptions {
  /** '' for the embedded engine in `directory`. */
  clickhouseUrl: string;
  directory: string;
  cluster: string;
  retentionDays: number;
  memoryLimitBytes: number;
  clock: Clock;
}

export function createStore(options: StoreOptions): Store {
  const connection =
    options.clickhouseUrl === ''
      ? embeddedConnection(options.directory, options.memoryLimitBytes)
      : remoteConnection(options.clickhouseUrl);
  return createStoreOver(connection, { retentionDays: options.retentionDays, cluster: options.cluster }, () =>
    options.clock.now(),
  );
}
