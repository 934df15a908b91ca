import { createHmac } from 'node:crypto';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { ConnectionTrouble } from '../../domain/delivery/outcome.js';
import { shortReply } from '../../domain/delivery/scrub.js';
import { type Dialogue, dialogueOn, replyText, smtpFailure } from './dialogue.js';
import { type Capabilities, capabilitiesIn, NO_CAPABILITIES } from './envelope.js';
import type { SmtpCredentials, SmtpSettings } from './settings.js';

/** A connection past EHLO, TLS and AUTH. Its socket is paused. */
export interface Session {
  /** Speaks with the server: the TLS socket where there is one. */
  readonly socket: Socket | TLSSocket;
  /** The TCP connection below; only a reset of it drops bytes that are not sent yet. */
  readonly raw: Socket;
  readonly capabilities: Capabilities;
  /** The last reply of the server. */
  readonly says: string;
}

/** A connection that is being opened; closing it fails the attempt. */
export interface Opening {
  close(): void;
  /** Never rejects. */
  readonly opened: Promise<Session | ConnectionTrouble>;
}

/**
 * The trouble of a dialled server that was not reached. It contains no detail, so that callers cannot scan ports and
 * names.
 */
export const UNREACHED: ConnectionTrouble = { stage: 'connect', what: 'no connection to the server' };

/** Connects, sends EHLO, starts TLS and logs in, as settings and server require. */
export function openSession(settings: SmtpSettings): Opening {
  const raw = settings.dial?.() ?? connect({ host: settings.host, port: settings.port });
  // A FIN of the server must not end the socket by itself: an ended socket can no longer be reset.
  raw.allowHalfOpen = true;
  raw.setNoDelay(true);
  raw.on('error', () => undefined);
  const limit = setTimeout(
    () => raw.destroy(smtpFailure('ETIMEDOUT', 'no session in time')),
    2 * settings.times.smtpCommand,
  );
  const opened = sessionOn(settings, raw)
    .catch((error: Error) => {
      raw.destroy();
      return troubleOf(error);
    })
    .finally(() => clearTimeout(limit));
  return { close: () => void raw.destroy(smtpFailure('ECONNECTION', 'closed')), opened };
}

async function sessionOn(settings: SmtpSettings, raw: Socket): Promise<Session | ConnectionTrouble> {
  const trouble = await untilConnected(raw, settings.times.smtpCommand);
  if (trouble !== undefined) return settings.dial === undefined ? troubleOf(trouble) : UNREACHED;
  let dialogue = dialogueOn(settings.secure ? await encrypted(settings, raw) : raw);
  await dialogue.greeting();
  let capabilities = await greeted(settings, dialogue, true);
  const upgrades = !settings.secure && settings.tls !== 'off' && (capabilities.startTls || settings.tls === 'require');
  if (upgrades) {
    await dialogue.command('STARTTLS', [220], 'ETLS');
    // What the server sent in plain text behind its 220 is dropped (RFC 3207 §4.2).
    dialogue.end();
    dialogue = dialogueOn(await encrypted(settings, raw));
    capabilities = await greeted(settings, dialogue, false);
  }
  if (settings.auth !== undefined) await login(dialogue, settings.auth, capabilities);
  if (!dialogue.isIdle()) throw smtpFailure('EPROTOCOL', 'the server sent a reply before its command');
  dialogue.end();
  return { socket: dialogue.socket, raw, capabilities, says: dialogue.says() };
}

function untilConnected(raw: Socket, timeout: number): Promise<Error | undefined> {
  if (raw.remoteAddress !== undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const timer = setTimeout(() => raw.destroy(smtpFailure('ETIMEDOUT', 'Connection timeout')), timeout);
    let trouble: Error | undefined;
    raw.once('connect', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
    raw.once('error', (error) => {
      trouble = error;
    });
    raw.once('close', () => {
      clearTimeout(timer);
      resolve(trouble ?? smtpFailure('ECONNECTION', 'closed'));
    });
  });
}

/** The TLS connection over a TCP connection; the certificate must name the host of the settings. */
function encrypted({ host, tls }: SmtpSettings, raw: Socket): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = connectTls({ socket: raw, host, ...servername, rejectUnauthorized: tls !== 'insecure' });
    socket.once('secureConnect', () => resolve(socket));
    // The listener stays: an error after the handshake is reported by the close of the socket.
    socket.on('error', (error) => reject(smtpFailure('ETLS', error.message)));
    socket.once('close', () => reject(smtpFailure('ETLS', 'closed during the TLS handshake')));
  });
}

/** EHLO; HELO for a server that knows no EHLO, unless TLS is required or was just begun. */
async function greeted({ name, tls }: SmtpSettings, dialogue: Dialogue, mayFallBack: boolean): Promise<Capabilities> {
  const reply = await dialogue.ask(`EHLO ${name}`);
  if (reply.code === 250) return capabilitiesIn(reply);
  if (reply.code < 500 || !mayFallBack) throw smtpFailure('ECONNECTION', `EHLO was refused: ${replyText(reply)}`);
  if (tls === 'require') throw smtpFailure('EREQUIRETLS', 'the server does not offer STARTTLS');
  await dialogue.command(`HELO ${name}`, [250], 'ECONNECTION');
  return NO_CAPABILITIES;
}

async function login(dialogue: Dialogue, auth: SmtpCredentials, offered: Capabilities): Promise<void> {
  try {
    await authenticate(dialogue, auth, offered);
  } catch (error) {
    if (error instanceof Error) error.message = withoutSecrets(error.message, auth);
    throw error;
  }
}

/** A server may repeat in its reply what it refuses. */
function withoutSecrets(text: string, { user, pass }: SmtpCredentials): string {
  const secrets = [base64(`\0${user}\0${pass}`), base64(pass), pass].filter((secret) => secret.length >= 4);
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
}

/** RFC 4954, with the first mechanism that the server offers, or the one that the settings name. */
async function authenticate(dialogue: Dialogue, auth: SmtpCredentials, { auth: offered }: Capabilities): Promise<void> {
  if (offered.length === 0) throw smtpFailure('ENOAUTH', 'the server does not offer AUTH');
  const mechanism = auth.method ?? (['PLAIN', 'LOGIN', 'CRAM-MD5'] as const).find((known) => offered.includes(known));
  const { user, pass } = auth;
  switch (mechanism) {
    case 'PLAIN':
      await dialogue.command(`AUTH PLAIN ${base64(`\0${user}\0${pass}`)}`, [235], 'EAUTH');
      return;
    case 'LOGIN':
      await dialogue.command('AUTH LOGIN', [334], 'EAUTH');
      await dialogue.command(base64(user), [334], 'EAUTH');
      await dialogue.command(base64(pass), [235], 'EAUTH');
      return;
    case 'CRAM-MD5': {
      const { lines } = await dialogue.command('AUTH CRAM-MD5', [334], 'EAUTH');
      const challenge = Buffer.from(lines[0] ?? '', 'base64');
      const digest = createHmac('md5', pass).update(challenge).digest('hex');
      await dialogue.command(base64(`${user} ${digest}`), [235], 'EAUTH');
      return;
    }
    default:
      throw smtpFailure('EAUTH', `the server offers only ${shortReply(offered.join(' '))}`);
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function troubleOf(error: NodeJS.ErrnoException): ConnectionTrouble {
  const { code, message } = error;
  const text = code === undefined || message.includes(code) ? message : `${code} ${message}`;
  return { stage: 'connect', what: shortReply(text) };
}
