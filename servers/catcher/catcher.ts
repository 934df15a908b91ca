import type { Server } from 'node:net';
import { inboxServer } from './inbox.js';
import { openMailbox } from './mailbox.js';
import { smtpServer } from './smtp.js';

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
