import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ATTACHMENT_TYPES } from './config/attachment-types.js';
import { type HttpConfig, httpSettings } from './config/http.js';
import { type Environment, type Reader, reader } from './config/reader.js';
import { type TemporalAccess, temporalSettings } from './config/temporal.js';

/** The configuration, read once from the environment; docs/reference/configuration.md lists every variable. */
export interface Config {
  readonly port: number;
  readonly host: string;
  readonly publicUrl: string;
  readonly mongodbUrl: string | undefined;
  readonly mongodbDatabase: string;
  readonly temporalAddress: string | undefined;
  readonly temporalNamespace: string;
  /** TLS and the API key of the connection to Temporal. */
  readonly temporalAccess: TemporalAccess;
  readonly smtpUrl: string | undefined;
  readonly smtpConnections: number;
  /** Processes of a worker that send campaigns. */
  readonly workerProcesses: number;
  readonly mailFrom: string;
  readonly requireVerifiedDomains: boolean;
  /** Media types allowed for attachments of messages. */
  readonly attachmentTypes: readonly string[];
  /** Maximum bytes of all attachments of a message together, decoded. */
  readonly attachmentBytes: number;
  /** Name servers used to verify domains; none: those of the system. */
  readonly dnsServers: readonly string[];
  /** Private hosts, addresses and CIDR ranges that webhooks, feeds and transports of clients may reach. */
  readonly allowedPrivateHosts: readonly string[];
  /** The SPF include name of the sending servers. */
  readonly spfInclude: string | undefined;
  /** API key of an OpenAI-compatible endpoint for drafts; none: drafts are disabled. */
  readonly openaiApiKey: string | undefined;
  readonly openaiBaseUrl: string;
  readonly openaiModel: string;
  /** Domain for bounces, complaints and `mailto:` unsubscribes; none: the envelope sender is the sender's own address. */
  readonly bounceDomain: string | undefined;
  /** SMTP port for incoming reports; none: disabled. */
  readonly inboundSmtpPort: number | undefined;
  /** File with the certificate and key for STARTTLS on that port; none: no TLS. */
  readonly inboundTlsPem: string | undefined;
  /** Percent of complaints and of hard bounces above which a campaign is paused, unless its account sets another limit. */
  readonly pauseAt: { readonly complaints: number; readonly bounces: number };
  readonly apiKey: string | undefined;
  readonly dataDir: string;
  readonly secret: string | undefined;
  /** Dialects served in addition to the native API. */
  readonly dialects: readonly DialectName[];
  /** Requests a minute for each key on routes without a limit of their own; none: 60 or 600 by route, 0: no limit at all. */
  readonly rateLimitPerMinute: number | undefined;
  readonly http: HttpConfig;
  /** Days after which the nightly run deletes; 0: never. */
  readonly retentionDays: { readonly events: number; readonly messages: number };
  readonly trustedProxies: readonly string[];
  readonly logLevel: string;
  /** Where traces are exported by OTLP over HTTP; none: traces are off. */
  readonly tracesEndpoint: string | undefined;
  readonly catcherPort: number;
  readonly inboxPort: number;
  readonly cacheDir: string;
  readonly path: string;
}

export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The configuration has ${faults.length} fault(s):\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

export const DIALECTS = ['envie', 'mailbindr', 'emailmassivo'] as const;
export type DialectName = (typeof DIALECTS)[number];

/** The sender where none is set: its domain exists nowhere. */
export const DEFAULT_MAIL_FROM = 'Everpost <news@everpost.test>';

const ATTACHMENT_BYTES = 10 * 1024 * 1024;

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** Reads the environment; throws one ConfigurationError that lists every error. */
export function readConfig(environment: Environment = process.env): Config {
  const faults: string[] = [];
  const read = reader(environment, faults);
  const config: Config = {
    ...addressSettings(read),
    ...temporalSettings(read, faults),
    ...httpSettings(read, faults),
    ...retentionSettings(read, faults),
    ...mailSettings(read),
    ...attachmentSettings(read, faults),
    ...networkSettings(read, faults),
    ...modelSettings(read),
    ...inboundSettings(read, faults),
    ...secretSettings(read, faults),
    ...dialectSettings(read, faults),
    ...processSettings(read, faults),
    pauseAt: { complaints: read.percent('PAUSE_AT_COMPLAINTS', 0.3), bounces: read.percent('PAUSE_AT_BOUNCES', 5) },
    rateLimitPerMinute: read.optionalCount('RATE_LIMIT_PER_MINUTE'),
  };
  if (faults.length > 0) throw new ConfigurationError(faults);
  return Object.freeze(config);
}

function addressSettings({ text, port, url }: Reader) {
  const listenPort = port('PORT', 3000);
  const host = text('HOST') ?? '127.0.0.1';
  return {
    port: listenPort,
    host,
    publicUrl: (url('PUBLIC_URL', ['http', 'https']) ?? `http://${host}:${listenPort}`).replace(/\/+$/, ''),
    mongodbUrl: url('MONGODB_URL', ['mongodb', 'mongodb+srv']),
    mongodbDatabase: text('MONGODB_DATABASE') ?? 'everpost',
    catcherPort: port('CATCHER_PORT', 1025),
    inboxPort: port('INBOX_PORT', 8025),
    trustedProxies: (text('TRUSTED_PROXIES') ?? '').split(/[\s,]+/).filter(Boolean),
  };
}

const LEAST_RETENTION_DAYS = 30;

/** Events and messages make repeats idempotent: if they are deleted too early, an event or an approval request repeats. */
function retentionSettings({ count }: Reader, faults: string[]) {
  const days = (name: string) => {
    const n = count(name, 0);
    if (n > 0 && n < LEAST_RETENTION_DAYS)
      faults.push(`${name} must be 0 (for ever) or at least ${LEAST_RETENTION_DAYS}`);
    return n;
  };
  return { retentionDays: { events: days('EVENTS_KEPT_DAYS'), messages: days('MESSAGES_KEPT_DAYS') } };
}

function mailSettings({ text, count, flag, url }: Reader) {
  return {
    smtpUrl: url('SMTP_URL', ['smtp', 'smtps']),
    smtpConnections: Math.max(1, count('SMTP_CONNECTIONS', 16)),
    workerProcesses: Math.max(1, count('WORKER_PROCESSES', availableParallelism() - 1)),
    mailFrom: text('MAIL_FROM') ?? DEFAULT_MAIL_FROM,
    requireVerifiedDomains: flag('REQUIRE_VERIFIED_DOMAINS'),
  };
}

function networkSettings({ text }: Reader, faults: string[]) {
  const dnsServers = (text('DNS_SERVERS') ?? '').split(/[\s,]+/).filter(Boolean);
  const isServer = (server: string) => isIP(server.replace(/^\[(.+)\](?::\d{1,5})?$|^([^:]+):\d{1,5}$/, '$1$2')) !== 0;
  if (!dnsServers.every(isServer)) faults.push('DNS_SERVERS must be IP addresses, each with a port if need be');
  const allowedPrivateHosts = (text('ALLOWED_PRIVATE_HOSTS') ?? '').split(/[\s,]+/).filter(Boolean);
  if (!allowedPrivateHosts.every(isHostOrRange)) {
    faults.push('ALLOWED_PRIVATE_HOSTS must be hosts, IP addresses or CIDR ranges');
  }
  return { dnsServers, allowedPrivateHosts, spfInclude: text('SPF_INCLUDE')?.toLowerCase() };
}

function isHostOrRange(text: string): boolean {
  const [host = '', bits, ...rest] = text.replace(/^\[(.+)\]$/, '$1').split('/');
  const version = isIP(host);
  if (bits === undefined) return version !== 0 || /^[\w-]+(?:\.[\w-]+)*\.?$/.test(host);
  return rest.length === 0 && version !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}

function inboundSettings({ text, port }: Reader, faults: string[]) {
  const bounceDomain = text('BOUNCE_DOMAIN')?.toLowerCase();
  const isDomain = bounceDomain === undefined || /^(?=.{4,180}$)[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(bounceDomain);
  if (!isDomain) faults.push(`BOUNCE_DOMAIN must be a host name such as bounce.example.org, not "${bounceDomain}"`);
  const inboundSmtpPort = text('INBOUND_SMTP_PORT') === undefined ? undefined : port('INBOUND_SMTP_PORT', 0);
  const inboundTlsPem = text('INBOUND_TLS_PEM');
  return { bounceDomain, inboundSmtpPort, inboundTlsPem };
}

function attachmentSettings({ text, count }: Reader, faults: string[]) {
  const types = (text('ATTACHMENT_TYPES') ?? ATTACHMENT_TYPES.join(' '))
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);
  const wrong = types.filter((type) => !/^[a-z0-9][\w.+-]*\/[a-z0-9][\w.+-]*$/.test(type));
  if (wrong.length > 0) faults.push(`ATTACHMENT_TYPES must be media types, not "${wrong.join(' ')}"`);
  return { attachmentTypes: types, attachmentBytes: count('ATTACHMENT_BYTES', ATTACHMENT_BYTES) };
}

function modelSettings({ text, url }: Reader) {
  return {
    openaiApiKey: text('OPENAI_API_KEY'),
    openaiBaseUrl: (url('OPENAI_BASE_URL', ['http', 'https']) ?? 'https://api.openai.com/v1').replace(/\/+$/, ''),
    openaiModel: text('OPENAI_MODEL') ?? 'gpt-4.1-mini',
  };
}

function dialectSettings({ text }: Reader, faults: string[]) {
  const named = (text('DIALECTS') ?? DIALECTS.join(',')).split(/[\s,]+/).filter((name) => name !== 'none');
  const dialects = DIALECTS.filter((known) => named.includes(known));
  if (dialects.length !== named.length) faults.push(`DIALECTS must be none, or some of ${DIALECTS.join(', ')}`);
  return { dialects };
}

function secretSettings({ text }: Reader, faults: string[]) {
  const apiKey = text('EVERPOST_API_KEY');
  if (apiKey !== undefined && !/^[\x21-\x7e]{20,128}$/.test(apiKey)) {
    faults.push('EVERPOST_API_KEY must have 20 to 128 visible characters');
  }
  const secret = text('EVERPOST_SECRET');
  if (secret !== undefined && secret.length < 16) faults.push('EVERPOST_SECRET must have at least 16 characters');
  return { apiKey, secret };
}

function processSettings({ text, url }: Reader, faults: string[]) {
  const logLevel = text('LOG_LEVEL') ?? 'info';
  if (!LOG_LEVELS.includes(logLevel)) faults.push(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}`);
  return {
    logLevel,
    tracesEndpoint: url('OTEL_EXPORTER_OTLP_ENDPOINT', ['http', 'https']),
    dataDir: resolve(text('DATA_DIR') ?? '.everpost'),
    cacheDir: join(text('XDG_CACHE_HOME') ?? join(text('HOME') ?? '/tmp', '.cache'), 'everpost'),
    path: text('PATH') ?? '',
  };
}

/** The folder that holds package.json, whether the program runs from the sources or from dist. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
