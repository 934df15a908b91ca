import type { Socket } from 'node:net';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { ConnectionTrouble } from '../../domain/delivery/outcome.js';
import { shortReply } from '../../domain/delivery/scrub.js';
import type { SmtpSettings } from './settings.js';

/** A connection past EHLO and AUTH. */
export interface Session {
  readonly smtp: SMTPConnection;
  /** Mails handed over on it. */
  served: number;
  /** Aborts the mail in flight once the socket is closed. */
  abort: ((what: string) => void) | undefined;
}

/** An error as nodemailer reports it. */
export interface SmtpError extends Error {
  readonly code?: string | undefined;
  readonly originalCode?: string | undefined;
  readonly command?: string | undefined;
  readonly response?: string | undefined;
}

/** A connection that is being opened; closing it fails the attempt. */
export interface Opening {
  close(): void;
  readonly opened: Promise<Session | ConnectionTrouble>;
}

/**
 * The trouble of a dialled server that was not reached. It contains no detail, so that callers cannot scan ports and
 * names.
 */
export const UNREACHED: ConnectionTrouble = { stage: 'connect', what: 'no connection to the server' };

/** Connects, sends EHLO, starts TLS and logs in, as settings and server require. */
export function openSession(settings: SmtpSettings): Opening {
  const socket = settings.dial?.();
  if (socket !== undefined) return openOver(settings, socket);
  const smtp = new SMTPConnection(settings.connection);
  return { close: () => smtp.close(), opened: sessionOn(settings, smtp) };
}

function openOver(settings: SmtpSettings, socket: Socket): Opening {
  const smtp = new SMTPConnection({ ...settings.connection, connection: socket });
  const opened = isConnected(socket, settings.times.smtpCommand).then((connected) =>
    connected ? sessionOn(settings, smtp) : UNREACHED,
  );
  const close = () => {
    smtp.close();
    socket.destroy();
  };
  return { close, opened };
}

function isConnected(socket: Socket, timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (connected: boolean) => {
      clearTimeout(timer);
      resolve(connected);
    };
    const timer = setTimeout(() => socket.destroy(), timeout);
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}

function sessionOn(settings: SmtpSettings, smtp: SMTPConnection): Promise<Session | ConnectionTrouble> {
  return new Promise((resolve) => {
    const fail = (error: SmtpError) => {
      clearTimeout(timer);
      resolve(troubleOf('connect', error));
      smtp.close();
    };
    const done = () => {
      clearTimeout(timer);
      resolve({ smtp, served: 0, abort: undefined });
    };
    // The connection's own timeouts cover everything up to TLS; this one covers EHLO and AUTH too.
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
}

export function troubleOf(stage: ConnectionTrouble['stage'], error: SmtpError): ConnectionTrouble {
  const code = error.originalCode ?? error.code;
  const text = code === undefined || error.message.includes(code) ? error.message : `${code} ${error.message}`;
  return { stage, what: shortReply(text) };
}

function failure(code: string, message: string): SmtpError {
  return Object.assign(new Error(message), { code });
}
