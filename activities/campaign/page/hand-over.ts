import { now } from '../../../clock.js';
import { fateOf } from '../../../domain/delivery/classify.js';
import type { Fate } from '../../../domain/delivery/outcome.js';
import { requestedDelay } from '../../../domain/delivery/requested-delay.js';
import { shortReply } from '../../../domain/delivery/scrub.js';
import type { CompiledLetter } from '../../../mail/letter/compile.js';
import type { SplicedMail, Unrenderable } from '../../../mail/letter/letter.js';
import { spliceMail } from '../../../mail/letter/splice.js';
import type { HandOverOrder } from '../../../mail/smtp/hand-over.js';
import type { LinkTokens } from '../../../mail/tokens/link-tokens.js';
import type { ReturnPaths } from '../../../mail/tokens/return-path.js';
import type { FailoverTransport } from '../../../mail/transports/failover.js';
import type { PageOwner } from './owner.js';
import type { Sendable } from './recipient-reader.js';
import type { Claim } from './window-claim.js';

export interface HandOverDeps {
  readonly routes: Pick<FailoverTransport, 'send'>;
  readonly linkTokens: LinkTokens;
  readonly paths: Pick<ReturnPaths, 'forRecipient'>;
  /** Signs a finished mail with the keys of the campaign's sender; undefined: it has none, and mail is sent unsigned. */
  readonly sign: ((mail: SplicedMail) => Promise<SplicedMail>) | undefined;
  /** Aborted at the drain limit: mail whose hand-over has not begun is not sent. */
  readonly drained: AbortSignal;
}

/**
 * Called once per recipient; without a fate the page was lost before any byte of the mail was sent. `delay`: the wait that
 * the server asked for, in milliseconds.
 */
export type Settle = (i: number, fate?: Fate, delay?: number) => void;

const TRUST_CHECK_MS = 50;

/** Hands claimed recipients over and reports the fate of each. */
export function handOvers(deps: HandOverDeps, owner: PageOwner, letter: CompiledLetter, settle: Settle) {
  const { routes, drained } = deps;
  const { account, campaign } = owner.page();
  const share = { account, campaign };
  let open = 0;
  let allEnded: () => void = () => undefined;

  const end = (i: number, fate?: Fate, delay?: number): void => {
    open -= 1;
    settle(i, fate, delay);
    if (open === 0) allEnded();
  };
  /** Mail is sent only under a trusted lease: while the lease is uncertain and the page is not lost, the mail waits. */
  const handOver = (i: number, mail: SplicedMail, order: HandOverOrder): void => {
    if (owner.lost()) end(i);
    else if (!owner.trusted() && !drained.aborted) setTimeout(handOver, TRUST_CHECK_MS, i, mail, order);
    else {
      routes.send(mail, order, (outcome) => {
        const isHeldBack = outcome.kind === 'not_handed_over' && !owner.trusted() && !drained.aborted;
        if (isHeldBack) handOver(i, mail, order);
        else end(i, fateOf(outcome), outcome.kind === 'refused' ? requestedDelay(outcome.reply.text) : undefined);
      });
    }
  };
  const begin = (i: number, subscriber: Sendable, order: HandOverOrder): void => {
    open += 1;
    const mail = mailFor(deps, letter, subscriber);
    if (mail.kind === 'unrenderable') {
      const { class: reason, scope, code } = mail;
      end(i, { kind: 'failed', class: reason, scope, code, reply: mail.reason });
      return;
    }
    if (deps.sign === undefined) handOver(i, mail, order);
    else void signed(mail, deps.sign).then((one) => (one.kind === 'mail' ? handOver(i, one, order) : end(i, one)));
  };

  return {
    begin: ({ candidates, paid }: Pick<Claim, 'candidates' | 'paid'>): void => {
      const order = { mayBegin: owner.trusted, signal: drained, paid, share };
      for (const candidate of candidates) {
        if ('skip' in candidate) settle(candidate.i, candidate.skip);
        else begin(candidate.i, candidate.subscriber, order);
      }
    },
    /** No mail is open any more. */
    ended: (): Promise<void> =>
      new Promise((resolve) => {
        allEnded = resolve;
        if (open === 0) resolve();
      }),
  };
}

/** A failure while building one recipient's mail, also a bug, fails only this recipient. */
function mailFor(deps: HandOverDeps, letter: CompiledLetter, subscriber: Sendable): SplicedMail | Unrenderable {
  try {
    const mail = spliceMail(letter, { ...subscriber, id: subscriber._id }, now(), deps.linkTokens);
    return mail.kind === 'mail' ? withReturnPath(deps, letter, mail, subscriber._id) : mail;
  } catch (error) {
    const reason = shortReply(String(error));
    return { kind: 'unrenderable', class: 'render_error', scope: 'message', code: null, reason };
  }
}

/** Where a bounce domain is set, reports about this mail come to an address that names this recipient (VERP). */
function withReturnPath(
  { paths }: HandOverDeps,
  { letter }: CompiledLetter,
  mail: SplicedMail,
  id: number,
): SplicedMail {
  if (!letter.bounceDomain) return mail;
  const from = `${paths.forRecipient(letter.campaign, id)}@${letter.bounceDomain}`;
  return { ...mail, envelope: { ...mail.envelope, from } };
}

/** The keys were checked before, so a failure here affects every mail: no mail is sent unsigned, and no recipient fails for it. */
async function signed(mail: SplicedMail, sign: HandOverDeps['sign'] & object): Promise<SplicedMail | Fate> {
  try {
    return await sign(mail);
  } catch (error) {
    const reply = shortReply(String(error));
    return { kind: 'deferred', class: 'signing_failed', scope: 'infrastructure', code: null, reply };
  }
}
