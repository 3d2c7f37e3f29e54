import type { FlowSummary, FlowTypeSummary, ServiceSummary } from '@fermata/server/contract';

/** What the server has received from the services so far. */
export interface Seen {
  services: readonly ServiceSummary[];
  types: readonly FlowTypeSummary[];
  /** The newest flows of the server. */
  flows: readonly FlowSummary[];
}

/**
 * State of a check. `done`: it succeeded. `waiting`: nothing has arrived yet. `problem`: what
 * arrived is wrong.
 */
export type CheckState = 'done' | 'waiting' | 'problem';

export interface Check {
  id: string;
  title: string;
  state: CheckState;
  /** Description of what has arrived. */
  found: string;
  /** Advice for the user; empty if the check is done. */
  todo: string;
}

const FEW = 3;
/** Joins names to a text; beyond the first few, only their number is given. */
export const someOf = (names: readonly string[]): string => {
  const shown = names.slice(0, FEW).join(', ');
  return names.length > FEW ? `${shown} and ${names.length - FEW} more` : shown;
};

const place = ({ environment, name }: ServiceSummary): string => `${environment}\0${name}`;

/** Returns destinations for which both a sender and a receiver have been seen. */
export function sharedDestinations(services: readonly ServiceSummary[]): string[] {
  const taken = new Set(
    services.flatMap(({ environment, consumes }) =>
      consumes.map((one) => `${environment}\0${one}`),
    ),
  );
  const shared = services.flatMap(({ environment, sends }) =>
    sends.filter((one) => taken.has(`${environment}\0${one}`)),
  );
  return [...new Set(shared)].sort();
}

/** Returns the services that never occurred in a flow together with another service. */
export function aloneOf({ services, types }: Seen): string[] {
  const joined = new Set<string>();
  for (const { environment, services: members, incomplete } of types)
    if (members.length > 1 || incomplete)
      for (const name of members) joined.add(`${environment}\0${name}`);
  return services.filter((one) => !joined.has(place(one))).map(({ name }) => name);
}

type Verdict = Omit<Check, 'id' | 'title'>;
const verdict = (isDone: boolean, found: string, todo: string): Verdict =>
  isDone ? { state: 'done', found, todo: '' } : { state: 'waiting', found: '', todo };

function clocks(services: readonly ServiceSummary[]): Verdict {
  const wrong = services
    .filter(({ wrongClocks }) => wrongClocks.length > 0)
    .map(({ name, wrongClocks }) => `${name} (${offsetOf(wrongClocks[0]!.aheadMs)})`);
  if (wrong.length > 0)
    return {
      state: 'problem',
      found: someOf(wrong),
      todo: 'Set the clocks of these machines, with NTP for example. Until then their times are corrected.',
    };
  const todo = 'Known once spans of a service have come.';
  return verdict(services.length > 0, 'No clock is wrong', todo);
}

const offsetOf = (aheadMs: number): string => {
  const ms = Math.abs(aheadMs);
  const text = ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
  return `${text} ${aheadMs < 0 ? 'behind' : 'ahead'}`;
};

function joins(seen: Seen): Verdict {
  const { services } = seen;
  const alone = aloneOf(seen);
  if (services.length > 1 && alone.length > 0)
    return {
      state: 'problem',
      found: `Never in one flow with another service: ${someOf(alone)}`,
      todo: 'Trace context is lost on the way to these services. Set OTEL_PROPAGATORS to tracecontext,baggage on both sides, and see that their messages keep headers.',
    };
  return verdict(
    services.length > 1,
    `${services.length} services, each with others`,
    'Known once a second service sends.',
  );
}

/**
 * Environment of the test span that `fermata-doctor` sends. That span has no second service and no
 * message, and it is nothing that the user connected, so no check is about it.
 */
const DOCTOR = 'fermata-doctor';
const isConnected = ({ environment }: { environment: string }): boolean => environment !== DOCTOR;

/** Returns the checks for connecting services, from the first span to flows with readable names. */
export function checksOf(all: Seen): Check[] {
  const services = all.services.filter(isConnected);
  const flows = all.flows.filter(isConnected);
  const seen = { services, flows, types: all.types.filter(isConnected) };
  const messaging = services.filter(({ sends, consumes }) => sends.length + consumes.length > 0);
  const destinations = sharedDestinations(services);
  const named = flows.find(({ key }) => key !== '');
  return [
    {
      id: 'span',
      title: 'First span',
      ...verdict(
        services.length > 0,
        `From ${someOf(services.map(({ name }) => name))}`,
        'Start a service with the lines of this page and let it handle a request. A Node service without a supported client makes no spans: call startFlow, or run npx fermata-doctor in its folder.',
      ),
    },
    {
      id: 'message',
      title: 'First message',
      ...verdict(
        messaging.length > 0,
        `${someOf(messaging.map(({ name }) => name))}`,
        'Spans of requests alone tell no flow of events. See that the client of your broker is traced: the library of its instrumentation is installed, and loaded before the client.',
      ),
    },
    {
      id: 'hop',
      title: 'Both sides of a message',
      ...verdict(
        destinations.length > 0,
        `Sent to and taken from ${someOf(destinations)}`,
        'A destination has been seen from one side only. Connect the service on its other side.',
      ),
    },
    {
      id: 'name',
      title: 'A flow with a name',
      ...verdict(
        named !== undefined,
        `${named?.key ?? ''}`,
        'Flows are joined by trace context, and are found by trace ids only. Name them: see below.',
      ),
    },
    { id: 'joined', title: 'Every service in a flow with others', ...joins(seen) },
    { id: 'clock', title: 'Clocks', ...clocks(services) },
  ];
}

/** Returns the progress in words, such as `3 of 6 seen`. */
export function progressOf(checks: readonly Check[]): string {
  const done = checks.filter(({ state }) => state === 'done').length;
  return done === checks.length ? 'All seen' : `${done} of ${checks.length} seen`;
}
