import { hash, type KeyObject, sign } from 'node:crypto';
import { monotonic, now } from '../clock.js';
import type { DkimAlgorithm } from '../domain/sender-domain.js';
import { relaxOnce } from '../mail/dkim/canonical.js';
import { newKeyPair, testedSigner } from '../mail/dkim/keys.js';
import { type Signer, signedMail } from '../mail/dkim/sign.js';
import { compileLetter } from '../mail/letter/compile.js';
import { spliceMail } from '../mail/letter/splice.js';
import { linkTokens } from '../mail/tokens/link-tokens.js';
import { newsletter, reader } from './harness/newsletter.js';

export interface BenchDkimOptions {
  /** Mails, or bare signatures, of one run (1,000). */
  readonly mails?: number;
  /** Runs of each side (9). */
  readonly rounds?: number;
}

interface Run {
  readonly perSecond: number;
  /** CPU milliseconds of the process, thread pool included, for one mail. */
  readonly cpu: number;
}

export interface BenchDkimResult {
  /** Whole mails: spliced, relaxed, hashed, signed. */
  readonly everpost: Run;
  /** Bare signatures with the same keys, by the same call. */
  readonly bare: Run;
  /** Medians over neighbouring runs, so that other load affects both sides. */
  readonly ratio: { readonly speed: number; readonly cpu: number };
}

/** Enough in flight to keep the thread pool busy during short interruptions. */
const IN_FLIGHT = 256;

const links = linkTokens([{ kid: 1, key: Buffer.alloc(32, 7), current: true }]);

/** Signed mails against bare signatures of the same keys: first RSA, then RSA and ed25519; prints medians and ratios. */
export async function benchDkim(options: BenchDkimOptions = {}): Promise<readonly BenchDkimResult[]> {
  const both = [await aSigner('rsa-sha256'), await aSigner('ed25519-sha256')];
  const results: BenchDkimResult[] = [];
  for (const signers of [both.slice(0, 1), both]) results.push(await compared(signers, options));
  return results;
}

async function compared(signers: readonly Signer[], { mails = 1_000, rounds = 9 }: BenchDkimOptions) {
  const sides = { everpost: signedMails(signers), bare: bareSignatures(signers) };
  const runs: { readonly everpost: Run; readonly bare: Run }[] = [];
  console.log(`${signers.map(({ algorithm }) => algorithm).join(' and ')}, ${mails} mails a run`);
  for (let round = 0; round <= rounds; round += 1) {
    const run = { everpost: await measured(sides.everpost, mails), bare: await measured(sides.bare, mails) };
    // the first round warms both sides up
    if (round > 0) runs.push(run);
    if (round > 0) console.log(`${line('everpost', run.everpost)}   ${line('bare', run.bare)}`);
  }
  return reported(runs);
}

function reported(runs: readonly { readonly everpost: Run; readonly bare: Run }[]): BenchDkimResult {
  const middle = (of: (run: (typeof runs)[number]) => number) =>
    runs.map(of).sort((a, b) => a - b)[Math.floor(runs.length / 2)] ?? Number.NaN;
  const side = (name: 'everpost' | 'bare'): Run => ({
    perSecond: middle((run) => run[name].perSecond),
    cpu: middle((run) => run[name].cpu),
  });
  const [everpost, bare] = [side('everpost'), side('bare')];
  const ratio = {
    speed: middle((run) => run.everpost.perSecond / run.bare.perSecond),
    cpu: middle((run) => run.bare.cpu / run.everpost.cpu),
  };
  console.log(`median ${line('everpost', everpost)}   ${line('bare', bare)}`);
  console.log(`ratio  ${ratio.speed.toFixed(3)} of the bare signature rate, by CPU time ${ratio.cpu.toFixed(3)}\n`);
  return { everpost, bare, ratio };
}

function signedMails(signers: readonly Signer[]) {
  const compiled = compileLetter(newsletter);
  relaxOnce(compiled.plan);
  return async (id: number): Promise<void> => {
    const mail = spliceMail(compiled, reader(id), now(), links);
    if (mail.kind !== 'mail') throw new Error(mail.reason);
    await signedMail(mail, signers);
  };
}

/** The lower bound: one signature over a 32-byte hash for each key. */
function bareSignatures(signers: readonly Signer[]) {
  const digest = hash('sha256', 'a mail', 'buffer');
  return async (): Promise<void> => {
    await Promise.all(signers.map(({ algorithm, key }) => bareSignature(algorithm, key, digest)));
  };
}

function bareSignature(algorithm: DkimAlgorithm, key: KeyObject, digest: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign(algorithm === 'rsa-sha256' ? 'sha256' : null, digest, key, (error, made) =>
      error === null ? resolve(made) : reject(error),
    );
  });
}

async function measured(one: (id: number) => Promise<void>, times: number): Promise<Run> {
  const before = process.cpuUsage();
  const start = monotonic();
  let next = 0;
  const goOn = async () => {
    while (next < times) {
      next += 1;
      await one(next);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, goOn));
  const perSecond = times / ((monotonic() - start) / 1_000);
  const { user, system } = process.cpuUsage(before);
  return { perSecond, cpu: (user + system) / 1_000 / times };
}

async function aSigner(algorithm: DkimAlgorithm): Promise<Signer> {
  const selector = algorithm === 'rsa-sha256' ? 'one' : 'two';
  const signer = await testedSigner({ ...(await newKeyPair(algorithm)), domain: 'example.test', selector });
  if ('kind' in signer) throw new Error(signer.reason);
  return signer;
}

function line(name: string, { perSecond, cpu }: Run): string {
  return `${name} ${Math.round(perSecond).toLocaleString('en-US').padStart(6)}/s ${cpu.toFixed(3)} ms CPU`;
}
