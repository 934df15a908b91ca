import { isIP, type Socket } from 'node:net';
import { hostname } from 'node:os';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';

/** The measured steps: until the server is ready for mail, and from MAIL to its reply for the mail. */
export type SmtpStep = 'connect' | 'mail';
/** Called with the duration of each answered step; must not throw. */
export type RecordDuration = (step: SmtpStep, milliseconds: number) => void;

/** Begins a connection to an untrusted host; the socket may end in an error instead. */
export type Dial = (target: { readonly host: string; readonly port: number }) => Socket;

export interface SmtpCredentials {
  readonly user: string;
  readonly pass: string;
  /** Undefined: the first that the server offers. */
  readonly method: AuthMethod | undefined;
}

const AUTH_METHODS = ['PLAIN', 'LOGIN', 'CRAM-MD5'] as const;
type AuthMethod = (typeof AUTH_METHODS)[number];

const TLS_MODES = ['require', 'off', 'insecure'] as const;

export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte. */
  readonly secure: boolean;
  /** STARTTLS where it is offered; required; never; or with any certificate. */
  readonly tls: 'opportunistic' | (typeof TLS_MODES)[number];
  /** The name in EHLO. */
  readonly name: string;
  readonly auth: SmtpCredentials | undefined;
  readonly times: Pick<ProtocolTimes, 'smtpCommand' | 'smtpDot'>;
  /** Undefined: the connection is opened from host and port. */
  readonly dial: (() => Socket) | undefined;
  /** Mails after which a connection is closed with QUIT and replaced. */
  readonly messages: number;
  readonly log: (message: string, details: Readonly<Record<string, unknown>>) => void;
  readonly recordDuration: RecordDuration;
}

interface SmtpOptions {
  readonly url: string;
  readonly times: Pick<ProtocolTimes, 'smtpCommand' | 'smtpDot'>;
  readonly name?: string;
  readonly dial?: Dial | undefined;
  readonly log?: SmtpSettings['log'];
  readonly recordDuration?: RecordDuration | undefined;
}

const MESSAGES_PER_CONNECTION = 1_000;

/**
 * Reads `smtp[s]://[user:password@]host[:port][?…]`. `smtp` uses STARTTLS if offered. `tls=require` requires it,
 * `tls=off` never uses it, `tls=insecure` accepts any certificate; `auth=LOGIN` selects the mechanism (PLAIN, LOGIN or CRAM-MD5); `messages=100`
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
    ...target,
    secure: isSecure(url),
    tls: tlsMode(query.get('tls')),
    name: ehloName(query.get('name') ?? options.name),
    auth: credentials(url, query),
    times: options.times,
    dial: dial && (() => dial(target)),
    messages,
    log: options.log ?? (() => undefined),
    recordDuration: options.recordDuration ?? (() => undefined),
  };
}

/** The fault of a given SMTP URL, as the end of a sentence about it; undefined if it is valid. */
export function urlFault(url: string): string | undefined {
  try {
    settingsFrom({ url, times: { smtpCommand: 0, smtpDot: 0 } });
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

function tlsMode(tls: string | null): SmtpSettings['tls'] {
  if (tls === null) return 'opportunistic';
  const mode = TLS_MODES.find((known) => known === tls);
  if (mode === undefined) throw new Error('SMTP_URL: tls must be require, off or insecure');
  return mode;
}

/** A host name or an address literal (RFC 5321 §4.1.3): it is sent as part of a command. */
function ehloName(given: string | undefined): string {
  const name = given ?? hostname();
  if (/^(?:[a-z0-9_-]+\.)+[a-z0-9_-]+$/i.test(name) && isIP(name) === 0) return name;
  if (isIP(name) === 4) return `[${name}]`;
  if (given === undefined) return '[127.0.0.1]';
  if (/^(?:[a-z0-9_-]+|\[[a-z0-9.:]+\])$/i.test(name)) return name;
  throw new Error('SMTP_URL: name must be a host name');
}

function credentials(url: URL, query: URLSearchParams): SmtpCredentials | undefined {
  const wanted = query.get('auth');
  const method = AUTH_METHODS.find((known) => known === wanted?.toUpperCase());
  if (wanted !== null && method === undefined) throw new Error('SMTP_URL: auth must be PLAIN, LOGIN or CRAM-MD5');
  if (url.username === '') return undefined;
  const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  if (/\0/.test(user + pass)) throw new Error('SMTP_URL: user and password must not contain NUL');
  return { user, pass, method };
}
