import { now } from '../../../clock.js';
import type { ExceptionKind } from '../../../domain/campaign/campaign.js';
import type { LedgerPage, PageException, Step } from '../../../domain/campaign/ledger-page.js';
import { ledger } from '../../../store/campaigns/ledger.js';
import { events } from '../../../store/events/events.js';
import type { DeadOwners } from '../../../store/mongo/lease.js';
import { type Connection, issue, unreliableStore } from '../network.js';
import type { Reply } from '../receiver.js';
import type { Attempt, CampaignModel } from './model.js';

export const WINDOW = 3;

/** A lease that treats every owned page as abandoned, also that of a live owner. */
export const WRONG_LEASE = -60_000;
/** Treats the owners of all pages as dead, also those that live. */
export function wronglyDead({ tokens }: CampaignModel): DeadOwners {
  return { ids: () => Array.from({ length: tokens }, (_, k) => `token-${k + 1}`), unwrittenFor: WRONG_LEASE };
}

/** A lease longer than any run: only released pages are taken. */
export const FAIR_LEASE = 3_600_000;

export function anAttempt(model: CampaignModel, token: string): Attempt {
  const connection: Connection = { faults: [] };
  const store = unreliableStore(model.store, connection, model.underway, model.mutation);
  return {
    connection,
    mutation: model.mutation,
    open: (lease, dead) => ledger(store, lease, dead),
    state: 'idle',
    token,
    page: undefined,
    known: new Map(),
    publishedTo: 0,
  };
}

const alive = (attempt: Attempt) => () => attempt.state !== 'dead';

export function take(model: CampaignModel, attempt: Attempt, lease: number, dead?: DeadOwners): Promise<void> {
  return issue(attempt.connection, async () => {
    const key = { ...model.key, round: model.round };
    const page = await attempt.open(lease, dead).take(key, attempt.token, alive(attempt));
    if (page === undefined || attempt.state === 'dead') return;
    attempt.page = page;
    attempt.known.clear();
    attempt.publishedTo = page.published;
    attempt.state = 'working';
  });
}

/** Settles the known results without a gap and claims up to `claim` more. Skips a write that would change nothing. */
export async function advance(model: CampaignModel, attempt: Attempt, claim: number): Promise<void> {
  const { page } = attempt;
  if (page === undefined) return;
  const step = nextStep(attempt, page, claim);
  if (step.settled === page.settled && step.claimed === page.claimed && step.published === page.published) return;
  const after = { ...page, ...step, exceptions: [...page.exceptions, ...step.exceptions] };
  if (attempt.mutation.publishesEarly) await publishEntries(model, page, step.exceptions);
  await issue(attempt.connection, async () => {
    const written = attempt.open(FAIR_LEASE).advance(page, step, alive(attempt));
    if (attempt.mutation.handsOverEarly) claimed(model, attempt, page, after);
    if ((await written) === 'lost') {
      attempt.state = attempt.state === 'dead' ? 'dead' : 'lost';
      return;
    }
    if (!attempt.mutation.handsOverEarly) claimed(model, attempt, page, after);
    attempt.page = after;
  });
}

/** Sets the fate of skipped recipients with the claim. A mutant hands the others over at once. */
function claimed(model: CampaignModel, attempt: Attempt, before: LedgerPage, after: LedgerPage): void {
  for (let i = before.claimed; i < after.claimed; i++) {
    if (model.left.has(after.ids[i] ?? 0)) attempt.known.set(i, 'skipped');
    else if (attempt.mutation.handsOverEarly) hand(model, attempt, i);
  }
}

function nextStep(attempt: Attempt, page: LedgerPage, claim: number): Step {
  const exceptions: PageException[] = [];
  let settled = page.settled;
  for (; settled < page.claimed; settled++) {
    const fate = attempt.known.get(settled);
    if (fate === undefined || fate === 'open') break;
    if (fate !== 'sent') exceptions.push(entry(settled, fate));
  }
  const limit = Math.min(page.n, settled + WINDOW, page.claimed + claim);
  return { settled, claimed: Math.max(page.claimed, limit), published: attempt.publishedTo, exceptions };
}

function entry(i: number, kind: ExceptionKind): PageException {
  return { i, kind, class: 'model', scope: 'message', code: null, reply: null, at: now(), by: null, next: null };
}

/** Claimed, not handed over yet. */
export function waiting({ page, known, state }: Attempt): number[] {
  if (page === undefined || state !== 'working') return [];
  return Array.from({ length: page.claimed - page.settled }, (_, k) => page.settled + k).filter((i) => !known.has(i));
}

export function hand(model: CampaignModel, attempt: Attempt, i: number): void {
  const { page, token } = attempt;
  const id = page?.ids[i];
  if (page === undefined || id === undefined) return;
  attempt.known.set(i, 'open');
  const answer = (reply: Reply) => {
    if (attempt.state === 'dead' || attempt.token !== token || attempt.page?._id !== page._id) return;
    if (reply === 'again') attempt.known.delete(i);
    else attempt.known.set(i, reply);
  };
  model.receiver.hand({ round: page.round, id, answer });
}

/** Publishes the confirmed entries; the next advance records that on the page. */
export async function publish(model: CampaignModel, attempt: Attempt): Promise<void> {
  const { page } = attempt;
  if (page === undefined) return;
  await publishEntries(model, page, page.exceptions.slice(attempt.publishedTo));
  attempt.publishedTo = page.exceptions.length;
}

export function publishEntries(
  model: CampaignModel,
  page: LedgerPage,
  entries: readonly PageException[],
): Promise<void> {
  const { account, campaign } = page;
  return events(model.store).append(
    entries.map(({ i, kind }) => ({ _id: `${page._id}:${i}`, account, campaign, type: `recipient.${kind}` })),
  );
}

/** Finishes the page if this attempt knows it as settled, else releases it. */
export function close(attempt: Attempt): Promise<void> {
  const { page } = attempt;
  return issue(attempt.connection, async () => {
    if (page === undefined || page.settled < page.claimed) return;
    const mine = attempt.open(FAIR_LEASE);
    const through = page.settled === page.n;
    if (through && page.published < page.exceptions.length) return;
    const verdict = await (through ? mine.finish(page, alive(attempt)) : mine.release(page, alive(attempt)));
    if (attempt.state !== 'dead') attempt.state = verdict === 'done' ? 'idle' : 'lost';
  });
}

export function renew(attempt: Attempt): Promise<void> {
  const { page } = attempt;
  return issue(attempt.connection, async () => {
    if (page === undefined) return;
    const verdict = await attempt.open(FAIR_LEASE).renew(page, alive(attempt));
    if (verdict === 'lost' && attempt.state !== 'dead') attempt.state = 'lost';
  });
}
