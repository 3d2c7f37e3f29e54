import { isIP } from 'node:net';
import { createTransport } from 'nodemailer';
import type { Answer } from './answer.ts';

/** A mail to be sent through one server. The guard has already resolved and checked the address. */
export interface Mail {
  /** `smtp://user:password@host:587` or `smtps://host:465`. */
  server: URL;
  address: string;
  from: string;
  to: readonly string[];
  subject: string;
  text: string;
  /** Idempotency key for the receiver, which becomes the mail's Message-ID. */
  key: string;
}

const TIMEOUT_MS = 10_000;

/**
 * Sends a mail and returns the answer of the SMTP server as an HTTP status. An answer 4yz is worth
 * a retry, an answer 5yz is not (RFC 5321, 4.2.1).
 */
export async function sendMail(mail: Mail): Promise<Answer> {
  const { server } = mail;
  const secure = server.protocol === 'smtps:';
  const transport = createTransport({
    host: mail.address,
    port: Number(server.port || (secure ? 465 : 587)),
    secure,
    // A certificate is issued for host names, so no server name is set if the host is an IP
    // address.
    ...(isIP(server.hostname) === 0 && { tls: { servername: server.hostname } }),
    // TLS is required if there is a password, so that the password travels only over an encrypted
    // connection.
    requireTLS: server.username !== '',
    ...(server.username !== '' && {
      auth: {
        user: decodeURIComponent(server.username),
        pass: decodeURIComponent(server.password),
      },
    }),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      from: mail.from,
      to: [...mail.to],
      subject: mail.subject,
      text: mail.text,
      messageId: `<${mail.key.replace(/[^\w.:-]/g, '_')}@fermata>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
    return { status: 250, retryAfterMs: null };
  } catch (error) {
    const code = (error as { responseCode?: unknown }).responseCode;
    if (typeof code !== 'number') throw error;
    return { status: code >= 500 ? 400 : 503, retryAfterMs: null };
  } finally {
    transport.close();
  }
}
