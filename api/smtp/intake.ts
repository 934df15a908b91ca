import { readFileSync } from 'node:fs';
import type { FastifyBaseLogger } from 'fastify';
import { SMTPServer, type SMTPServerAddress, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { Config } from '../../config.js';
import { readInbound } from '../../mail/dsn/read.js';
import type { Inbound } from '../../store/inbound.js';
import type { Secrets } from '../../store/secrets.js';
import { addressReader, type ReadAddress } from './address-reader.js';
import { LARGEST_REPORT } from './limits.js';

export interface IntakeDeps {
  readonly config: Pick<Config, 'host' | 'bounceDomain' | 'inboundTlsPem'>;
  readonly inbound: Pick<Inbound, 'keepMail'>;
  readonly secrets: Pick<Secrets, 'ring'>;
  readonly log: FastifyBaseLogger;
}

export interface Intake {
  readonly port: number;
  /** Lets open mail end, then closes. */
  stop(): Promise<void>;
}

const MOST_RECIPIENTS = 10;
const MOST_CLIENTS = 100;
const SILENCE = 60_000;
/** Where feedback loops and people write to; RFC 2142. What they say is kept only if it is a report. */
const OPEN_TO_ALL = /^(?:fbl|abuse|postmaster)$/i;

/**
 * Takes reports in by SMTP. An address is accepted only if we made it: whatever else comes is refused before its body. A
 * 250 after the dot means that the mail is on the journal of a majority.
 */
export async function openIntake(deps: IntakeDeps, port: number): Promise<Intake> {
  const read = addressReader(deps.secrets);
  const server = new SMTPServer({
    banner: 'Everpost',
    ...encryption(deps.config),
    disableReverseLookup: true,
    size: LARGEST_REPORT,
    maxClients: MOST_CLIENTS,
    socketTimeout: SILENCE,
    closeTimeout: 5_000,
    logger: false,
    onRcptTo: (address, session, callback) => answer(admit(deps, read, address, session), deps, callback),
    onData: (stream, session, callback) => answer(receive(deps, stream, session), deps, callback),
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

/** With a certificate STARTTLS is offered; servers that send reports fall back to plain text where it is not. */
function encryption({ inboundTlsPem }: IntakeDeps['config']) {
  if (inboundTlsPem === undefined) return { disabledCommands: ['AUTH', 'STARTTLS'] };
  const pem = readFileSync(inboundTlsPem);
  return { disabledCommands: ['AUTH'], cert: pem, key: pem };
}

/** A refusal says what it is; what is not a refusal is our trouble, and they come again. */
function answer(work: Promise<void>, { log }: IntakeDeps, callback: (error?: Error | null) => void): void {
  work.then(
    () => callback(),
    (error: Error & { responseCode?: number }) => {
      if (error.responseCode === undefined) log.error({ err: error }, 'a report could not be taken in');
      callback(error.responseCode === undefined ? refusal(451, '4.3.0 Try again later') : error);
    },
  );
}

async function admit(
  { config }: IntakeDeps,
  read: ReadAddress,
  { address }: SMTPServerAddress,
  { envelope }: SMTPServerSession,
): Promise<void> {
  if (envelope.rcptTo.length >= MOST_RECIPIENTS) throw refusal(452, '4.5.3 Too many recipients');
  const [local = '', domain = ''] = address.split('@');
  if ((await read(local)) !== undefined) return;
  if (config.bounceDomain === domain.toLowerCase() && OPEN_TO_ALL.test(local)) return;
  throw refusal(550, '5.1.1 There is nobody here by that name');
}

async function receive({ inbound }: IntakeDeps, stream: SMTPServerDataStream, { envelope }: SMTPServerSession) {
  const raw = await collected(stream);
  const to = envelope.rcptTo.map(({ address }) => address);
  if (to.every((address) => OPEN_TO_ALL.test(address.split('@')[0] ?? ''))) await demandReport(raw);
  await inbound.keepMail(null, raw, to);
}

/** Nobody fills our store through an address that everybody knows. */
async function demandReport(raw: Buffer): Promise<void> {
  const { kind } = await readInbound(raw);
  if (kind !== 'feedback' && kind !== 'delivery') throw refusal(550, '5.7.1 Only reports are read here');
}

async function collected(stream: SMTPServerDataStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  // What is too large is read to its end, but not kept.
  for await (const chunk of stream) if (!stream.sizeExceeded) chunks.push(chunk as Buffer);
  if (stream.sizeExceeded) throw refusal(552, `5.3.4 A report may have ${LARGEST_REPORT} bytes`);
  return Buffer.concat(chunks);
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
