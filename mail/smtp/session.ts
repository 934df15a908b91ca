import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { ConnectionTrouble } from '../../domain/outcome.js';
import { shortReply } from '../../domain/scrub.js';
import type { SmtpSettings } from './settings.js';

/** One connection past EHLO and AUTH. */
export interface Session {
  readonly smtp: SMTPConnection;
  /** Mails it was used for. */
  served: number;
  /** Ends the mail that is on it, once its socket is gone. */
  cut: ((what: string) => void) | undefined;
}

/** An error as nodemailer hands it out. */
export interface SmtpError extends Error {
  readonly code?: string | undefined;
  readonly originalCode?: string | undefined;
  readonly command?: string | undefined;
  readonly response?: string | undefined;
}

/** A connection that is being opened; closing `smtp` ends the attempt with trouble. */
export interface Opening {
  readonly smtp: SMTPConnection;
  readonly opened: Promise<Session | ConnectionTrouble>;
}

/** Connects, says EHLO, starts TLS and logs in, as far as the settings and the server want it. */
export function openSession(settings: SmtpSettings): Opening {
  const smtp = new SMTPConnection(settings.connection);
  const opened = new Promise<Session | ConnectionTrouble>((resolve) => {
    const fail = (error: SmtpError) => {
      clearTimeout(timer);
      resolve(troubleOf('connect', error));
      smtp.close();
    };
    const done = () => {
      clearTimeout(timer);
      resolve({ smtp, served: 0, cut: undefined });
    };
    // the connection's own limits cover everything up to TLS; this one also EHLO and AUTH
    const timer = setTimeout(() => fail(failure('ETIMEDOUT', 'no session in time')), 2 * settings.times.smtpCommand);
    smtp.on('error', fail);
    smtp.once('end', () => fail(failure('ECONNECTION', 'closed')));
    smtp.connect((error) => {
      if (error) return fail(error);
      if (settings.auth === undefined) return done();
      if (!smtp.allowsAuth) return fail(failure('ENOAUTH', 'the server does not offer AUTH'));
      smtp.login({ ...settings.auth }, (refusal) => (refusal ? fail(refusal) : done()));
    });
  });
  return { smtp, opened };
}

export function troubleOf(stage: ConnectionTrouble['stage'], error: SmtpError): ConnectionTrouble {
  const code = error.originalCode ?? error.code;
  const told = code === undefined || error.message.includes(code) ? error.message : `${code} ${error.message}`;
  return { stage, what: shortReply(told) };
}

function failure(code: string, message: string): SmtpError {
  return Object.assign(new Error(message), { code });
}
