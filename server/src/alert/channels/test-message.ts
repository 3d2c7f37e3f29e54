import { FermataError, messageOf } from '../../base/errors.ts';
import type { Notification } from '../../model/incident.ts';
import { newIncident } from '../incidents/new-incident.ts';
import type { NotificationLog } from '../notification-log.ts';
import type { Guard } from '../outbound/guard.ts';
import { bodyOf, send, type Channel } from './index.ts';

/** Sends a test notification. Rejects with the reason if the channel does not accept it. */
export async function sendTest(guard: Guard, channel: Channel, nowMs: number): Promise<void> {
  const notTaken = (why: string, cause?: unknown): FermataError =>
    new FermataError('alert.not-taken', `${channel.name} ${why}`, {
      hint: 'Check the address and the secret of the channel.',
      cause,
    });
  const { status } = await send(guard, channel, testNotification(channel, nowMs), nowMs).catch(
    (cause: unknown) => {
      throw cause instanceof FermataError
        ? cause
        : notTaken(`took nothing: ${messageOf(cause)}`, cause);
    },
  );
  if (status < 200 || status >= 300) throw notTaken(`answered ${status}`);
}

/**
 * Sends a test by calling `send`, and records it with its result in the notification log, so that
 * the history contains tests as well.
 */
export async function loggedTest(
  log: NotificationLog,
  channel: Channel,
  nowMs: number,
  send: () => Promise<void>,
): Promise<void> {
  const about = { event: 'test', channel: channel.name, reason: 'a test, sent by hand' } as const;
  const incident = { id: 'test' };
  const id = `test:${channel.name}:${nowMs.toString(36)}`;
  if (log.all.has(id)) return send();
  log.add({ ...about, id, incident, waitMs: 0 });
  log.move(id, { kind: 'composed', body: 'test' });
  try {
    await send();
    log.move(id, { kind: 'sent' });
  } catch (error) {
    log.move(id, { kind: 'refused', error: messageOf(error) });
    throw error;
  }
}

function testNotification(channel: Channel, nowMs: number): Notification {
  const about = { key: 'test', rule: 'test', severity: 'info', title: 'Test', version: 0 } as const;
  const nowhere = { environment: '', flowType: '', service: null, step: null };
  const incident = newIncident({ ...about, ...nowhere, lasting: false }, nowMs);
  return {
    id: incident.id,
    incidentId: incident.id,
    event: 'test',
    channel: channel.name,
    state: 'pending',
    reason: 'test',
    attempts: 0,
    createdAt: nowMs,
    nextAt: nowMs,
    lastError: '',
    body: bodyOf(channel, incident, 'test', ''),
    version: 0,
  };
}
