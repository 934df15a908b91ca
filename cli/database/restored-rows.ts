import { skip } from '../../activities/newsletter/issue.js';
import { issueId } from '../../domain/newsletter/issue.js';
import { timesBetween } from '../../domain/newsletter/timetable.js';
import { pauseCampaign, stateEvent } from '../../services/steer-campaign.js';
import { campaigns } from '../../store/campaigns/campaigns.js';
import { ledger } from '../../store/campaigns/ledger.js';
import type { Campaign, PauseRecord } from '../../store/campaigns/row.js';
import { events } from '../../store/events/events.js';
import type { Store } from '../../store/mongo/connect.js';
import { issues, pushedData } from '../../store/newsletters/issues.js';
import { type Newsletter, newsletters } from '../../store/newsletters/newsletters.js';
import { campaignDoubt } from '../../store/restores/campaign-doubt.js';
import { messageDoubt } from '../../store/restores/message-doubt.js';
import { newsletterTimes } from '../../store/restores/newsletter-times.js';
import { type Restore, restores } from '../../store/restores/restores.js';

const REASON = 'restored';

/**
 * The rules of a restore for rows (docs/architecture/protocol.md "After a restore"). A repetition finds what an interrupted run
 * has left undone; the last write says that the restore is complete.
 */
export async function applyRestore(store: Store, restore: Restore): Promise<void> {
  const { doubtCampaign } = restoredCampaigns(store);
  const { skipIssue, resumeNewsletter } = restoredNewsletters(store);
  const until = restore.began_at;
  await restores(store).raiseIds(restore);
  for (const row of await campaignDoubt(store).mayHaveSent()) await doubtCampaign(row, restore);
  await messageDoubt(store).record(until);
  const times = newsletterTimes(store);
  for (const issue of await times.issuesDue(until)) await skipIssue(issue);
  for (const row of await times.newsletters()) await resumeNewsletter(row, restore);
  await restores(store).end(restore);
}

function restoredCampaigns(store: Store) {
  const rows = { campaigns: campaigns(store), events: events(store) };
  const doubt = campaignDoubt(store);
  // The lease decides who may take a page, and none is taken here.
  const { roundState } = ledger(store, 0);

  /** The rest of a round that the restored database has in part is uncertain as soon as it is frozen. */
  const restOfRound = async ({ account, _id: campaign, launch, round }: Campaign): Promise<PauseRecord> => {
    const isWhole = round < 0 || (await roundState({ account, campaign, launch, round })) !== 'growing';
    return isWhole ? {} : { restored: { launch, round } };
  };
  const pause = async (row: Campaign, detail: string): Promise<boolean> => {
    if (row.state === 'paused' && row.reason === REASON) {
      // The first run may have ended between the row and its event.
      await rows.events.append([stateEvent(row, { reason: REASON, detail: row.held?.detail })]);
      return true;
    }
    return (await pauseCampaign(rows, row, REASON, { detail }, await restOfRound(row))) !== null;
  };
  return {
    /** Recipients first: a campaign that is paused for this reason has no recipient in doubt who is not listed. */
    doubtCampaign: async (row: Campaign, restore: Restore): Promise<void> => {
      await doubt.record(row);
      const uncertain = await doubt.recorded(row);
      const isDone =
        row.state === 'drafting'
          ? (await rows.campaigns.abandonDrafting(row, REASON)) !== null
          : await pause(row, detailOf(row, restore, uncertain));
      if (!isDone) throw new Error(`campaign ${row._id} was changed by another process: stop it and run this again`);
    },
  };
}

function detailOf({ round, reason, settings }: Campaign, { taken_at }: Restore, uncertain: number): string {
  const since = `The database is that of ${taken_at.toISOString()}.`;
  const before = reason === null ? '' : ` It was paused before: ${reason}.`;
  if (round < 0) return `${since} The campaign may have been sent since; resumed, it goes to its whole list.${before}`;
  const again = settings.on_uncertain === 'resend' ? 'each of them once more' : 'none of them';
  return `${since} ${uncertain} recipients may have been mailed since and are uncertain; resumed, it mails ${again}.${before}`;
}

function restoredNewsletters(store: Store) {
  const times = newsletterTimes(store);
  const deps = {
    newsletters: newsletters(store),
    issues: issues(store),
    pushedData: pushedData(store),
    campaigns: campaigns(store),
    events: events(store),
    times: { lease: 0 },
  };
  return {
    /** An issue that was to be sent since the backup is skipped, by name, as is each time of the calendar without one. */
    resumeNewsletter: async (row: Newsletter, { began_at }: Restore): Promise<void> => {
      for (const time of missedTimes(row, began_at)) {
        const key = { account: row.account, _id: issueId(row._id, time) };
        const send_at = new Date(time.getTime() + row.lead_seconds * 1_000);
        const skipped = { state: 'skipped', reason: REASON, kind: 'scheduled' } as const;
        await deps.issues.open({ ...key, newsletter: row._id, scheduled_at: time, send_at, ...skipped });
        await skip(deps, key, REASON);
      }
      await times.resumeFrom(row, began_at);
    },

    skipIssue: async (key: { readonly _id: string; readonly account: number }): Promise<void> => {
      await skip(deps, key, REASON);
    },
  };
}

/** The times of a calendar whose issues may have been sent since the backup. */
export function missedTimes(row: Newsletter, until: Date): Date[] {
  return row.state === 'active' ? timesBetween(row, row.accounted_until, until, Number.POSITIVE_INFINITY) : [];
}
