import { SIGNING_THREADS } from '../mail/dkim/threads/pool.js';
import { startSink } from './receiver/sink.js';
import type { Measured } from './report/result.js';
import { comparison, type Figures, interleaved, type Runs } from './report/rounds.js';
import { type BenchSendOptions, sent } from './send.js';
import { bareSignatures } from './sender/bare-signatures.js';
import { finishedMail, type Sender, sendingProcess } from './sender/sender.js';

/** Signed mail must be as fast as the lesser of these shares of the bare signatures and of unsigned mail. */
const OF_BARE = 0.55;
const OF_UNSIGNED = 0.8;
const REQUIRED = 'required';

const BOTH = ['rsa-sha256', 'ed25519-sha256'] as const;

/** Signed mail, by RSA-2048 alone and with ed25519 beside it, against unsigned mail and against its bare signatures. */
export async function benchDkim({ path, mails, rounds, connections }: BenchSendOptions): Promise<Measured> {
  const sink = await startSink(path);
  const senders: Readonly<Record<string, Sender>> = {
    unsigned: sendingProcess('everpost'),
    RSA: sendingProcess('rsa'),
    'bare RSA': await bareSignatures(BOTH.slice(0, 1)),
    'RSA and ed25519': sendingProcess('rsa and ed25519'),
    'bare RSA and ed25519': await bareSignatures(BOTH),
  };
  try {
    const load = { url: sink.url, connections, mails };
    const sides = Object.entries(senders).map(([name, sender]) => [name, () => sent(sender, load)] as const);
    const runs = await interleaved(Object.fromEntries(sides), rounds);
    return {
      conditions: {
        receiver: sink.name,
        connections,
        'signing threads': SIGNING_THREADS,
        'mails of a run': mails,
        'bytes of a mail': finishedMail().length,
      },
      tables: ['RSA', 'RSA and ed25519'].map((signed) => tableOf(runs, signed)),
    };
  } finally {
    await Promise.all(Object.values(senders).map((sender) => sender.stop()));
    await sink.stop();
  }
}

function tableOf(runs: Runs, signed: string) {
  const bare = `bare ${signed}`;
  const sides = { [signed]: runs[signed] ?? [], [bare]: runs[bare] ?? [], unsigned: runs['unsigned'] ?? [] };
  const required = sides[bare]?.map((figures, round) => requiredOf(figures, sides.unsigned?.[round])) ?? [];
  const quotients = [bare, 'unsigned', REQUIRED].map((other) => [signed, other] as const);
  return comparison(`Signed with ${signed}`, { ...sides, [REQUIRED]: required }, quotients);
}

/** The least rate of a round that is enough. */
function requiredOf(bare: Figures, unsigned: Figures = {}): Figures {
  const rate = (figures: Figures) => figures['mails/s'] ?? Number.NaN;
  return { 'mails/s': Math.min(OF_BARE * rate(bare), OF_UNSIGNED * rate(unsigned)) };
}
