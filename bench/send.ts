import { findProgram, startSink } from './receiver/sink.js';
import type { Measured } from './report/result.js';
import { comparison, type Figures, interleaved } from './report/rounds.js';
import { finishedMail, type Sender, type SendingLoad, sendingProcess, smtpSource } from './sender/sender.js';

export interface BenchSendOptions {
  /** Folders to search for smtp-sink and smtp-source, as in PATH. */
  readonly path: string;
  /** Mails of one run. */
  readonly mails: number;
  /** Runs of each side. */
  readonly rounds: number;
  /** SMTP connections of each side. */
  readonly connections: number;
}

/** The engine alone: our transport with a compiled letter, smtp-source where it is installed, and nodemailer's composing pool. */
export async function benchSend({ path, mails, rounds, connections }: BenchSendOptions): Promise<Measured> {
  const sink = await startSink(path);
  const senders = await sendersOn(path);
  try {
    const load = { url: sink.url, connections, mails };
    const sides = Object.entries(senders).map(([name, sender]) => [name, () => sent(sender, load)] as const);
    const runs = await interleaved(Object.fromEntries(sides), rounds);
    const quotients = [
      ['Everpost', 'smtp-source'],
      ['Everpost', 'nodemailer'],
      ['Everpost', 'Everpost, not tracked'],
    ] as const;
    return {
      conditions: {
        receiver: sink.name,
        connections,
        'mails of a run': mails,
        'bytes of a mail': finishedMail().length,
      },
      tables: [comparison('The send path alone', runs, quotients)],
    };
  } finally {
    await Promise.all(Object.values(senders).map((sender) => sender.stop()));
    await sink.stop();
  }
}

async function sendersOn(path: string): Promise<Readonly<Record<string, Sender>>> {
  const source = findProgram('smtp-source', path);
  return {
    Everpost: sendingProcess('everpost'),
    'Everpost, not tracked': sendingProcess('untracked'),
    ...(source !== undefined && { 'smtp-source': await smtpSource(source) }),
    nodemailer: sendingProcess('nodemailer'),
  };
}

export async function sent(sender: Sender, load: SendingLoad): Promise<Figures> {
  const { seconds, cpu } = await sender.run(load);
  return { 'mails/s': load.mails / seconds, 'CPU ms per mail': cpu / load.mails };
}
