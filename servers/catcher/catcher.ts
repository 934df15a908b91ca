import type { Server } from 'node:net';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { now } from '../../clock.js';
import { inboxServer } from './inbox.js';
import type { Envelope } from './mail-index.js';
import { type Mailbox, openMailbox } from './mailbox.js';

export interface CatcherOptions {
  readonly folder: string;
  /** Preferred ports; if one is in use, another is chosen. */
  readonly smtpPort: number;
  readonly inboxPort: number;
  /** Folder with the inbox's static files. */
  readonly assets: string;
}

export interface CatcherServers {
  readonly smtpPort: number;
  readonly inboxPort: number;
  stop(): Promise<void>;
}

/** Accepts mail and shows it, in this process, on the loopback only. */
export async function catchMail({ folder, smtpPort, inboxPort, assets }: CatcherOptions): Promise<CatcherServers> {
  const mailbox = await openMailbox(folder);
  const smtp = smtpServer(mailbox);
  const inbox = inboxServer(mailbox, assets);
  smtp.on('error', () => {});
  const taken = {
    smtpPort: await listen(smtp.server, smtpPort),
    inboxPort: await listen(inbox, inboxPort),
  };
  const stop = async () => {
    await new Promise<void>((resolve) => smtp.close(() => resolve()));
    inbox.closeAllConnections();
    await new Promise<void>((resolve) => inbox.close(() => resolve()));
    await mailbox.close();
  };
  return { ...taken, stop };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' || port === 0) return reject(error);
      resolve(listen(server, 0));
    };
    server.once('error', refused);
    server.listen({ port, host: '127.0.0.1' }, () => {
      server.off('error', refused);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

const LARGEST_MAIL = 50 * 1024 * 1024;
/** The subject is read from the first bytes of a mail. */
const HEADER_BYTES = 16 * 1024;
const SUBJECT_LENGTH = 500;

/** An SMTP server that accepts every mail for every recipient, after the mailbox has stored it. */
function smtpServer(mailbox: Mailbox): SMTPServer {
  return new SMTPServer({
    banner: 'Everpost catcher',
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: LARGEST_MAIL,
    socketTimeout: 10 * 60_000,
    closeTimeout: 500,
    logger: false,
    onData: (stream, session, callback) => {
      receive(mailbox, stream, session).then(
        () => callback(),
        (failure: Error) => callback(failure),
      );
    },
  });
}

async function receive(mailbox: Mailbox, stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> {
  const raw = await collect(stream);
  if (stream.sizeExceeded) throw refusal(552, `A mail may have ${LARGEST_MAIL} bytes`);
  await mailbox.append(envelopeOf(session, raw), raw);
}

function collect(stream: SMTPServerDataStream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    // A mail that is too large is read to its end and discarded.
    stream.on('data', (chunk: Buffer) => stream.sizeExceeded || chunks.push(chunk));
    stream.once('end', () => resolve(Buffer.concat(chunks)));
    stream.once('error', reject);
  });
}

function envelopeOf({ envelope }: SMTPServerSession, raw: Buffer): Envelope {
  return {
    from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
    to: envelope.rcptTo.map(({ address }) => address),
    subject: subjectOf(raw),
    receivedAt: now().getTime(),
  };
}

function subjectOf(raw: Buffer): string {
  const end = raw.indexOf('\r\n\r\n');
  const headers = raw.toString('utf8', 0, end === -1 ? HEADER_BYTES : Math.min(end, HEADER_BYTES));
  const subject = /^subject:[ \t]*(.*(?:\r?\n[ \t].*)*)/im.exec(headers)?.[1] ?? '';
  return subject.replaceAll(/\r?\n/g, '').slice(0, SUBJECT_LENGTH);
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
