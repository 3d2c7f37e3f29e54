import { expectTypeOf, test } from 'vitest';
import type {
  CatalogReader,
  FacetReader,
  FlowReader,
  IncidentStore,
  LensReader,
  LogReader,
  OverviewReader,
  QueryStore,
  Store,
} from './index.ts';

type WriterOf<Port> = Extract<
  keyof Port,
  `${'insert' | 'prepare' | 'save' | 'start' | 'stop'}${string}`
>;

test('what routes get of the store are readers: no member of it writes', () => {
  expectTypeOf<WriterOf<Store>>().toEqualTypeOf<
    | 'insertFlows'
    | 'insertLogs'
    | 'insertSpans'
    | 'prepareLogs'
    | 'prepareSpans'
    | 'saveDocument'
    | 'saveIncidents'
    | 'saveLearned'
    | 'saveNotifications'
    | 'saveSilence'
    | 'start'
    | 'stop'
  >();
  expectTypeOf<WriterOf<QueryStore>>().toBeNever();
  expectTypeOf<QueryStore>().toEqualTypeOf<
    FlowReader & LogReader & CatalogReader & LensReader & OverviewReader & FacetReader
  >();
  expectTypeOf<Store>().toExtend<IncidentStore>();
});
