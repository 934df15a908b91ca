import { now } from '../clock.js';
import { type CampaignAction, type RetriedKind, refusalOf, refusalSentence } from '../domain/campaign/campaign.js';
import { Failure } from '../domain/errors.js';
import type { Campaigns } from '../store/campaigns/campaigns.js';
import type { Review } from '../store/campaigns/controls.js';
import type { Recipients } from '../store/campaigns/recipients.js';
import type { Rounds } from '../store/campaigns/rounds.js';
import type { Campaign, PauseRecord, RenderedLetter } from '../store/campaigns/row.js';
import type { Event, Events } from '../store/events/events.js';

export interface SteeringStores {
  readonly campaigns: Campaigns;
  readonly recipients: Pick<Recipients, 'withAnySent' | 'anyOpen'>;
  readonly rounds: Pick<Rounds, 'deleteUnclaimed'>;
}

/** A request to a campaign, from the API or from an operator through a Temporal update. */
export type Steering =
  | { readonly action: 'pause' | 'resume' | 'cancel' }
  | {
      readonly action: 'send';
      readonly origin?: string | undefined;
      /** The letter of the row that is launched; undefined: the workflow renders it. */
      readonly letter?: (row: Campaign) => Promise<RenderedLetter>;
    }
  /** Null takes the campaign off the schedule. */
  | { readonly action: 'schedule'; readonly at: Date | null; readonly origin?: string | undefined }
  | { readonly action: 'rate'; readonly perSecond: number | null }
  | { readonly action: 'approve' | 'reject'; readonly review: Review }
  | { readonly action: 'retry'; readonly takes: readonly RetriedKind[]; readonly ids?: readonly number[] | undefined };

export interface Reading {
  /** Reads the row; throws if it is missing or not the requested one. */
  readonly read: () => Promise<Campaign>;
  /** Throws any refusal that does not depend on the campaign's state. */
  readonly check?: (row: Campaign) => Promise<void> | void;
}

export interface Steered {
  readonly before: Campaign;
  readonly row: Campaign;
}

const TRIES = 5;

/** Steers a campaign. Throws the refusal that the table of actions and states gives, otherwise writes the row. */
export function steerCampaign(stores: SteeringStores, { read, check }: Reading, steering: Steering): Promise<Steered> {
  return changeCampaign(stores, read, steering.action, async (row) => {
    await check?.(row);
    return writeSteering(stores, row, steering);
  });
}

/** Reads the row, consults the table, writes. If another request wrote the row meanwhile, it starts again. */
export async function changeCampaign(
  { recipients }: Pick<SteeringStores, 'recipients'>,
  read: () => Promise<Campaign>,
  action: CampaignAction,
  write: (row: Campaign) => Promise<Campaign | null>,
): Promise<Steered> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const before = await read();
    const { account, _id, state } = before;
    const anySent = state === 'cancelled' && (await recipients.withAnySent(account, [_id])).has(_id);
    const refusal = refusalOf(action, state, anySent);
    if (refusal !== undefined) throw new Failure(refusal, undefined, refusalSentence(refusal, state));
    const row = await write(before);
    if (row !== null) return { before, row };
  }
  throw new Failure('busy', undefined, 'Other requests are changing this campaign; try again.');
}

/**
 * The row after the write; null if another request wrote it meanwhile. A row that already has the requested state is
 * not written.
 */
async function writeSteering(stores: SteeringStores, row: Campaign, steering: Steering): Promise<Campaign | null> {
  const { campaigns } = stores;
  switch (steering.action) {
    case 'pause':
      return row.state === 'paused' ? row : campaigns.pause(row);
    case 'resume':
      return row.state === 'paused' ? campaigns.resume(row) : row;
    case 'cancel':
      return cancel(campaigns, row);
    case 'send':
      await discardCancelledLaunch(stores, row, 'already_sent');
      return campaigns.launch(row, steering.origin, await steering.letter?.(row));
    case 'schedule':
      return schedule(stores, row, steering);
    case 'rate':
      return campaigns.changeRate(row, steering.perSecond);
    case 'approve':
      return campaigns.approve(row, steering.review);
    case 'reject':
      return campaigns.reject(row, steering.review);
    case 'retry':
      return reopen(stores, row, steering);
  }
}

/** Before it starts to send, a cancelled campaign becomes a draft again; afterwards the cancellation is final. */
async function cancel(campaigns: Campaigns, row: Campaign): Promise<Campaign | null> {
  if (row.state === 'cancelled') return row;
  const isEarly = ['drafting', 'scheduled', 'awaiting_approval'].includes(row.state);
  return isEarly ? campaigns.withdraw(row) : campaigns.cancel(row);
}

async function schedule(
  stores: SteeringStores,
  row: Campaign,
  { at, origin }: Extract<Steering, { action: 'schedule' }>,
): Promise<Campaign | null> {
  if (at === null) return row.state === 'scheduled' ? stores.campaigns.withdraw(row) : row;
  await discardCancelledLaunch(stores, row, 'already_sent');
  return stores.campaigns.schedule(row, at, origin);
}

/** Opens one further round. Uncertain recipients in it may get the mail twice; the request accepts that. */
async function reopen(
  { campaigns, recipients }: SteeringStores,
  row: Campaign,
  { takes, ids }: Extract<Steering, { action: 'retry' }>,
): Promise<Campaign | null> {
  if (!(await recipients.anyOpen(row.account, row._id, takes, ids))) throw new Failure('nothing_to_retry');
  return campaigns.reopen(row, { takes, due: now(), ...(ids !== undefined && { only: ids }) });
}

/**
 * A campaign that was cancelled before it mailed a recipient may be launched again once no page of that launch is left.
 */
export async function discardCancelledLaunch(
  { rounds }: Pick<SteeringStores, 'rounds'>,
  { account, _id, state, launch, round, closed_at }: Campaign,
  otherwise: 'already_sent' | 'cannot_delete',
): Promise<void> {
  if (state !== 'cancelled') return;
  // A running freeze could still add pages of the old audience.
  if (round >= 0 && closed_at === null) {
    throw new Failure('busy', undefined, 'The campaign is still being cancelled; try again in a moment.');
  }
  if (!(await rounds.deleteUnclaimed({ account, campaign: _id, launch }))) throw new Failure(otherwise);
}

/**
 * Pauses a campaign and publishes the reason; null if another request wrote the row meanwhile. `resume` continues it.
 */
export async function pauseCampaign(
  { campaigns, events }: { readonly campaigns: Pick<Campaigns, 'pause'>; readonly events: Pick<Events, 'append'> },
  row: Campaign,
  reason: string,
  details: Event['data'] = {},
  recorded: PauseRecord = {},
): Promise<Campaign | null> {
  const detail = details['detail'];
  const paused = await campaigns.pause(row, reason, { ...recorded, ...(typeof detail === 'string' && { detail }) });
  if (paused !== null) await events.append([stateEvent(paused, { reason, ...details })]);
  return paused;
}

/**
 * The event of a campaign's state. Its id contains the version of the row, so that a repeated step publishes it once.
 */
export function stateEvent(
  { _id, account, want, state, reason }: Campaign,
  data: Event['data'] | undefined = state === 'paused' && reason !== null ? { reason } : undefined,
): Omit<Event, 'at'> {
  const event = { _id: `campaign:${_id}:v${want.v}:${state}`, account, campaign: _id, type: `campaign.${state}` };
  return { ...event, ...(data !== undefined && { data }) };
}
