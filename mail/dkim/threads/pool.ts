import { availableParallelism } from 'node:os';
import type { SplicedMail } from '../../letter/letter.js';
import { type Signer, signingTime } from '../sign.js';
import { type SignedContent, signedContent, withSignatures } from '../signature.js';
import type { SigningJob } from './signing-thread.js';
import { openSigningThread, type SigningThread } from './thread-handle.js';

export interface SigningPool {
  /**
   * Adds one signature of each signer to a finished mail; rejects if one cannot be made. Calls of the same turn of the
   * event loop with the same array of signers share jobs, so a window of mails is signed with one call for each.
   */
  sign(mail: SplicedMail, signers: readonly Signer[]): Promise<SplicedMail>;
  close(): Promise<void>;
}

interface Waiting {
  readonly content: SignedContent;
  readonly signers: readonly Signer[];
  readonly resolve: (fields: string) => void;
  readonly reject: (error: unknown) => void;
}

/** One core is left to the event loop, which hands the mails over. */
export const SIGNING_THREADS = Math.max(1, availableParallelism() - 1);
/** Mails of a job: few, so that the first mails of a window leave soon and all threads have work. */
const JOB_MAILS = 8;
/** One job runs and one waits, so that a thread does not wait for the event loop. */
const JOBS_OF_A_THREAD = 2;

/**
 * Signs the mails of campaigns in worker threads. The event loop canonicalizes them; a thread hashes the bodies and makes
 * the signatures, so that libuv's pool stays free for DNS and files. Threads start with the first mail.
 */
export function signingPool(size: number = SIGNING_THREADS): SigningPool {
  const threads = new Set<SigningThread>();
  const queue: Waiting[] = [];
  let dispatching = false;
  let closed = false;

  /** One without a job; else a new one; else one whose next job waits. */
  const freeThread = (): SigningThread | undefined => {
    const known = [...threads];
    const idle = known.find((thread) => thread.jobs() === 0);
    if (idle !== undefined) return idle;
    if (threads.size === size) return known.find((thread) => thread.jobs() < JOBS_OF_A_THREAD);
    const fresh = openSigningThread(() => threads.delete(fresh));
    threads.add(fresh);
    return fresh;
  };

  const dispatch = (): void => {
    dispatching = false;
    while (queue.length > 0) {
      const thread = freeThread();
      if (thread === undefined) return;
      void runJob(thread, nextMails(queue)).finally(dispatch);
    }
  };

  return {
    sign: async (mail, signers) => {
      if (signers.length === 0) return mail;
      if (closed) throw closedPool();
      const content = signedContent(mail);
      const fields = new Promise<string>((resolve, reject) => queue.push({ content, signers, resolve, reject }));
      if (!dispatching) setImmediate(dispatch);
      dispatching = true;
      return withSignatures(mail, await fields);
    },
    close: async () => {
      closed = true;
      for (const { reject } of queue.splice(0)) reject(closedPool());
      await Promise.all([...threads].map((thread) => thread.end(closedPool())));
    },
  };
}

async function runJob(thread: SigningThread, mails: readonly Waiting[]): Promise<void> {
  try {
    const fields = await thread.run(jobOf(mails));
    for (const [i, { resolve, reject }] of mails.entries()) {
      const made = fields[i];
      if (made === undefined) reject(new Error('a mail was not signed'));
      else resolve(made);
    }
  } catch (error) {
    for (const { reject } of mails) reject(error);
  }
}

/** The first mails of the queue, as far as the same keys sign them. */
function nextMails(queue: Waiting[]): readonly Waiting[] {
  const first = queue.slice(0, JOB_MAILS);
  const other = first.findIndex(({ signers }) => signers !== first[0]?.signers);
  return queue.splice(0, other === -1 ? first.length : other);
}

/** The bodies are copied once, into memory that moves to the thread. */
function jobOf(mails: readonly Waiting[]): SigningJob {
  const contents = mails.map(({ content: { names, header, body } }) => ({ names, header, bodyLength: lengthOf(body) }));
  const bodies = new Uint8Array(contents.reduce((sum, { bodyLength }) => sum + bodyLength, 0));
  let end = 0;
  for (const { content } of mails) {
    for (const piece of content.body) {
      bodies.set(piece, end);
      end += piece.length;
    }
  }
  return { signers: mails[0]?.signers ?? [], time: signingTime(), mails: contents, bodies };
}

function lengthOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

function closedPool(): Error {
  return new Error('the signing pool is closed');
}
