import { cutTo } from '../base/lists.ts';
import type { QueryRows } from './connection/port.ts';
import type { CatalogReader, FlowTypeRow, ServiceHeard, ServiceRow } from './port/index.ts';
import type { ReadLag } from './read-lag.ts';
import {
  messagesOfServices,
  flowTypes,
  services,
  servicesHeard,
  STEP_NAMES,
  versionsOfServices,
  type CatalogBounds,
} from './sql/catalog.sql.ts';

const BOUNDS: CatalogBounds = { listed: 1000, named: 50, versions: 20 };

type FlowTypeSums = FlowTypeRow & Record<'flows' | 'open' | 'failed' | 'stuck' | 'late', string>;
type ServiceSums = ServiceRow & Record<'steps' | 'failedSteps', string>;

interface OfService {
  name: string;
  environment: string;
}
const MESSAGES = ['sends', 'consumes', 'sendsTypes', 'consumesTypes'] as const;
type NamesOfMessages = Record<(typeof MESSAGES)[number], string[]>;
type Messages = OfService & NamesOfMessages;
interface Versions extends OfService {
  versions: string[];
}

/** Creates the reader that lists the types, services and step names of all flows. */
export function createCatalog(query: QueryRows, lag: ReadLag, now: () => number): CatalogReader {
  return {
    async flowTypes(usualBefore) {
      const isBefore = usualBefore !== undefined;
      const params = isBefore ? { before: usualBefore } : {};
      const rows = await query<FlowTypeSums>(flowTypes(now(), BOUNDS, isBefore), params);
      return cutTo(rows.map(typeOf), BOUNDS.listed);
    },
    async stepNames() {
      const rows = await query<{ name: string }>(STEP_NAMES);
      return rows.map((row) => row.name);
    },
    async servicesHeard() {
      const rows = await query<ServiceHeard & { steps: string }>(servicesHeard(BOUNDS));
      return rows.map((row) => ({ ...row, steps: Number(row.steps) }));
    },
    async services() {
      const rows = await query<ServiceSums>(services(BOUNDS));
      const messages = await query<Messages>(messagesOfServices(BOUNDS));
      await lag.tryToCatchUp();
      const versions = await query<Versions>(versionsOfServices(BOUNDS));
      const all = rows.map((row) => serviceOf(row, find(messages, row), find(versions, row)));
      return cutTo(all, BOUNDS.listed);
    },
  };
}

const find = <T extends OfService>(list: readonly T[], row: OfService): T | undefined =>
  list.find((other) => other.name === row.name && other.environment === row.environment);

const typeOf = (row: FlowTypeSums): FlowTypeRow => {
  const named = cutTo(row.services, BOUNDS.named);
  return {
    ...row,
    services: named.items,
    incomplete: named.incomplete,
    flows: Number(row.flows),
    open: Number(row.open),
    failed: Number(row.failed),
    stuck: Number(row.stuck),
    late: Number(row.late),
  };
};

function serviceOf(
  row: ServiceSums,
  messages: Messages | undefined,
  ofRecords: Versions | undefined,
): ServiceRow {
  const known = (ofRecords?.versions ?? []).filter((version) => version !== '');
  const flowTypes = cutTo(row.flowTypes, BOUNDS.named);
  const ofMessages = MESSAGES.map(
    (name) => [name, cutTo(messages?.[name] ?? [], BOUNDS.named)] as const,
  );
  const versions = cutTo(known, BOUNDS.versions);
  return {
    ...row,
    steps: Number(row.steps),
    failedSteps: Number(row.failedSteps),
    flowTypes: flowTypes.items,
    ...(Object.fromEntries(
      ofMessages.map(([name, { items }]) => [name, items]),
    ) as NamesOfMessages),
    versions: versions.items,
    incomplete: [flowTypes, versions, ...ofMessages.map(([, list]) => list)].some(
      ({ incomplete }) => incomplete,
    ),
  };
}
