import { randomUUID } from 'node:crypto';
import type { CompiledLetter } from '../mail/compile.js';
import type { Campaign } from '../store/campaigns.js';
import type { Ledger, RoundKey } from '../store/ledger.js';
import { type Attempt, type AttemptDeps, type AttemptHost, beginAttempt } from './attempt.js';
import type { HandOverDeps } from './hand-over.js';
import type { Letters } from './letters.js';
import { instant, ownPage } from './page-owner.js';
import { workPage } from './page-work.js';
import type { RosterDeps } from './roster.js';
import { type TellingDeps, teller } from './telling.js';
import type { ClaimDeps } from './window-claim.js';

export interface PagesInput {
  readonly account: number;
  readonly campaign: number;
  readonly launch: number;
  readonly round: number;
  /** The transport was down: try one mail before a whole window. */
  readonly probe: boolean;
}

/** Why an attempt came back: no page is open, all open ones are busy, the row wants otherwise, time is over. */
export type PagesResult = 'finished' | 'busy' | 'not_wanted' | 'transport_down' | 'more';

export interface DeliveryDeps
  extends AttemptDeps,
    HandOverDeps,
    ClaimDeps,
    TellingDeps,
    Pick<RosterDeps, 'suppressions' | 'subscribers'> {
  readonly ledger: Ledger;
  readonly letters: Letters;
  readonly transport: HandOverDeps['transport'];
  readonly subscribers: RosterDeps['subscribers'] & TellingDeps['subscribers'];
  readonly host: () => AttemptHost;
}

/** The send: takes free pages of a round one after another and works on each until the time of the attempt is over. */
export function deliveryActivities(deps: DeliveryDeps) {
  const tell = teller(deps);

  /** Undefined: there is more to do. */
  const workOnNext = async (
    attempt: Attempt,
    key: RoundKey,
    letter: CompiledLetter,
  ): Promise<PagesResult | undefined> => {
    const takenAt = instant();
    const page = await deps.ledger.take(key, randomUUID(), attempt.alive);
    if (page === undefined) return (await deps.ledger.openPages(key)) === 0 ? 'finished' : 'busy';
    const owner = ownPage({ ...deps, tell }, page, takenAt, attempt.alive);
    await workPage(deps, attempt, owner, letter);
    attempt.rethrow();
    return owner.lost() ? 'more' : undefined;
  };

  const workThrough = async (attempt: Attempt, key: RoundKey, letter: CompiledLetter): Promise<PagesResult> => {
    while (attempt.mayClaim()) {
      const result = await workOnNext(attempt, key, letter);
      if (result !== undefined) return result;
    }
    if (attempt.transportDown()) return 'transport_down';
    return attempt.wanted() ? 'more' : 'not_wanted';
  };

  return {
    sendPages: async (input: PagesInput): Promise<PagesResult> => {
      const row = await deps.campaigns.find(input.account, input.campaign);
      if (row === null || !stillSending(row, input)) return 'not_wanted';
      const letter = await deps.letters.of(row);
      const attempt = beginAttempt(deps, deps.host(), input, row);
      try {
        const { account, campaign, launch, round } = input;
        return await workThrough(attempt, { account, campaign, launch, round }, letter);
      } finally {
        attempt.end();
      }
    },
  };
}

function stillSending(row: Campaign, { launch, round }: PagesInput): boolean {
  return row.state === 'sending' && row.launch === launch && row.round === round;
}
