import nodemailer from 'nodemailer';
import { monotonic, now } from '../clock.js';
import { PROTOCOL_TIMES } from '../domain/delivery/protocol.js';
import { compileLetter } from '../mail/letter/compile.js';
import type { Letter } from '../mail/letter/letter.js';
import { spliceMail } from '../mail/letter/splice.js';
import { destinationsOf } from '../mail/letter/tracking.js';
import { linkTokens, unsubscribeUrl } from '../mail/tokens/link-tokens.js';
import { type HandOverOrder, smtpTransport } from '../mail/transports/transport.js';
import { linkedHtml, newsletter, reader } from './harness/newsletter.js';
import { startSink } from './harness/sink.js';

export interface BenchSendOptions {
  /** Folders to search for smtp-sink, as in PATH. */
  readonly path: string;
  /** Mails of one run (4,000). */
  readonly mails?: number;
  /** Runs of each side (5). */
  readonly rounds?: number;
  /** SMTP connections of each side (16). */
  readonly connections?: number;
}

interface Run {
  readonly mailsPerSecond: number;
  /** CPU milliseconds of the sending process for one mail. */
  readonly cpuPerMail: number;
}

export interface BenchSendResult {
  readonly everpost: Run;
  readonly nodemailer: Run;
  /** The same letter with eight links, without and with tracking. */
  readonly links: Run;
  readonly followed: Run;
  /** How many times more mails a second, and how many times less CPU. */
  readonly ratio: { readonly speed: number; readonly cpu: number };
}

interface Side {
  send(id: number): Promise<void>;
  close(): Promise<void>;
}

const links = linkTokens([{ kid: 1, key: Buffer.alloc(32, 7), current: true }]);

type Name = 'everpost' | 'nodemailer' | 'links' | 'followed';
const NAMES: readonly Name[] = ['everpost', 'nodemailer', 'links', 'followed'];

/**
 * Compares our send path with nodemailer's composing pool, and a tracked letter with an untracked one: same sink,
 * interleaved runs; prints medians and ratios.
 */
export async function benchSend(options: BenchSendOptions): Promise<BenchSendResult> {
  const { mails = 4_000, rounds = 5, connections = 16 } = options;
  const sink = await startSink(options.path);
  const sides: Record<Name, (url: string, connections: number) => Side> = {
    everpost: everpost(newsletter),
    nodemailer: composingPool,
    links: everpost(linked),
    followed: everpost(followed),
  };
  const runs: Record<Name, Run[]> = { everpost: [], nodemailer: [], links: [], followed: [] };
  try {
    console.log(`${mails} mails a run, ${connections} connections, ${sink.name}`);
    for (let round = 0; round <= rounds; round += 1) {
      for (const name of NAMES) {
        const run = await measured(sides[name](sink.url, connections), mails, connections);
        // the first round warms both sides up
        if (round > 0) runs[name].push(run);
        if (round > 0) console.log(line(name, run));
      }
    }
  } finally {
    await sink.stop();
  }
  const of = (name: Name) => median(runs[name]);
  const sums = { everpost: of('everpost'), nodemailer: of('nodemailer'), links: of('links'), followed: of('followed') };
  return reported(sums);
}

const linked: Letter = { ...newsletter, html: linkedHtml };
const followed: Letter = {
  ...linked,
  tracking: { opens: true, links: new Map(destinationsOf(linked).map((url, i) => [url, i + 1])) },
};

function reported(sums: Record<Name, Run>): BenchSendResult {
  const { everpost: ours, nodemailer: theirs } = sums;
  const ratio = { speed: ours.mailsPerSecond / theirs.mailsPerSecond, cpu: theirs.cpuPerMail / ours.cpuPerMail };
  for (const name of NAMES) console.log(`median ${line(name, sums[name])}`);
  console.log(`ratio  ${ratio.speed.toFixed(2)} × the speed, CPU ÷ ${ratio.cpu.toFixed(2)}`);
  const more = sums.followed.cpuPerMail / sums.links.cpuPerMail;
  const speed = sums.followed.mailsPerSecond / sums.links.mailsPerSecond;
  console.log(`tracked against untracked: ${speed.toFixed(2)} × the speed, ${more.toFixed(2)} × the CPU`);
  return { ...sums, ratio };
}

/** Four mails in flight for each connection, as in a page's window. */
async function measured(side: Side, mails: number, connections: number): Promise<Run> {
  const cpu = process.cpuUsage();
  const start = monotonic();
  let next = 0;
  const sendOn = async () => {
    while (next < mails) {
      next += 1;
      await side.send(next);
    }
  };
  await Promise.all(Array.from({ length: connections * 4 }, sendOn));
  const seconds = (monotonic() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  await side.close();
  return { mailsPerSecond: mails / seconds, cpuPerMail: (user + system) / 1_000 / mails };
}

function everpost(letter: Letter) {
  return (url: string, connections: number): Side => {
    const compiled = compileLetter(letter);
    const transport = smtpTransport({ url, connections, times: PROTOCOL_TIMES });
    const order: HandOverOrder = { mayBegin: () => true, signal: new AbortController().signal };
    return {
      async send(id) {
        const mail = spliceMail(compiled, reader(id), now(), links);
        if (mail.kind !== 'mail') throw new Error(mail.reason);
        const outcome = await transport.deliver(mail, order);
        if (outcome.kind !== 'accepted') throw new Error(`the sink did not accept a mail: ${outcome.kind}`);
      },
      close: () => transport.close(),
    };
  };
}

function composingPool(url: string, connections: number): Side {
  const { hostname: host, port } = new URL(url);
  const pool = nodemailer.createTransport({
    host,
    port: Number(port),
    pool: true,
    maxConnections: connections,
    maxMessages: Infinity,
  });
  const { subject, from, html, text } = newsletter;
  return {
    async send(id) {
      const recipient = reader(id);
      const unsubscribe = unsubscribeUrl(newsletter.publicUrl, links.forRecipient(newsletter.campaign, id));
      const values: Readonly<Record<string, unknown>> = {
        ...recipient,
        city: recipient.attributes['city'],
        'attributes.plan': recipient.attributes['plan'],
        unsubscribe_url: unsubscribe,
      };
      await pool.sendMail({
        from: { name: from.name, address: from.email },
        to: { name: `${recipient.first_name} ${recipient.last_name}`, address: recipient.email },
        subject,
        messageId: `<7.${id}@example.test>`,
        headers: {
          'List-Unsubscribe': `<${unsubscribe}>`,
          'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
          Precedence: 'bulk',
        },
        html: filled(html, values),
        text: filled(text, values),
      });
    },
    close: async () => pool.close(),
  };
}

/** Minimal templating, so that only composing and sending are compared. */
function filled(template: string, values: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{\{ ([\w.]+) \}\}/g, (_, field: string) => String(values[field]));
}

function median(runs: readonly Run[]): Run {
  const middle = (of: (run: Run) => number) =>
    runs.map(of).sort((a, b) => a - b)[Math.floor(runs.length / 2)] ?? Number.NaN;
  return { mailsPerSecond: middle((run) => run.mailsPerSecond), cpuPerMail: middle((run) => run.cpuPerMail) };
}

function line(name: string, { mailsPerSecond, cpuPerMail }: Run): string {
  return `${name.padEnd(11)} ${Math.round(mailsPerSecond).toLocaleString('en-US').padStart(7)} mails/s  ${cpuPerMail.toFixed(3)} ms CPU a mail`;
}
