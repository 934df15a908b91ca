import { delayLine } from './receiver/line.js';
import { findProgram, startSink } from './receiver/sink.js';
import type { Measured } from './report/result.js';
import { comparison, type Figures, interleaved } from './report/rounds.js';
import { type Sender, type SendingLoad, sendingProcess, smtpSource } from './sender/sender.js';

export interface BenchLatencyOptions {
  readonly path: string;
  /** Delay of the line in each direction, in milliseconds. */
  readonly delay: number;
  /** Mails of one run for each connection. */
  readonly mails: number;
  readonly rounds: number;
  readonly connections: number;
}

/** The send path over a line with a delay: how many round trips a mail costs on one connection. */
export async function benchLatency(options: BenchLatencyOptions): Promise<Measured> {
  const { path, delay, mails, rounds, connections } = options;
  const sink = await startSink(path);
  const line = await delayLine(sink.url, delay);
  const source = findProgram('smtp-source', path);
  const senders: Readonly<Record<string, Sender>> = {
    Everpost: sendingProcess('everpost'),
    ...(source !== undefined && { 'smtp-source': await smtpSource(source) }),
    nodemailer: sendingProcess('nodemailer'),
  };
  try {
    const load = { url: line.url, connections, mails: mails * connections };
    const sides = Object.entries(senders).map(([name, sender]) => [name, () => sent(sender, load, delay)] as const);
    const runs = await interleaved(Object.fromEntries(sides), rounds);
    const quotients = [
      ['Everpost', 'smtp-source'],
      ['Everpost', 'nodemailer'],
    ] as const;
    return {
      conditions: { receiver: sink.name, connections, 'ms each way': delay, 'mails of a connection': mails },
      tables: [comparison('Over a line with a delay', runs, quotients)],
    };
  } finally {
    await Promise.all(Object.values(senders).map((sender) => sender.stop()));
    await line.stop();
    await sink.stop();
  }
}

async function sent(sender: Sender, load: SendingLoad, delay: number): Promise<Figures> {
  const { seconds, cpu, loopDelay } = await sender.run(load);
  const perConnection = load.mails / load.connections;
  return {
    'mails/s per connection': perConnection / seconds,
    'round trips per mail': (seconds * 1_000) / (2 * delay) / perConnection,
    'CPU ms per mail': cpu / load.mails,
    'event loop delay p99 ms': loopDelay,
  };
}
