import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Db } from 'mongodb';
import type { Config } from '../../config.js';
import { probe } from '../../mail/smtp/probe.js';
import type { Dial } from '../../mail/smtp/settings.js';
import { reasonOf } from '../../servers/report.js';
import { sealing } from '../../store/secrets/sealing.js';
import { SEALED_AS, type StoredTransport } from '../../store/transports/transports.js';
import { addressGuard } from '../../web/address-guard.js';
import { guardedDial } from '../../web/connector.js';
import { readDatabase } from './database.js';
import { type Finding, fault, ok, warning } from './finding.js';

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export async function checkSmtp(smtpUrl: string | undefined): Promise<Finding> {
  if (smtpUrl === undefined) return ok('SMTP', 'no SMTP_URL: mail goes to the local catcher and nowhere else');
  const { hostname, username, host } = new URL(smtpUrl);
  try {
    const { protection } = await greet(smtpUrl);
    if (protection !== 'none') return ok('SMTP', `${host} reached, protected by ${protection}`);
    if (LOOPBACK.test(hostname)) return ok('SMTP', `${host} reached, without TLS on this machine`);
    const says = `${host} reached, but it offers no STARTTLS`;
    if (username === '') return warning('SMTP', says, 'mails travel readable: use a server with TLS');
    return fault('SMTP', says, 'the password would travel readable: use smtps:// or a server with STARTTLS');
  } catch (failure) {
    return fault('SMTP', `${host} is not usable: ${reasonOf(failure)}`, 'check SMTP_URL, firewall and certificate');
  }
}

/** One-click unsubscribe needs https (RFC 8058, 3.1), and links need an address that recipients can reach. */
export function checkPublicUrl({ publicUrl, smtpUrl }: Pick<Config, 'publicUrl' | 'smtpUrl'>): Finding {
  const { protocol, hostname } = new URL(publicUrl);
  const local = smtpUrl === undefined || LOOPBACK.test(new URL(smtpUrl).hostname);
  if (protocol === 'https:') return ok('PUBLIC_URL', publicUrl);
  if (local) return ok('PUBLIC_URL', `${publicUrl} (enough for mail that stays on this machine)`);
  const advice = 'set PUBLIC_URL to the https address under which recipients reach this API';
  if (LOOPBACK.test(hostname)) return fault('PUBLIC_URL', `${publicUrl} is out of the recipients' reach`, advice);
  return fault('PUBLIC_URL', `${publicUrl} is not https: one-click unsubscribe does not work`, advice);
}

export function checkSecret({ secret, mongodbUrl }: Pick<Config, 'secret' | 'mongodbUrl'>): Finding {
  if (secret !== undefined) return ok('EVERPOST_SECRET', 'set');
  if (mongodbUrl === undefined) return ok('EVERPOST_SECRET', 'made once and kept in DATA_DIR');
  return fault(
    'EVERPOST_SECRET',
    'not set',
    'processes that share a MongoDB need the same one, of 16 characters or more: openssl rand -base64 32',
  );
}

const TIMEOUT_MS = 10_000;

interface Greeting {
  /** The protection of the established connection; an invalid certificate throws. */
  readonly protection: 'TLS' | 'STARTTLS' | 'none';
}

/** Sends EHLO to an SMTP server and upgrades to TLS where it is offered (RFC 3207); throws if that fails. */
async function greet(smtpUrl: string): Promise<Greeting> {
  const { protocol, hostname, port } = new URL(smtpUrl);
  const immediate = protocol === 'smtps:';
  const where = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (immediate ? 465 : 25)) };
  const socket = immediate ? connectTls({ ...where, servername: nameOf(where.host) }) : connect(where);
  // Errors reach the code that waits for the socket; without a waiting reader they are ignored.
  socket.on('error', () => {});
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
  try {
    await once(socket, immediate ? 'secureConnect' : 'connect');
    await replyOf(socket);
    const offers = await command(socket, 'EHLO doctor.everpost.test');
    if (immediate) return { protection: 'TLS' };
    if (!/^250[ -]STARTTLS\s*$/im.test(offers)) return { protection: 'none' };
    await command(socket, 'STARTTLS');
    await once(upgrade(socket, where.host), 'secureConnect');
    return { protection: 'STARTTLS' };
  } finally {
    socket.destroy();
  }
}

function upgrade(socket: Socket, host: string): TLSSocket {
  return connectTls({ socket, host, servername: nameOf(host) });
}

/** An IP address is not allowed as a server name (RFC 6066, 3). */
const nameOf = (host: string) => (isIP(host) === 0 ? host : '');

function command(socket: Socket, line: string): Promise<string> {
  socket.write(`${line}\r\n`);
  return replyOf(socket);
}

/** The next complete reply; a refusal throws. */
function replyOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const read = (chunk: Buffer) => {
      text += chunk.toString();
      if (!/^\d{3}(?: .*)?\r\n$/m.test(text)) return;
      socket.off('data', read);
      socket.off('error', reject);
      socket.off('close', closed);
      if (/^[23]/.test(text)) resolve(text);
      else reject(new Error(`it answered ${text.trim()}`));
    };
    const closed = () => reject(new Error('it closed the connection'));
    socket.on('data', read);
    socket.once('error', reject);
    socket.once('close', closed);
  });
}

const CONNECT_TIMEOUT_MS = 5000;
/** An agency may have hundreds; the first ones show whether the network is right. */
const MAX_TRANSPORTS = 20;

type Known = Pick<Config, 'mongodbUrl' | 'mongodbDatabase' | 'secret' | 'allowedPrivateHosts'>;

/** Connects and logs in to each transport of the accounts, as `POST /transports/{id}/test` does. */
export async function checkTransports({ mongodbUrl, mongodbDatabase, secret, ...known }: Known): Promise<Finding[]> {
  if (mongodbUrl === undefined || secret === undefined) return [];
  const found = await readDatabase({ mongodbUrl, mongodbDatabase }, enabled);
  if (found === undefined) return [];
  const { rows, clients } = found;
  const dial = guardedDial(addressGuard(known.allowedPrivateHosts));
  // As the workers do: the host name of a client's transport is not trusted.
  return Promise.all(rows.map((row) => checkTransport(row, secret, clients.has(row.account) ? dial : undefined)));
}

interface Enabled {
  readonly rows: readonly StoredTransport[];
  /** Those of the accounts that are clients. */
  readonly clients: ReadonlySet<number>;
}

async function enabled(db: Db): Promise<Enabled> {
  const found = db.collection<StoredTransport>('transports').find({ enabled: true });
  const rows = await found.sort({ account: 1, priority: 1, _id: 1 }).limit(MAX_TRANSPORTS).toArray();
  const owners = { _id: { $in: rows.map(({ account }) => account) }, kind: 'client' };
  const clients = await db.collection<{ _id: number; kind: string }>('accounts').find(owners).toArray();
  return { rows, clients: new Set(clients.map(({ _id }) => _id)) };
}

async function checkTransport(row: StoredTransport, secret: string, dial?: Dial): Promise<Finding> {
  const subject = `Transport ${row._id} (${row.name})`;
  const url = unsealedUrl(row, secret);
  if (url === undefined) {
    return warning(subject, 'its password was sealed with another EVERPOST_SECRET', 'set its url again');
  }
  const { host } = new URL(url);
  const seen = await probe(url, CONNECT_TIMEOUT_MS, dial);
  if (!seen.ok)
    return warning(subject, `${host} is not usable: ${seen.says}`, 'mail takes the next transport meanwhile');
  const login = seen.authenticated ? ', logged in' : '';
  return ok(subject, `${host} reached${login}, ${seen.tls === null ? 'without TLS' : `protected by ${seen.tls}`}`);
}

function unsealedUrl({ url }: StoredTransport, secret: string): string | undefined {
  try {
    return sealing(secret, SEALED_AS).open(url).toString();
  } catch {
    return undefined;
  }
}
