import { once } from 'node:events';
import type { DkimAlgorithm } from '../../domain/sender-domain.js';
import { newKeyPair, testedSigner } from '../../mail/dkim/keys.js';
import type { Signer } from '../../mail/dkim/sign.js';
import { digestOf } from '../../mail/dkim/signature.js';
import { SIGNING_THREADS } from '../../mail/dkim/threads/pool.js';
import { threadBeside } from '../../mail/worker-thread.js';
import { machineTime } from '../harness/machine-time.js';
import type { BareOrder } from './bare-thread.js';
import type { Sender } from './sender.js';

/** The signatures of the mails alone, in as many threads as the signing pool has; no mails and no receiver. */
export async function bareSignatures(algorithms: readonly DkimAlgorithm[]): Promise<Sender> {
  const signers = await newSigners(algorithms);
  const threads = Array.from({ length: SIGNING_THREADS }, () => threadBeside(import.meta.url, 'bare-thread'));
  const keys = signers.map(({ algorithm, key }) => [digestOf(algorithm), key] as const);
  return {
    run: async ({ mails }) => {
      const cpu = process.cpuUsage();
      const begun = machineTime();
      const order: BareOrder = { keys, times: Math.ceil(mails / threads.length) };
      for (const thread of threads) thread.postMessage(order);
      await Promise.all(threads.map((thread) => once(thread, 'message')));
      const { user, system } = process.cpuUsage(cpu);
      return { seconds: (machineTime() - begun) / 1_000, cpu: (user + system) / 1_000, loopDelay: Number.NaN };
    },
    stop: async () => {
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  };
}

/** Signers with new keys. */
export function newSigners(algorithms: readonly DkimAlgorithm[]): Promise<readonly Signer[]> {
  return Promise.all(
    algorithms.map(async (algorithm) => {
      const names = { domain: 'example.test', selector: algorithm };
      const signer = await testedSigner({ ...(await newKeyPair(algorithm)), ...names });
      if ('kind' in signer) throw new Error(signer.reason);
      return signer;
    }),
  );
}
