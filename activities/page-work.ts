import { now } from '../clock.js';
import { domainOf } from '../domain/bad-domain.js';
import type { Fate } from '../domain/outcome.js';
import type { LedgerPage } from '../domain/page.js';
import type { Fates } from '../domain/window.js';
import { blamesTheTransport, lowestUnfinished, oddOnes, wasAsked } from '../domain/window.js';
import type { CompiledLetter } from '../mail/compile.js';
import type { Attempt } from './attempt.js';
import type { WorkDeps } from './delivery.js';
import { doorbell } from './doorbell.js';
import { handOvers } from './hand-over.js';
import type { PageOwner } from './page-owner.js';
import { openRoster } from './roster.js';
import { type Claim, claimer } from './window-claim.js';

/** The work on one owned page: claim a window, hand it over, settle what came of it, until the page or the attempt ends. */
export async function workPage(deps: WorkDeps, attempt: Attempt, owner: PageOwner, letter: CompiledLetter) {
  const fates = new Map<number, Fate>();
  const domains = new Map<number, string>();
  const bell = doorbell();
  const mails = handOvers(deps, owner, letter, (i, fate) => {
    if (fate !== undefined) note(i, fate);
    bell.ring();
  });
  const note = (i: number, seen: Fate) => {
    const fate = wasAsked(seen) ? attempt.judgeSender(seen, domains.get(i)) : seen;
    fates.set(i, fate);
    attempt.judgeTransport(wasAsked(fate) ? blamesTheTransport(fate) : undefined);
  };
  const begin = (claim: Claim) => {
    for (const one of claim.candidates) {
      if ('subscriber' in one) domains.set(one.i, domainOf(one.subscriber.email_key));
    }
    mails.begin(claim);
  };
  const claims = claimer(
    deps,
    attempt,
    openRoster({ ...deps, freshness: deps.times.freshness, again: begunAgain(attempt, owner) }, owner.page()),
    bell.ring,
  );

  /** One page write, or a rest until there is news; false: there is nothing left to do here. */
  const step = async (): Promise<boolean> => {
    const page = owner.page();
    const settled = lowestUnfinished(page, fates);
    const claim = claims.next(page, settled, attempt.window());
    // Settling goes into the same write as the claim where one is about to follow.
    if (claim !== undefined || (!claims.soon() && worthSettling(page, settled, attempt.window()))) {
      const odd = oddOnes(fates, page.settled, settled, now());
      const mine = await owner.advance({ settled, claimed: claim?.upTo ?? page.claimed, odd });
      if (mine && claim !== undefined) begin(claim);
      return true;
    }
    if (isAtRest(page) && (page.claimed === page.n || !attempt.mayClaim())) return false;
    await bell.wait(claims.waitFor());
    await owner.renewIfDue();
    return true;
  };

  try {
    while (!owner.lost() && (await step()));
    if (!owner.lost()) await owner.close();
  } finally {
    await mails.ended();
    if (owner.lost()) await offerLate(deps, owner, fates);
  }
}

/** When a further round was due. */
function begunAgain(attempt: Attempt, owner: PageOwner): Date | undefined {
  const { round } = owner.page();
  return round === 0 ? undefined : attempt.campaign().rounds[round]?.due;
}

/** Nothing is in flight. */
function isAtRest({ settled, claimed }: LedgerPage): boolean {
  return settled === claimed;
}

/** Settling alone is worth a write once half a window has come in, or nothing else is left to wait for. */
function worthSettling(page: { settled: number; claimed: number }, settled: number, window: number): boolean {
  const news = settled - page.settled;
  return news > 0 && (settled === page.claimed || news >= Math.ceil(window / 2));
}

/** The page has another owner, who listed our open mail as doubtful: what we learned of it is evidence. */
async function offerLate({ ledger, events }: WorkDeps, owner: PageOwner, fates: Fates): Promise<void> {
  const page = owner.page();
  if (page.token === null) return;
  for (const [i, fate] of fates) {
    if (i < page.settled || (fate.kind !== 'sent' && fate.kind !== 'failed')) continue;
    const said = fate.kind === 'sent' ? { class: 'accepted', code: null } : { class: fate.class, code: fate.code };
    const evidence = { i, kind: fate.kind, ...said, reply: fate.reply ?? null, at: now() };
    if (!(await ledger.late(page, { ...evidence, by: page.token }))) continue;
    const { account, campaign, ids } = page;
    const subscriber = ids[i];
    const event = { _id: `${page._id}:${i}:late`, account, campaign, type: `recipient.${fate.kind}`, data: said };
    await events.append([{ ...event, ...(subscriber === undefined ? {} : { subscriber }) }]);
  }
}
