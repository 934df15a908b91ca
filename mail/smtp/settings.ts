import type { Socket } from 'node:net';
import type { SMTPConnectionAuth, SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';

/** The measured steps: until the server is ready for mail, and from MAIL to its reply for the mail. */
export type SmtpStep = 'connect' | 'mail';
/** Called with the duration of each answered step; must not throw. */
export type RecordDuration = (step: SmtpStep, milliseconds: number) => void;

/** Begins a connection to an untrusted host; the socket may end in an error instead. */
export type Dial = (target: { readonly host: string; readonly port: number }) => Socket;

export interface SmtpSettings {
  readonly connections: number;
  readonly times: Pick<ProtocolTimes, 'smtpCommand' | 'smtpDot'>;
  readonly connection: SMTPConnectionOptions;
  /** Undefined: the connection is opened from the options. */
  readonly dial: (() => Socket) | undefined;
  readonly auth: SMTPConnectionAuth | undefined;
  /** Mails after which a connection is closed with QUIT and replaced. */
  readonly messages: number;
  readonly log: (message: string, details: Readonly<Record<string, unknown>>) => void;
  readonly recordDuration: RecordDuration;
}

interface SmtpOptions {
  readonly url: string;
  readonly connections: number;
  readonly times: Pick<ProtocolTimes, 'smtpCommand' | 'smtpDot'>;
  readonly name?: string;
  readonly dial?: Dial | undefined;
  readonly log?: SmtpSettings['log'];
  readonly recordDuration?: RecordDuration | undefined;
}

const MESSAGES_PER_CONNECTION = 1_000;

/**
 * Reads `smtp[s]://[user:password@]host[:port][?…]`. `smtp` uses STARTTLS if offered. `tls=require` requires it,
 * `tls=off` never uses it, `tls=insecure` accepts any certificate; `auth=LOGIN` selects the mechanism; `messages=100`
 * limits a connection; `name=mail.example.org` is the name in EHLO. Throws on anything else.
 */
export function settingsFrom(options: SmtpOptions): SmtpSettings {
  const url = new URL(options.url);
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')
    throw new Error('SMTP_URL must start with smtp:// or smtps://');
  const query = knownQuery(url);
  const messages = Number(query.get('messages') ?? MESSAGES_PER_CONNECTION);
  if (!Number.isInteger(messages) || messages < 1) throw new Error('SMTP_URL: messages must be a whole number from 1');
  const { dial } = options;
  const target = { host: hostOf(url), port: portOf(url) };
  return {
    connections: Math.max(1, Math.floor(options.connections)),
    times: options.times,
    connection: { ...target, ...connectionOptions(url, query, options) },
    dial: dial && (() => dial(target)),
    auth: credentials(url, query),
    messages,
    log: options.log ?? (() => undefined),
    recordDuration: options.recordDuration ?? (() => undefined),
  };
}

/** The fault of a given SMTP URL, as the end of a sentence about it; undefined if it is valid. */
export function urlFault(url: string): string | undefined {
  try {
    settingsFrom({ url, connections: 1, times: { smtpCommand: 0, smtpDot: 0 } });
    return new URL(url).hostname === '' ? 'must name a host' : undefined;
  } catch (error) {
    const { message } = error as Error;
    const reason = /^SMTP_URL:? (.*)/.exec(message)?.[1];
    return reason === undefined ? 'must look like smtp://user:password@host:port' : `is not accepted: ${reason}`;
  }
}

function knownQuery(url: URL): URLSearchParams {
  for (const name of url.searchParams.keys()) {
    if (!['tls', 'auth', 'messages', 'name'].includes(name)) throw new Error(`SMTP_URL: unknown parameter "${name}"`);
  }
  return url.searchParams;
}

const A_DAY = 86_400_000;

function connectionOptions(url: URL, query: URLSearchParams, { name, times }: SmtpOptions): SMTPConnectionOptions {
  const secure = isSecure(url);
  const helo = query.get('name') ?? name;
  return {
    secure,
    ...tlsOptions(query.get('tls')),
    ...(helo === undefined ? {} : { name: helo }),
    connectionTimeout: times.smtpCommand,
    greetingTimeout: times.smtpCommand,
    // Each wait has its own deadline. This timeout would end the connection before its received bytes are read.
    socketTimeout: A_DAY,
    // close() must not flush unwritten bytes.
    socketCloseTimeout: 0,
  };
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return isSecure(url) ? 465 : 25;
}

function isSecure({ protocol }: URL): boolean {
  return protocol === 'smtps:';
}

function tlsOptions(tls: string | null): SMTPConnectionOptions {
  switch (tls) {
    case null:
      return {};
    case 'require':
      return { requireTLS: true };
    case 'off':
      return { ignoreTLS: true };
    case 'insecure':
      return { tls: { rejectUnauthorized: false } };
    default:
      throw new Error('SMTP_URL: tls must be require, off or insecure');
  }
}

function credentials(url: URL, query: URLSearchParams): SMTPConnectionAuth | undefined {
  if (url.username === '') return undefined;
  const method = query.get('auth');
  return {
    user: decodeURIComponent(url.username),
    pass: decodeURIComponent(url.password),
    ...(method === null ? {} : { method }),
  };
}
