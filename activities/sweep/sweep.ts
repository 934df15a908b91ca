import { now } from '../../clock.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { timestamp } from '../../domain/timestamp.js';
import { publishLateEvidence } from '../../services/evidence.js';
import { stateEvent } from '../../services/steer-campaign.js';
import type { Suspension } from '../../store/accounts/suspension.js';
import type { Ledger } from '../../store/campaigns/ledger.js';
import type { CampaignProgress } from '../../store/campaigns/progress.js';
import type { Rounds } from '../../store/campaigns/rounds.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Confirmations } from '../../store/confirmations/confirmations.js';
import type { Confirmation } from '../../store/confirmations/row.js';
import type { Draft, Drafts } from '../../store/drafts/drafts.js';
import type { Events } from '../../store/events/events.js';
import type { Imports } from '../../store/imports/imports.js';
import type { Import } from '../../store/imports/row.js';
import type { KeyRotation } from '../../store/keys/rotation.js';
import { sweepPages } from '../campaign/close.js';
import type { PublishingDeps } from '../campaign/publishing.js';
import type { ReputationGuard } from '../campaign/reputation.js';
import type { Engine } from '../engine.js';
import { type InboundDeps, sweepInbound } from '../inbound/sweep.js';
import { type MessageSweepDeps, sweepMessages } from '../message/sweep.js';
import { type NewsletterSweepDeps, orphanSweep, sweepIssue, sweepNewsletter } from '../newsletter/sweep.js';
import { type EndpointNotifierDeps, endpointNotifier } from '../webhook/notifier.js';
import { type ListNoticeDeps, notifyListOwners } from './list-notices.js';
import { type SweepPart, type SweepPassDeps, sweepPass } from './pass.js';
import { type QuotaSweepDeps, sweepQuotas } from './quotas.js';
import { type RetentionDeps, runNightlyRetention } from './retention.js';
import { releaseExpired } from './suppressions.js';

export interface SweepDeps
  extends PublishingDeps,
    MessageSweepDeps,
    InboundDeps,
    EndpointNotifierDeps,
    SuspensionSweepDeps,
    NewsletterSweepDeps,
    Omit<QuotaSweepDeps, 'messages' | 'drafts'>,
    Omit<ListNoticeDeps, 'messages' | 'engine' | 'subscribers' | 'eventLog' | 'config'>,
    RetentionDeps,
    SweepPassDeps,
    Pick<KeyReminderDeps, 'keyRotation'> {
  readonly config: RetentionDeps['config'] & ListNoticeDeps['config'];
  readonly eventLog: EndpointNotifierDeps['eventLog'];
  readonly campaigns: NewsletterSweepDeps['campaigns'];
  readonly campaignProgress: CampaignProgress;
  readonly guard: ReputationGuard;
  readonly ledger: Ledger;
  readonly messages: MessageSweepDeps['messages'] &
    InboundDeps['messages'] &
    QuotaSweepDeps['messages'] &
    ListNoticeDeps['messages'];
  readonly messageProgress: MessageSweepDeps['messageProgress'] & InboundDeps['messageProgress'];
  readonly rounds: Pick<Rounds, 'inFlight'>;
  readonly imports: Pick<Imports, 'due' | 'sweepAgain'>;
  readonly confirmations: Pick<Confirmations, 'due' | 'sweepAgain'>;
  readonly drafts: Pick<Drafts, 'due' | 'sweepAgain' | 'find'>;
  readonly engine: Engine;
  readonly times: Pick<ProtocolTimes, 'lease' | 'resendAfter'>;
  readonly events: PublishingDeps['events'];
  readonly subscribers: PublishingDeps['subscribers'] &
    MessageSweepDeps['subscribers'] &
    InboundDeps['subscribers'] &
    ListNoticeDeps['subscribers'];
}

/**
 * The sweep: rows hold the intended state, and the sweep starts whatever a crash, a Terminate or an emptied Temporal
 * has left undone.
 */
export function sweepActivities(deps: SweepDeps) {
  return { sweepRows: sweepPass(deps, [...rowParts(deps), ...otherParts(deps)]) };
}

function rowParts(deps: SweepDeps): SweepPart[] {
  const eachRow = async <T extends { readonly _id: number | string }>(
    rows: AsyncIterable<T>,
    check: (row: T) => Promise<void>,
  ) => {
    const failed: string[] = [];
    for await (const row of rows) {
      // A row that fails must not delay the others.
      await check(row).catch((error) => failed.push(`${row._id}: ${error}`));
    }
    if (failed.length > 0) throw new Error(`${failed.length} of its rows failed. ${failed.slice(0, 3).join('; ')}`);
  };
  return [
    ['campaigns', () => eachRow(deps.campaignProgress.due(now()), (row) => sweepCampaign(deps, row))],
    ['imports', () => eachRow(deps.imports.due(now()), (row) => sweepImport(deps, row))],
    ['confirmations', () => eachRow(deps.confirmations.due(now()), (row) => sweepConfirmation(deps, row))],
    ['drafts', () => eachRow(deps.drafts.due(now()), (row) => sweepDraft(deps, row))],
    ['newsletters', () => eachRow(deps.newsletters.due(now()), (row) => sweepNewsletter(deps, row))],
    ['issues', () => eachRow(deps.issues.due(now()), (row) => sweepIssue(deps, row))],
  ];
}

function otherParts(deps: SweepDeps): SweepPart[] {
  return [
    ['orphaned schedules', orphanSweep(deps)],
    ['messages', () => sweepMessages(deps)],
    ['webhooks', endpointNotifier(deps)],
    ['inbound', () => sweepInbound(deps)],
    ['late evidence', () => publishLateEvidence(deps)],
    ['suspensions', () => sweepSuspensions(deps)],
    ['quotas', () => sweepQuotas(deps)],
    ['keys', () => publishKeyReminders(deps)],
    ['expired suppressions', () => releaseExpired(deps)],
    ['list owners', () => notifyListOwners(deps)],
    ['nightly run', () => runNightlyRetention(deps)],
  ];
}

async function sweepDraft(deps: SweepDeps, row: Draft): Promise<void> {
  await deps.engine.startDraft(row);
  await deps.drafts.sweepAgain(row, nextCheck(deps));
}

async function sweepCampaign(deps: SweepDeps, row: Campaign): Promise<void> {
  const workflow = await deps.engine.campaignWorkflowStatus(row._id);
  const runs = workflow.status === 'running';
  const isStopped = workflow.status === 'terminated' && workflow.closedAt !== null && workflow.closedAt > row.want.at;
  if (row.state === 'paused') {
    await settlePaused(deps, row, runs);
    return;
  }
  // Only an operator terminates a workflow. The campaign is shown as stopped, and only `resume` starts it again.
  if (isStopped && row.state !== 'cancelled') {
    const stopped = { ...row, state: 'paused', reason: 'engine_stopped' } as const;
    if (await deps.campaignProgress.pauseAsEngineStopped(row)) await deps.events.append([stateEvent(stopped)]);
    return;
  }
  if (!runs || row.want.v > row.applied_v) await deps.engine.notifyCampaign(row);
  if (row.state === 'sending') await deps.guard(row.account, row._id);
  await deps.campaignProgress.sweepAgain(row, nextCheck(deps));
}

/**
 * A paused campaign has no worker: mail that its owners left in flight becomes uncertain. Without a workflow the row is
 * then not due any more.
 */
async function settlePaused(deps: SweepDeps, row: Campaign, runs: boolean): Promise<void> {
  if (runs && row.want.v > row.applied_v) await deps.engine.notifyCampaign(row);
  await sweepPages(deps, { account: row.account, campaign: row._id });
  const busy = (await deps.rounds.inFlight(row.account, row._id)) > 0;
  await deps.campaignProgress.sweepAgain(row, runs || busy ? nextCheck(deps) : null);
}

/** Half a lease from now: mail in flight is uncertain, or settled, after one or two checks. */
function nextCheck({ times }: SweepDeps): Date {
  return new Date(now().getTime() + times.lease / 2);
}

async function sweepConfirmation(
  deps: SweepDeps,
  row: Pick<Confirmation, '_id' | 'account' | 'list_id'>,
): Promise<void> {
  const workflow = await deps.engine.confirmationWorkflowStatus(row._id);
  if (workflow.status !== 'running') await deps.engine.startConfirmation(row);
  await deps.confirmations.sweepAgain(row._id, nextCheck(deps));
}

async function sweepImport(deps: SweepDeps, row: Pick<Import, '_id' | 'account' | 'list_id'>): Promise<void> {
  const workflow = await deps.engine.importWorkflowStatus(row._id);
  if (workflow.status !== 'running') await deps.engine.startImport(row);
  await deps.imports.sweepAgain(row._id, nextCheck(deps));
}

interface SuspensionSweepDeps {
  readonly suspension: Suspension;
  readonly engine: Pick<Engine, 'notifyCampaign'>;
}

/** Pauses the campaigns of suspended accounts and resumes those of reinstated ones, where a crash left it undone. */
async function sweepSuspensions({ suspension, engine }: SuspensionSweepDeps): Promise<void> {
  for (const account of await suspension.suspended()) {
    for (const row of await suspension.pauseCampaigns(account)) await engine.notifyCampaign(row);
  }
  for (const account of await suspension.resumable()) {
    for (const row of await suspension.resumeCampaigns(account)) await engine.notifyCampaign(row);
  }
}

interface KeyReminderDeps {
  readonly keyRotation: Pick<KeyRotation, 'due' | 'recordReminded'>;
  readonly events: Pick<Events, 'append'>;
}

/**
 * Publishes one reminder for each old key. The event is appended before the key is marked; its fixed id makes a repeat
 * harmless.
 */
export async function publishKeyReminders({ keyRotation, events }: KeyReminderDeps): Promise<void> {
  for await (const key of keyRotation.due()) {
    const data = { key: key._id, name: key.name, prefix: key.prefix, created_at: timestamp(key.created_at) };
    await events.append([{ _id: `key:${key._id}:due`, account: key.account, type: 'key.rotation_due', data }]);
    await keyRotation.recordReminded(key);
  }
}
