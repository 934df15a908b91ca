import { now } from '../../clock.js';
import type { OddKind } from '../../domain/campaign.js';
import type { LedgerPage, OddEntry, Step } from '../../domain/page.js';
import { events } from '../../store/events.js';
import { ledger } from '../../store/ledger.js';
import { issue, type Line, over } from './network.js';
import type { Reply } from './receiver.js';
import type { Attempt, World } from './world.js';

export const WINDOW = 3;

/** Judges every page that is owned as abandoned, whoever owns it and however alive. */
export const WRONG_LEASE = -60_000;
/** Longer than any run: takes only pages that were given back. */
export const FAIR_LEASE = 3_600_000;

export function anAttempt(world: World, token: string): Attempt {
  const line: Line = { faults: [] };
  const store = over(world.store, line, world.underway, world.bend);
  return {
    line,
    bend: world.bend,
    open: (lease) => ledger(store, lease),
    state: 'idle',
    token,
    page: undefined,
    known: new Map(),
    toldTo: 0,
  };
}

export const alive = (attempt: Attempt) => () => attempt.state !== 'dead';

export function take(world: World, attempt: Attempt, lease: number): Promise<void> {
  return issue(attempt.line, async () => {
    const key = { ...world.key, round: world.round };
    const page = await attempt.open(lease).take(key, attempt.token, alive(attempt));
    if (page === undefined || attempt.state === 'dead') return;
    attempt.page = page;
    attempt.known.clear();
    attempt.toldTo = page.told;
    attempt.state = 'working';
  });
}

/** Settles what is known without a gap and claims up to `claim` more; a write that would change nothing is not made. */
export async function advance(world: World, attempt: Attempt, claim: number): Promise<void> {
  const { page } = attempt;
  if (page === undefined) return;
  const step = nextStep(attempt, page, claim);
  if (step.settled === page.settled && step.claimed === page.claimed && step.told === page.told) return;
  const after = { ...page, ...step, odd: [...page.odd, ...step.odd] };
  if (attempt.bend.tellsEarly) await tellEntries(world, page, step.odd);
  await issue(attempt.line, async () => {
    const written = attempt.open(FAIR_LEASE).advance(page, step, alive(attempt));
    if (attempt.bend.handsOverEarly) claimed(world, attempt, page, after);
    if ((await written) === 'lost') {
      attempt.state = attempt.state === 'dead' ? 'dead' : 'lost';
      return;
    }
    if (!attempt.bend.handsOverEarly) claimed(world, attempt, page, after);
    attempt.page = after;
  });
}

/** Skipped recipients have their fate with the claim; a mutant hands the others over at once. */
function claimed(world: World, attempt: Attempt, before: LedgerPage, after: LedgerPage): void {
  for (let i = before.claimed; i < after.claimed; i++) {
    if (world.left.has(after.ids[i] ?? 0)) attempt.known.set(i, 'skipped');
    else if (attempt.bend.handsOverEarly) hand(world, attempt, i);
  }
}

function nextStep(attempt: Attempt, page: LedgerPage, claim: number): Step {
  const odd: OddEntry[] = [];
  let settled = page.settled;
  for (; settled < page.claimed; settled++) {
    const fate = attempt.known.get(settled);
    if (fate === undefined || fate === 'open') break;
    if (fate !== 'sent') odd.push(entry(settled, fate));
  }
  const reach = Math.min(page.n, settled + WINDOW, page.claimed + claim);
  return { settled, claimed: Math.max(page.claimed, reach), told: attempt.toldTo, odd };
}

function entry(i: number, kind: OddKind): OddEntry {
  return { i, kind, class: 'model', scope: 'message', code: null, reply: null, at: now(), by: null, next: null };
}

/** Claimed, not handed over yet. */
export function waiting({ page, known, state }: Attempt): number[] {
  if (page === undefined || state !== 'working') return [];
  return Array.from({ length: page.claimed - page.settled }, (_, k) => page.settled + k).filter((i) => !known.has(i));
}

export function hand(world: World, attempt: Attempt, i: number): void {
  const { page, token } = attempt;
  const id = page?.ids[i];
  if (page === undefined || id === undefined) return;
  attempt.known.set(i, 'open');
  const answer = (reply: Reply) => {
    if (attempt.state === 'dead' || attempt.token !== token || attempt.page?._id !== page._id) return;
    if (reply === 'again') attempt.known.delete(i);
    else attempt.known.set(i, reply);
  };
  world.receiver.hand({ round: page.round, id, answer });
}

/** Tells the confirmed entries; the next advance says so on the page. */
export async function tell(world: World, attempt: Attempt): Promise<void> {
  const { page } = attempt;
  if (page === undefined) return;
  await tellEntries(world, page, page.odd.slice(attempt.toldTo));
  attempt.toldTo = page.odd.length;
}

export function tellEntries(world: World, page: LedgerPage, entries: readonly OddEntry[]): Promise<void> {
  const { account, campaign } = page;
  return events(world.store).append(
    entries.map(({ i, kind }) => ({ _id: `${page._id}:${i}`, account, campaign, type: `recipient.${kind}` })),
  );
}

/** Finishes the page or gives it back; whichever the page, as this attempt knows it, allows. */
export function close(attempt: Attempt): Promise<void> {
  const { page } = attempt;
  return issue(attempt.line, async () => {
    if (page === undefined || page.settled < page.claimed) return;
    const mine = attempt.open(FAIR_LEASE);
    const through = page.settled === page.n;
    if (through && page.told < page.odd.length) return;
    const verdict = await (through ? mine.finish(page, alive(attempt)) : mine.release(page, alive(attempt)));
    if (attempt.state !== 'dead') attempt.state = verdict === 'done' ? 'idle' : 'lost';
  });
}

export function renew(attempt: Attempt): Promise<void> {
  const { page } = attempt;
  return issue(attempt.line, async () => {
    if (page === undefined) return;
    const verdict = await attempt.open(FAIR_LEASE).renew(page, alive(attempt));
    if (verdict === 'lost' && attempt.state !== 'dead') attempt.state = 'lost';
  });
}
