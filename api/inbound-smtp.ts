import { readFileSync } from 'node:fs';
import type { FastifyBaseLogger } from 'fastify';
import { SMTPServer, type SMTPServerAddress, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { Config } from '../config.js';
import { condensed } from '../mail/dsn/condense.js';
import { readInbound } from '../mail/dsn/read.js';
import { ringReader } from '../mail/tokens/key-ring.js';
import { type AddressOwner, returnPaths } from '../mail/tokens/return-path.js';
import type { Inbound } from '../store/inbound/inbound.js';
import type { LinkKeyRing } from '../store/secrets/link-keys.js';

export interface InboundSmtpDeps {
  readonly config: Pick<Config, 'host' | 'bounceDomain' | 'inboundTlsPem'>;
  readonly inbound: Pick<Inbound, 'saveMail'>;
  readonly linkKeys: Pick<LinkKeyRing, 'ring'>;
  readonly log: FastifyBaseLogger;
}

export interface InboundSmtp {
  readonly port: number;
  /** Finishes open mails, then closes. */
  stop(): Promise<void>;
}

const MAX_RECIPIENTS = 10;
const MAX_CLIENTS = 100;
const IDLE_TIMEOUT_MS = 60_000;
/** Addresses of feedback loops and role accounts (RFC 2142). Their mail is kept only if it is a report. */
const ROLE_ADDRESSES = /^(?:fbl|abuse|postmaster)$/i;

/**
 * Receives reports by SMTP. Only addresses that we generated are accepted; all others are refused before the body. A 250
 * after the dot means that a majority of the replica set has journalled the mail.
 */
export async function openInboundSmtp(deps: InboundSmtpDeps, port: number): Promise<InboundSmtp> {
  const read = returnPathReader(deps.linkKeys);
  const server = new SMTPServer({
    banner: 'Everpost',
    ...encryption(deps.config),
    disableReverseLookup: true,
    size: LARGEST_REPORT,
    maxClients: MAX_CLIENTS,
    socketTimeout: IDLE_TIMEOUT_MS,
    closeTimeout: 5_000,
    logger: false,
    onRcptTo: (address, session, callback) => respond(checkRecipient(deps, read, address, session), deps, callback),
    onData: (stream, session, callback) => respond(receive(deps, stream, session), deps, callback),
  });
  server.on('error', (error) => deps.log.debug({ error: String(error) }, 'an SMTP client left'));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, deps.config.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** Offers STARTTLS where a certificate is set; servers that send reports fall back to plain text otherwise. */
function encryption({ inboundTlsPem }: InboundSmtpDeps['config']) {
  if (inboundTlsPem === undefined) return { disabledCommands: ['AUTH', 'STARTTLS'] };
  const pem = readFileSync(inboundTlsPem);
  return { disabledCommands: ['AUTH'], cert: pem, key: pem };
}

/** A refusal carries its code. Any other error is ours: 451 makes the sender retry. */
function respond(work: Promise<void>, { log }: InboundSmtpDeps, callback: (error?: Error | null) => void): void {
  work.then(
    () => callback(),
    (error: Error & { responseCode?: number }) => {
      if (error.responseCode === undefined)
        log.error({ err: error }, 'a report could not be stored; the sender was answered with 451 and sends it again');
      callback(error.responseCode === undefined ? refusal(451, '4.3.0 Try again later') : error);
    },
  );
}

async function checkRecipient(
  { config }: InboundSmtpDeps,
  read: ReadReturnPath,
  { address }: SMTPServerAddress,
  { envelope }: SMTPServerSession,
): Promise<void> {
  if (envelope.rcptTo.length >= MAX_RECIPIENTS) throw refusal(452, '4.5.3 Too many recipients');
  const [local = '', domain = ''] = address.split('@');
  if ((await read(local)) !== undefined) return;
  if (config.bounceDomain === domain.toLowerCase() && ROLE_ADDRESSES.test(local)) return;
  throw refusal(550, '5.1.1 No such recipient');
}

async function receive({ inbound }: InboundSmtpDeps, stream: SMTPServerDataStream, { envelope }: SMTPServerSession) {
  const raw = await collected(stream);
  const to = envelope.rcptTo.map(({ address }) => address);
  if (to.every((address) => ROLE_ADDRESSES.test(address.split('@')[0] ?? ''))) await demandReport(raw, to);
  await inbound.saveMail(null, raw, to);
}

/** Prevents filling the store through well-known addresses. */
async function demandReport(raw: Buffer, to: readonly string[]): Promise<void> {
  const { kind } = await readInbound(raw, to);
  if (kind !== 'feedback' && kind !== 'delivery' && kind !== 'enclosed')
    throw refusal(550, '5.7.1 Only reports are read here');
}

/** An oversized mail is read to its end but not kept. */
async function collected(stream: SMTPServerDataStream): Promise<Buffer> {
  const raw = await condensed(stream as AsyncIterable<Buffer>);
  if (stream.sizeExceeded) throw refusal(552, `5.3.4 A report may have ${LARGEST_REPORT} bytes`);
  return raw;
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

/** Maximum bytes of one report, by SMTP and by HTTP: it may return the largest mail that we send. 1 MiB of it is kept. */
export const LARGEST_REPORT = 32 * 1024 * 1024;

/** Limits reads, so that many forged addresses do not cause as many reads. */
const MIN_RING_AGE = 1_000;

/** The meaning of a local part; undefined for addresses that we did not generate. */
type ReadReturnPath = (local: string) => Promise<AddressOwner | undefined>;

function returnPathReader(secrets: Pick<LinkKeyRing, 'ring'>): ReadReturnPath {
  const read = ringReader(secrets.ring, MIN_RING_AGE);
  return (local) => read((ring) => returnPaths(ring).read(local));
}
