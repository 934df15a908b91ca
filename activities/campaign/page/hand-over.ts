import { setTimeout as pause } from 'node:timers/promises';
import { now } from '../../../clock.js';
import { fateOf } from '../../../domain/delivery/classify.js';
import type { Fate } from '../../../domain/delivery/outcome.js';
import { shortReply } from '../../../domain/delivery/scrub.js';
import type { CompiledLetter } from '../../../mail/letter/compile.js';
import type { SplicedMail, Unrenderable } from '../../../mail/letter/letter.js';
import { spliceMail } from '../../../mail/letter/splice.js';
import type { LinkTokens } from '../../../mail/tokens/link-tokens.js';
import type { ReturnPaths } from '../../../mail/tokens/return-path.js';
import type { FailoverTransport } from '../../../mail/transports/failover.js';
import type { PageOwner } from './owner.js';
import type { Sendable } from './recipient-reader.js';
import type { Claim } from './window-claim.js';

export interface HandOverDeps {
  readonly routes: Pick<FailoverTransport, 'deliver'>;
  readonly linkTokens: LinkTokens;
  readonly paths: Pick<ReturnPaths, 'forRecipient'>;
  /** Signs a finished mail with the keys of the campaign's sender; undefined: it has none, and mail is sent unsigned. */
  readonly sign: ((mail: SplicedMail) => Promise<SplicedMail>) | undefined;
  /** Aborted at the drain limit: mail whose hand-over has not begun is not sent. */
  readonly drained: AbortSignal;
}

/** Called once per recipient; without a fate the page was lost before any byte of the mail was sent. */
export type Settle = (i: number, fate?: Fate) => void;

const TRUST_CHECK_MS = 50;

/** Hands claimed recipients over and reports the fate of each. */
export function handOvers(deps: HandOverDeps, owner: PageOwner, letter: CompiledLetter, settle: Settle) {
  const open = new Set<Promise<void>>();

  const deliver = async (i: number, subscriber: Sendable, paid: string | undefined): Promise<void> => {
    const made = splice(letter, subscriber, deps.linkTokens);
    if (made.kind === 'unrenderable') {
      const { class: reason, scope, code } = made;
      settle(i, { kind: 'failed', class: reason, scope, code, reply: made.reason });
      return;
    }
    const mail = deps.sign === undefined ? made : await signed(made, deps.sign);
    if (mail.kind !== 'mail') {
      settle(i, mail);
      return;
    }
    const outcome = await whileTrusted(deps, owner, withReturnPath(deps, letter, mail, subscriber._id), paid);
    settle(i, outcome === undefined ? undefined : fateOf(outcome));
  };

  return {
    begin: ({ candidates, paid }: Pick<Claim, 'candidates' | 'paid'>): void => {
      for (const candidate of candidates) {
        if ('skip' in candidate) {
          settle(candidate.i, candidate.skip);
          continue;
        }
        const { i, subscriber } = candidate;
        const mail = deliver(i, subscriber, paid)
          .catch((error) => settle(i, uncertainAfter(error)))
          .finally(() => open.delete(mail));
        open.add(mail);
      }
    },
    /** No mail is open any more. */
    ended: async (): Promise<void> => {
      await Promise.allSettled(open);
    },
  };
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

/** A failure while building one recipient's mail, also a bug, fails only this recipient. */
function splice(letter: CompiledLetter, subscriber: Sendable, links: LinkTokens): SplicedMail | Unrenderable {
  try {
    return spliceMail(letter, { ...subscriber, id: subscriber._id }, now(), links);
  } catch (error) {
    const reason = shortReply(String(error));
    return { kind: 'unrenderable', class: 'render_error', scope: 'message', code: null, reason };
  }
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

/** An internal error during the hand-over: whether the mail was sent is unknown, and the other recipients go on. */
function uncertainAfter(error: unknown): Fate {
  const reply = shortReply(String(error));
  return { kind: 'uncertain', class: 'internal_error', scope: 'message', code: null, reply };
}

/** Mail is sent only under a trusted lease: while the lease is uncertain and the page is not lost, the mail waits. */
async function whileTrusted(
  { routes, drained }: HandOverDeps,
  owner: PageOwner,
  mail: SplicedMail,
  paid: string | undefined,
) {
  const { account, campaign } = owner.page();
  const share = { account, campaign };
  while (!owner.lost()) {
    if (!owner.trusted() && !drained.aborted) {
      await pause(TRUST_CHECK_MS);
      continue;
    }
    const outcome = await routes.deliver(mail, { mayBegin: owner.trusted, signal: drained, paid, share });
    const heldBack = outcome.kind === 'not_handed_over' && !owner.trusted() && !drained.aborted;
    if (!heldBack) return outcome;
  }
  return undefined;
}
