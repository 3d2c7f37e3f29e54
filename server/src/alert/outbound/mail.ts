import { isIP } from 'node:net';
import { createTransport } from 'nodemailer';
import type { Answer } from './answer.ts';

/** A mail and its SMTP server, whose address the guard has resolved and checked. */
export interface Mail {
  /** URL of the SMTP server: `smtp://user:password@host:587` or `smtps://host:465`. */
  server: URL;
  address: string;
  from: string;
  to: readonly string[];
  subject: string;
  text: string;
  /** Idempotency key for the receiver, which is used as the Message-ID. */
  key: string;
}

const TIMEOUT_MS = 10_000;

/**
 * Sends a mail, and returns the SMTP server's response as an HTTP status. A 4yz reply is temporary
 * and is retried, a 5yz reply is not (RFC 5321, 4.2.1).
 */
export async function sendMail(mail: Mail): Promise<Answer> {
  const { server } = mail;
  const secure = server.protocol === 'smtps:';
  const transport = createTransport({
    host: mail.address,
    port: Number(server.port || (secure ? 465 : 587)),
    secure,
    // Set a server name for the certificate check only if the host is a name, because certificates
    // are issued for names.
    ...(isIP(server.hostname) === 0 && { tls: { servername: server.hostname } }),
    // Require TLS if there is a password, so that it is never sent unencrypted.
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
