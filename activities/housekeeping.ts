import { now } from '../clock.js';
import type { ProtocolTimes } from '../domain/protocol.js';
import type { CampaignProgress } from '../store/campaign-progress.js';
import type { Campaign } from '../store/campaigns.js';
import type { Draft, Drafts } from '../store/drafts.js';
import type { Event } from '../store/events.js';
import type { Ledger } from '../store/ledger.js';
import type { Rounds } from '../store/rounds.js';
import { sweepPages } from './campaign-close.js';
import type { Engine } from './engine.js';
import { type InboundDeps, sweepInbound } from './inbound/sweep.js';
import { type ReminderDeps, remindOfKeys } from './key-reminders.js';
import { type ListNoticeDeps, tellListOwners } from './list-notices.js';
import { type MessageSweepDeps, sweepMessages } from './message/sweep.js';
import { lookAfterIssue, lookAfterNewsletter, type NewsletterSweepDeps, strayHunt } from './newsletter/schedule.js';
import { type QuotaSweepDeps, sweepQuotas } from './quota-sweep.js';
import type { ReputationGuard } from './reputation.js';
import { forgetAtNight, type NightDeps } from './retention.js';
import { type SuspensionSweepDeps, sweepSuspensions } from './suspension-sweep.js';
import { type SweepPart, type SweepPassDeps, sweepPass } from './sweep-pass.js';
import type { TellingDeps } from './telling.js';
import { type BellDeps, endpointBell } from './webhook/bell.js';

export interface HousekeepingDeps
  extends TellingDeps,
    MessageSweepDeps,
    InboundDeps,
    BellDeps,
    SuspensionSweepDeps,
    NewsletterSweepDeps,
    Omit<QuotaSweepDeps, 'messages' | 'drafts'>,
    Omit<ListNoticeDeps, 'messages' | 'engine' | 'subscribers' | 'river' | 'config'>,
    NightDeps,
    SweepPassDeps,
    Pick<ReminderDeps, 'keyRotation'> {
  readonly config: NightDeps['config'] & ListNoticeDeps['config'];
  readonly river: BellDeps['river'] & ListNoticeDeps['river'];
  readonly progress: CampaignProgress;
  readonly guard: ReputationGuard;
  readonly ledger: Ledger;
  readonly messages: MessageSweepDeps['messages'] &
    InboundDeps['messages'] &
    QuotaSweepDeps['messages'] &
    ListNoticeDeps['messages'];
  readonly messageProgress: MessageSweepDeps['messageProgress'] & InboundDeps['messageProgress'];
  readonly rounds: Pick<Rounds, 'inFlight'>;
  readonly imports: OwedRows;
  readonly confirmations: OwedRows;
  readonly drafts: Pick<Drafts, 'owed' | 'lookAgain' | 'find'>;
  readonly engine: Engine;
  readonly times: Pick<ProtocolTimes, 'lease' | 'resendAfter'>;
  readonly events: TellingDeps['events'];
  readonly subscribers: TellingDeps['subscribers'] &
    MessageSweepDeps['subscribers'] &
    InboundDeps['subscribers'] &
    ListNoticeDeps['subscribers'];
}

/** Rows that say themselves when somebody should look at them. */
interface OwedRows {
  owed(before: Date): AsyncIterable<{ readonly _id: number; readonly account: number }>;
  lookAgain(id: number, at: Date): Promise<void>;
}

/** The sweep: rows say what should be; whatever a crash, a Terminate or an emptied Temporal left undone is started here. */
export function housekeepingActivities(deps: HousekeepingDeps) {
  return { sweepRows: sweepPass(deps, [...rowParts(deps), ...otherParts(deps)]) };
}

function rowParts(deps: HousekeepingDeps): SweepPart[] {
  const eachRow = async <T extends { readonly _id: number | string }>(
    rows: AsyncIterable<T>,
    look: (row: T) => Promise<void>,
  ) => {
    for await (const row of rows) {
      // One row that cannot be helped must not keep the others waiting.
      await look(row).catch((error) => deps.log.warn({ id: row._id, error: String(error) }, 'sweep left a row undone'));
    }
  };
  return [
    ['campaigns', () => eachRow(deps.progress.owed(now()), (row) => lookAfterCampaign(deps, row))],
    ['imports', () => eachRow(deps.imports.owed(now()), (row) => lookAfterImport(deps, row))],
    ['confirmations', () => eachRow(deps.confirmations.owed(now()), (row) => lookAfterConfirmation(deps, row))],
    ['drafts', () => eachRow(deps.drafts.owed(now()), (row) => lookAfterDraft(deps, row))],
    ['newsletters', () => eachRow(deps.newsletters.owed(now()), (row) => lookAfterNewsletter(deps, row))],
    ['issues', () => eachRow(deps.issues.owed(now()), (row) => lookAfterIssue(deps, row))],
  ];
}

function otherParts(deps: HousekeepingDeps): SweepPart[] {
  return [
    ['strays', strayHunt(deps)],
    ['messages', () => sweepMessages(deps)],
    ['webhooks', endpointBell(deps)],
    ['inbound', () => sweepInbound(deps)],
    ['suspensions', () => sweepSuspensions(deps)],
    ['quotas', () => sweepQuotas(deps)],
    ['keys', () => remindOfKeys(deps)],
    ['list owners', () => tellListOwners(deps)],
    ['night', () => forgetAtNight(deps)],
  ];
}

async function lookAfterDraft(deps: HousekeepingDeps, row: Draft): Promise<void> {
  await deps.engine.wakeDraft(row);
  await deps.drafts.lookAgain(row, soon(deps));
}

async function lookAfterCampaign(deps: HousekeepingDeps, row: Campaign): Promise<void> {
  const sighting = await deps.engine.campaignSighting(row._id);
  const runs = sighting.status === 'running';
  const isStopped = sighting.status === 'terminated' && sighting.closedAt !== null && sighting.closedAt > row.want.at;
  if (row.state === 'paused') {
    await settlePaused(deps, row, runs);
    return;
  }
  // Whoever terminated it meant it: shown, and started again by `resume` alone.
  if (isStopped && row.state !== 'cancelled') {
    if (await deps.progress.engineStopped(row)) await deps.events.append([stoppedEvent(row)]);
    return;
  }
  if (!runs || row.want.v > row.heard) await deps.engine.wakeCampaign(row);
  if (row.state === 'sending') await deps.guard(row.account, row._id);
  await deps.progress.lookAgain(row, soon(deps));
}

/** Nobody works on a paused campaign: what its owners left in flight is in doubt. Without a workflow the row may then rest. */
async function settlePaused(deps: HousekeepingDeps, row: Campaign, runs: boolean): Promise<void> {
  if (runs && row.want.v > row.heard) await deps.engine.wakeCampaign(row);
  await sweepPages(deps, { account: row.account, campaign: row._id });
  const busy = (await deps.rounds.inFlight(row.account, row._id)) > 0;
  await deps.progress.lookAgain(row, runs || busy ? soon(deps) : null);
}

function stoppedEvent({ _id, account, want }: Campaign): Omit<Event, 'at'> {
  const reason = { reason: 'engine_stopped' };
  return { _id: `campaign:${_id}:v${want.v}:stopped`, account, campaign: _id, type: 'campaign.paused', data: reason };
}

/** Half a lease from now: what was in flight is in doubt, or settled, one or two looks later. */
function soon({ times }: HousekeepingDeps): Date {
  return new Date(now().getTime() + times.lease / 2);
}

async function lookAfterConfirmation(deps: HousekeepingDeps, row: { _id: number; account: number }): Promise<void> {
  const sighting = await deps.engine.confirmationSighting(row._id);
  if (sighting.status !== 'running') await deps.engine.wakeConfirmation(row);
  await deps.confirmations.lookAgain(row._id, soon(deps));
}

async function lookAfterImport(deps: HousekeepingDeps, row: { _id: number; account: number }): Promise<void> {
  const sighting = await deps.engine.importSighting(row._id);
  if (sighting.status !== 'running') await deps.engine.wakeImport(row);
  await deps.imports.lookAgain(row._id, soon(deps));
}
