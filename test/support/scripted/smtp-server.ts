import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { smtpConversation } from './smtp-conversation.js';
import type { ReceivedMail, ServerState, SmtpScript, Step } from './smtp-script.js';

export interface SmtpServer {
  readonly port: number;
  readonly url: string;
  /** In the order in which they were accepted, also where the reply never reached the client. */
  readonly accepted: readonly ReceivedMail[];
  readonly steps: Readonly<Record<Step, number>>;
  /** Connections now open. */
  open(): number;
  /** From now on no dot is answered; the returned function lets the replies go. */
  hold(): () => void;
  /** Resolves when `count` mails were accepted. */
  untilAccepted(count: number): Promise<void>;
  /** Resolves when a step of this kind happened `count` times. */
  untilStep(step: Step, count: number): Promise<void>;
  /** Breaks all connections and stops listening. */
  close(): Promise<void>;
}

/** A real SMTP server on a free port of 127.0.0.1 that follows a script and remembers every mail it took. */
export async function smtpServer(script: SmtpScript = {}): Promise<SmtpServer> {
  const sockets = new Set<Socket>();
  const watchers = new Set<() => void>();
  const state: ServerState = {
    script,
    accepted: [],
    steps: { connect: 0, ehlo: 0, auth: 0, mail: 0, rcpt: 0, data: 0, body: 0, dot: 0, rset: 0, quit: 0 },
    held: undefined,
    changed: () => {
      for (const check of watchers) check();
    },
  };
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!holds()) return;
        watchers.delete(check);
        resolve();
      };
      watchers.add(check);
      check();
    });
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    smtpConversation(socket, state);
  });
  const port = await listen(server, script.port ?? 0);
  return {
    port,
    url: `smtp://127.0.0.1:${port}`,
    accepted: state.accepted,
    steps: state.steps,
    open: () => sockets.size,
    hold() {
      let letGo = (): void => undefined;
      state.held = new Promise((resolve) => {
        letGo = resolve;
      });
      return () => {
        state.held = undefined;
        letGo();
      };
    },
    untilAccepted: (count) => until(() => state.accepted.length >= count),
    untilStep: (step, count) => until(() => state.steps[step] >= count),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
