import { now } from '../../../clock.js';
import {
  exceptionsAmong,
  type Fates,
  type LedgerPage,
  lowestUnfinished,
  serverAnswered,
} from '../../../domain/campaign/ledger-page.js';
import type { Fate } from '../../../domain/delivery/outcome.js';
import { domainOf } from '../../../domain/delivery/suppression.js';
import type { CompiledLetter } from '../../../mail/letter/compile.js';
import type { FailoverTransport } from '../../../mail/transports/failover.js';
import { type RecipientEvidenceStores, settleRecipient } from '../../../services/evidence.js';
import type { Letters } from '../../../services/letters/compiled-letters.js';
import type { Ledger } from '../../../store/campaigns/ledger.js';
import type { ActivityContext } from '../../heartbeat.js';
import { localSignal } from '../../signal.js';
import type { Attempt, AttemptDeps } from '../attempt.js';
import type { PublishingDeps } from '../publishing.js';
import { type HandOverDeps, handOvers } from './hand-over.js';
import type { PageOwner } from './owner.js';
import { openRecipientReader } from './recipient-reader.js';
import { type Claim, type ClaimDeps, claimer } from './window-claim.js';

/** What the work on pages needs; the routes are those of the campaign's account. */
export interface WorkDeps extends AttemptDeps, HandOverDeps, ClaimDeps, PublishingDeps, RecipientEvidenceStores {
  readonly ledger: Ledger;
  readonly letters: Letters;
  readonly activityContext: () => ActivityContext;
  readonly routes: FailoverTransport;
}

/**
 * Works on one owned page: claims a window, hands its mails over and settles their fates, until the page or the attempt ends.
 * `nearlyClaimed` is called when the rest of the page fits into one window: the next page can begin meanwhile.
 */
export async function workPage(
  deps: WorkDeps,
  attempt: Attempt,
  { owner, letter, nearlyClaimed }: { owner: PageOwner; letter: CompiledLetter; nearlyClaimed: () => void },
) {
  const { windows } = attempt;
  const { fates, record, remember } = fateRecorder(attempt);
  const signal = localSignal();
  const room = windows.hold(owner, signal.notify);
  const mails = handOvers(deps, owner, letter, (i, fate, delay) => {
    record(i, fate, delay);
    if (fate === undefined || isWorthAWrite(owner.page(), fates, windows.window())) signal.notify();
  });
  const since = { roundStart: roundStart(attempt, owner), frozenAt: attempt.campaign().rounds[0]?.due };
  const recipients = openRecipientReader({ ...deps, ...since, freshness: deps.times.freshness }, owner.page());
  const claims = claimer(deps, attempt, recipients, signal.notify);

  /** Settles up to a mark and claims in one write, then sends to what was claimed. */
  const write = async (page: LedgerPage, settled: number, claim: Claim | undefined): Promise<void> => {
    const exceptions = exceptionsAmong(fates, page.settled, settled, now());
    const mine = await owner.advance({ settled, claimed: claim?.upTo ?? page.claimed, exceptions });
    if (mine && claim !== undefined) mails.begin(remember(claim));
    if (settled > page.settled) room.settled();
    await attempt.checkFailures(exceptions);
  };

  /** One page write, or a wait for the next notification; false: there is nothing left to do on this page. */
  const step = async (): Promise<boolean> => {
    const page = owner.page();
    const settled = lowestUnfinished(page, fates);
    const window = windows.window();
    if (page.claimed + window >= page.n) nearlyClaimed();
    const claim = claims.next(page, settled, windows.windowOf(owner));
    // Settling goes into the same write as a claim that is about to follow.
    if (claim !== undefined || (!claims.soon() && worthSettling(page, settled, window))) {
      await write(page, settled, claim);
      return true;
    }
    if (isOver(page, attempt)) return false;
    await signal.wait(claims.waitFor());
    await owner.renewIfDue();
    return true;
  };

  try {
    while (!owner.lost() && (await step()));
    if (!owner.lost()) await owner.close();
  } finally {
    nearlyClaimed();
    await mails.ended();
    room.release();
    if (owner.lost()) await offerLateEvidence(deps, owner, fates);
  }
}

/** The fates of a page, as its attempt reads them: a refusal may be about the sender or the transport. */
function fateRecorder(attempt: Attempt) {
  const fates = new Map<number, Fate>();
  const domains = new Map<number, string>();
  return {
    fates,
    record: (i: number, seen?: Fate, delay?: number): void => {
      if (seen === undefined) return;
      const domain = domains.get(i);
      const fate = serverAnswered(seen) ? attempt.recordSenderOutcome(seen, domain) : seen;
      fates.set(i, fate);
      attempt.recordFate({ fate, domain, delay });
    },
    /** Keeps the domains of the recipients that are claimed. */
    remember: (claim: Claim): Claim => {
      for (const one of claim.candidates)
        if ('subscriber' in one) domains.set(one.i, domainOf(one.subscriber.email_key));
      return claim;
    },
  };
}

/** When a further round was due. */
function roundStart(attempt: Attempt, owner: PageOwner): Date | undefined {
  const { round } = owner.page();
  return round === 0 ? undefined : attempt.campaign().rounds[round]?.due;
}

/** Nothing is in flight, and nothing will be claimed. */
function isOver({ settled, claimed, n }: LedgerPage, attempt: Attempt): boolean {
  return settled === claimed && (claimed === n || !attempt.mayClaim());
}

/** Whether a fate that has just come may lead to a page write: most do not. */
function isWorthAWrite(page: LedgerPage, fates: Fates, window: number): boolean {
  const settled = lowestUnfinished(page, fates);
  return worthSettling(page, settled, window) || (page.claimed < page.n && settled + window >= page.n);
}

/** Settling alone is worth a write once half a window has fates, or all claimed recipients have one. */
function worthSettling(page: { settled: number; claimed: number }, settled: number, window: number): boolean {
  const newlySettled = settled - page.settled;
  return newlySettled > 0 && (settled === page.claimed || newlySettled >= Math.ceil(window / 2));
}

/** Another owner took the page and listed this owner's open mail as uncertain: the fates known here are evidence. */
async function offerLateEvidence(deps: WorkDeps, owner: PageOwner, fates: Fates): Promise<void> {
  const { _id: page, account, settled, token } = owner.page();
  if (token === null) return;
  for (const [i, fate] of fates) {
    if (i < settled || (fate.kind !== 'sent' && fate.kind !== 'failed')) continue;
    const { kind, reply = null } = fate;
    const result = kind === 'sent' ? { class: 'accepted', code: null } : { class: fate.class, code: fate.code };
    await settleRecipient(deps, account, { page, i }, { kind, ...result, reply, at: now() }, token);
  }
}
