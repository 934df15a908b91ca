import { setTimeout as pause } from 'node:timers/promises';
import { countsForPause, type LedgerPage } from '../../domain/campaign/ledger-page.js';
import { laneWait } from '../../domain/delivery/retry.js';
import { finding, storedFindings } from '../../domain/mail/finding.js';
import { relaxOnce } from '../../mail/dkim/canonical.js';
import type { CompiledLetter } from '../../mail/letter/compile.js';
import type { SplicedMail } from '../../mail/letter/letter.js';
import type { TransportsFor } from '../../mail/transports/failover.js';
import { UnsendableLetter } from '../../services/letters/compiled-letters.js';
import type { Signing } from '../../services/signing.js';
import { pauseCampaign } from '../../services/steer-campaign.js';
import type { RoundKey, RoundState } from '../../store/campaigns/ledger.js';
import type { Campaign } from '../../store/campaigns/row.js';
import { inSpan, type SpanOptions } from '../../tracing/spans.js';
import type { LaneWait, PagesInput, PagesResult } from '../../workflows/messages/campaign.js';
import { localSignal } from '../signal.js';
import { type Attempt, beginAttempt } from './attempt.js';
import { holdLane, releaseCampaign } from './holds/hold.js';
import { instant, ownPage, type PageOwner } from './page/owner.js';
import { type WorkDeps, workPage } from './page/work.js';
import { pagePublisher } from './publishing.js';
import type { ReputationGuard } from './reputation.js';
import type { Trouble } from './transport-health.js';
import { inTurn, type TurnDeps } from './turns.js';

export interface DeliveryDeps extends Omit<WorkDeps, 'routes' | 'sign'>, TurnDeps {
  readonly signing: Pick<Signing, 'statusOf' | 'inThreads'>;
  readonly transportsFor: TransportsFor;
  readonly guard: ReputationGuard;
  /** A random token that names this process as the owner. */
  readonly newToken: () => string;
  /** Whether a process that has missed beats is about to be found dead or alive. */
  readonly ownersAreUndecided: () => boolean;
}

/** How often a lane looks for a free page while the freeze adds pages to the round. */
const FREE_PAGE_POLL_MS = 100;
/** The same while the owner of a page may be found dead. */
const DEAD_OWNER_POLL_MS = 500;

/** Milliseconds until a lane that found no free page looks again; undefined: it ends. */
function waitForPage(state: RoundState, ownersAreUndecided: boolean): number | undefined {
  if (state === 'growing') return FREE_PAGE_POLL_MS;
  return state === 'open' && ownersAreUndecided ? DEAD_OWNER_POLL_MS : undefined;
}

/** The send: takes free pages of a round one after another and works on each until the time of the attempt is over. */
export function deliveryActivities(deps: DeliveryDeps) {
  const publish = pagePublisher(deps);

  const workOnPages = async (work: WorkDeps, attempt: Attempt, pages: PagesToSend): Promise<PagesResult> => {
    const { key } = pages;
    let noneIsFree = false;
    const kept = await overlapped(async () => {
      while (attempt.mayClaim()) {
        const takenAt = instant();
        const page = await deps.ledger.take(key, deps.newToken(), attempt.alive);
        if (page !== undefined) {
          const owner = ownPage({ ...deps, publish }, page, takenAt, attempt.alive);
          return workOnPage(deps, work, attempt, { ...pages, owner });
        }
        const state = await deps.ledger.roundState(key);
        noneIsFree = state !== 'growing';
        const wait = waitForPage(state, deps.ownersAreUndecided());
        if (wait === undefined) return undefined;
        await pause(wait);
      }
      return undefined;
    });
    if (!kept) return 'more';
    if (noneIsFree && (await deps.ledger.roundState(key)) === 'over') {
      // Nothing is left to wait for, also where no mail has shown that the server takes mail again.
      await releaseCampaign(work, attempt.campaign());
      return 'finished';
    }
    if (await pauseIfSenderRefused(deps, attempt)) return 'not_wanted';
    // Also where none was free, because this attempt had the last page itself.
    const trouble = attempt.trouble();
    if (trouble !== undefined) return stoppedLane(work, pages, trouble);
    if (noneIsFree && !deps.ownersAreUndecided()) return 'busy';
    return attempt.wanted() ? 'more' : 'not_wanted';
  };

  return {
    sendPages: (input: PagesInput): Promise<PagesResult> =>
      inTurn(deps, input, async (activityContext) => {
        const prepared = await prepareSend(deps, input);
        if (prepared === undefined) return 'not_wanted';
        const { row, letter, work } = prepared;
        const { account, campaign, launch, round } = input;
        const senderProven = await deps.ledger.hasSent(input);
        const attempt = beginAttempt(work, activityContext, input, { row, senderProven });
        try {
          const { downs } = input;
          return await workOnPages(work, attempt, { key: { account, campaign, launch, round }, letter, downs });
        } finally {
          attempt.end();
        }
      }),
  };
}

interface PagesToSend {
  readonly key: RoundKey;
  readonly letter: CompiledLetter;
  readonly downs: number;
}

/** The lane waits as long as the server asked for, or a growing time; the campaign's row says why. */
async function stoppedLane(
  deps: WorkDeps,
  { key, downs }: PagesToSend,
  { reason, ms, detail }: Trouble,
): Promise<LaneWait> {
  const wait = { reason, ms: ms ?? laneWait(reason, downs, deps.times.firstRetry) };
  await holdLane(deps, key, { ...wait, detail }).catch(() => undefined);
  return wait;
}

/** Work that goes on while the next begins. */
interface Begun {
  /** The next piece may begin. */
  readonly nearlyDone: Promise<void>;
  /** False: the work was taken over. */
  readonly ended: Promise<boolean>;
}

/** Work on one page; its mails are drained while the next page begins, so that no connection waits between two pages. */
function workOnPage(
  deps: DeliveryDeps,
  work: WorkDeps,
  attempt: Attempt,
  { owner, key, letter }: PagesToSend & { readonly owner: PageOwner },
): Begun {
  const nearly = localSignal();
  const ended = async (): Promise<boolean> => {
    await inSpan('send page', spanOf(owner.page()), () =>
      workPage(work, attempt, { owner, letter, nearlyClaimed: nearly.notify }),
    );
    if (owner.page().exceptions.some(countsForPause)) await deps.guard(key.account, key.campaign);
    attempt.rethrow();
    return !owner.lost();
  };
  return { ended: ended(), nearlyDone: nearly.wait(deps.times.startToClose) };
}

function spanOf({ account, campaign, round, page, n }: LedgerPage): SpanOptions {
  const place = { 'everpost.campaign': campaign, 'everpost.round': round, 'everpost.page': page };
  return { attributes: { 'everpost.account': account, ...place, 'everpost.recipients': n } };
}

/** Two pieces of work at once at most, until none begins or one was taken over (false). All have ended when this returns. */
async function overlapped(begin: () => Promise<Begun | undefined>): Promise<boolean> {
  let before = Promise.resolve(true);
  for (;;) {
    const current = await begin().catch((error) => before.then(() => Promise.reject(error)));
    if (current === undefined) return before;
    current.ended.catch(() => undefined);
    await current.nearlyDone;
    if (!(await before.catch(() => false))) {
      await Promise.allSettled([current.ended]);
      return before;
    }
    before = current.ended;
  }
}

function stillSending(row: Campaign, { launch, round }: PagesInput): boolean {
  return row.state === 'sending' && row.launch === launch && row.round === round;
}

interface PreparedSend {
  readonly row: Campaign;
  readonly letter: CompiledLetter;
  readonly work: WorkDeps;
}

/** The compiled letter and what its mails need; undefined where the round is over or the sender may not send. */
async function prepareSend(deps: DeliveryDeps, input: PagesInput): Promise<PreparedSend | undefined> {
  const row = await deps.campaigns.find(input.account, input.campaign);
  if (row === null || !stillSending(row, input)) return undefined;
  const letter = await letterOf(deps, row);
  if (letter === undefined) return undefined;
  const signing = await deps.signing.statusOf(row.account, letter.sender.domain);
  if (signing.kind !== 'signers') {
    await pauseCampaign(deps, row, signing.kind, { detail: signing.reason });
    return undefined;
  }
  const { signers } = signing;
  if (signers.length > 0) for (const { plan } of [letter, letter.untracked ?? letter]) relaxOnce(plan);
  const sign = signers.length === 0 ? undefined : (mail: SplicedMail) => deps.signing.inThreads(mail, signers);
  return { row, letter, work: { ...deps, sign, routes: deps.transportsFor(row.account, 'bulk') } };
}

/** The compiled letter. A letter that cannot be compiled pauses the campaign: another attempt would fail too. */
async function letterOf(deps: DeliveryDeps, row: Campaign): Promise<CompiledLetter | undefined> {
  try {
    return await deps.letters.of(row);
  } catch (error) {
    if (!(error instanceof UnsendableLetter)) throw error;
    const detail = error.message.slice(0, 500);
    const others = (row.findings ?? []).filter(({ code }) => code !== 'not_renderable');
    const findings = [...storedFindings([finding('not_renderable', detail)]), ...others];
    await pauseCampaign(deps, row, 'content_blocked', { detail }, { findings });
    return undefined;
  }
}

/** Pauses the campaign where servers refuse its sender, so that its recipients do not all fail. */
async function pauseIfSenderRefused(deps: DeliveryDeps, attempt: Attempt): Promise<boolean> {
  const refusal = attempt.senderRefused();
  if (refusal === undefined) return false;
  await pauseCampaign(deps, attempt.campaign(), refusal, { detail: 'The mail server refuses this sender.' });
  return true;
}
