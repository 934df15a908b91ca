import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { now } from '../../clock.js';
import { compileLetter } from '../../mail/letter/compile.js';
import { spliceMail } from '../../mail/letter/splice.js';
import { linkTokens } from '../../mail/tokens/link-tokens.js';
import { benchChild } from '../harness/child.js';
import { machineTime } from '../harness/machine-time.js';
import { reader } from '../harness/newsletter.js';
import { shopLetter } from './shop-letter.js';

/** What a run sends, and where. */
export interface SendingLoad {
  readonly url: string;
  readonly connections: number;
  readonly mails: number;
}

export interface SendingOrder extends SendingLoad {
  /**
   * Our transport with a compiled letter, the same without tracking, the same with DKIM signatures of an RSA-2048 key or
   * of an ed25519 key beside it, or nodemailer's pool that composes each mail: of the letter, or a small one with a code.
   */
  readonly side: 'everpost' | 'untracked' | 'rsa' | 'rsa and ed25519' | 'nodemailer' | 'nodemailer, small mail';
}

export interface SendingRun {
  readonly seconds: number;
  /** CPU milliseconds of the sending process. */
  readonly cpu: number;
  /** 99th percentile of the event loop's delay in milliseconds; NaN where there is no event loop. */
  readonly loopDelay: number;
}

export interface Sender {
  run(load: SendingLoad): Promise<SendingRun>;
  stop(): Promise<void>;
}

/** One side in a process of its own, which stays warm between its runs. */
export function sendingProcess(side: SendingOrder['side']): Sender {
  const child = benchChild(import.meta.url, 'sending');
  return { run: (load) => child.ask<SendingRun>({ ...load, side } satisfies SendingOrder), stop: child.stop };
}

/** Runs the program and then prints the CPU time of the shell and of its children (POSIX `times`). */
const TIMED = '"$@" >&2 && times';

/** Postfix's smtp-source, written in C, sends one finished mail of the same size; without pipelining. */
export async function smtpSource(program: string): Promise<Sender> {
  const folder = await mkdtemp(join(tmpdir(), 'everpost-smtp-source-'));
  const file = join(folder, 'mail');
  await writeFile(file, finishedMail().toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
  return {
    run: async ({ url, connections, mails }) => {
      const { hostname, port } = new URL(url);
      const args = ['-d', '-s', `${connections}`, '-m', `${mails}`, '-F', file, `${hostname}:${port}`];
      const begun = machineTime();
      const child = spawn('sh', ['-c', TIMED, 'sh', program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
      let times = '';
      child.stdout.setEncoding('latin1').on('data', (text: string) => {
        times += text;
      });
      const [code] = await once(child, 'close');
      if (code !== 0) throw new Error(`smtp-source ended with ${code}`);
      return { seconds: (machineTime() - begun) / 1_000, cpu: childrenCpu(times), loopDelay: Number.NaN };
    },
    stop: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The second line of `times`: user and system time of the children, as `0m1.234s 0m0.567s`. */
function childrenCpu(times: string): number {
  const line = times.trim().split('\n')[1] ?? '';
  const parts = [...line.matchAll(/(\d+)m([\d.]+)s/g)];
  if (parts.length !== 2) return Number.NaN;
  return parts.reduce((sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1_000, 0);
}

/** One mail of the shop's letter, with its CRLFs. */
export function finishedMail(): Buffer {
  const links = linkTokens([{ kid: 1, key: Buffer.alloc(32, 7), current: true }]);
  const mail = spliceMail(compileLetter(shopLetter), reader(1), now(), links);
  if (mail.kind !== 'mail') throw new Error(mail.reason);
  return Buffer.concat(mail.chunks);
}
