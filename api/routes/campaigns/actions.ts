import type { Static, TSchema } from 'typebox';
import { now } from '../../../clock.js';
import type { RetriedKind } from '../../../domain/campaign/campaign.js';
import { Failure } from '../../../domain/errors.js';
import { campaignSender, demandPermittedSender } from '../../../services/sender.js';
import type { Campaign } from '../../../store/campaigns/campaigns.js';
import type { Api } from '../../app.js';
import { originOf } from '../../hooks/idempotency.js';
import { Data, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { demandApprovers } from './approval/routes.js';
import { cancelDrafting } from './drafts/drafting.js';
import { futureTime } from './fields.js';
import { demandSendable, withFindings } from './previews/rendering.js';
import { CampaignView, EmptyBody, Rate, Retry, ScheduleBody, SendBody } from './schema.js';
import {
  type CampaignRef,
  campaignRefOf,
  demandRecipients,
  demandText,
  discardCancelledLaunch,
  updateAndNotify,
} from './update.js';
import { respondWithCampaign } from './view.js';

/** What may be asked of a campaign; each answers the campaign as it is afterwards. */
export function campaignActions(app: Api, deps: Deps): void {
  app.post(
    '/campaigns/:id/send',
    routeOptions('Send a campaign, now or at a time', SendBody),
    async (request, reply) => {
      const { scheduled_at: time } = request.body;
      const ref = campaignRefOf(request);
      const launched = launchOnce(deps, ref, originOf(request), (origin) =>
        time == null ? sendNow(deps, ref, origin) : sendAt(deps, ref, futureTime(time), origin),
      );
      return respondWithCampaign(deps, reply, launched);
    },
  );
  app.post(
    '/campaigns/:id/schedule',
    routeOptions('Schedule a campaign, or take it off', ScheduleBody),
    async (request, reply) => {
      const { scheduled_at: time } = request.body;
      const ref = campaignRefOf(request);
      const changed = time === null ? unschedule(deps, ref) : sendAt(deps, ref, futureTime(time));
      return respondWithCampaign(deps, reply, changed);
    },
  );
  for (const [action, summary, act] of SIMPLE_ACTIONS) {
    app.post(`/campaigns/:id/${action}`, routeOptions(summary, EmptyBody), async (request, reply) =>
      respondWithCampaign(deps, reply, act(deps, campaignRefOf(request))),
    );
  }
  app.post('/campaigns/:id/rate', routeOptions('Change how fast a campaign is sent', Rate), async (request, reply) => {
    const { per_second: rate } = request.body;
    return respondWithCampaign(
      deps,
      reply,
      updateAndNotify(deps, campaignRefOf(request), 'rate', (row) => deps.campaigns.changeRate(row, rate)),
    );
  });
  app.post(
    '/campaigns/:id/retry',
    routeOptions('Mail again whom it failed, in a new round', Retry),
    async (request, reply) => respondWithCampaign(deps, reply, retry(deps, campaignRefOf(request), request.body)),
  );
}

function routeOptions<T extends TSchema>(summary: string, body: T) {
  return {
    schema: { tags: ['Campaigns'], summary, params: IdPath, body, response: { 200: Data(CampaignView), ...refusals } },
  };
}

/** A launch whose answer was lost in a crash is answered when it is asked for again under its key. */
async function launchOnce(
  { campaigns, engine }: Deps,
  { account, id }: CampaignRef,
  origin: string | undefined,
  launch: (origin: string | undefined) => Promise<Campaign>,
): Promise<Campaign> {
  const row = origin === undefined ? null : await campaigns.find(account, id);
  if (row === null || row.launch_origin !== origin) return launch(origin);
  engine.notifyCampaign(row);
  return row;
}

function sendNow(deps: Deps, ref: CampaignRef, origin?: string): Promise<Campaign> {
  return updateAndNotify(deps, ref, 'send', async (row) => {
    demandText(row);
    await demandApprovers(deps, row);
    await demandPermittedSender(deps, row.account, (await campaignSender(deps, row)).email);
    const findings = await demandSendable(deps, row);
    await demandRecipients(deps, row);
    await discardCancelledLaunch(deps, row, 'already_sent');
    return withFindings(await deps.campaigns.launch(row, origin), findings);
  });
}

function sendAt(deps: Deps, ref: CampaignRef, time: Date, origin?: string): Promise<Campaign> {
  return updateAndNotify(deps, ref, 'schedule', async (row) => {
    demandText(row);
    await demandApprovers(deps, row);
    await demandPermittedSender(deps, row.account, (await campaignSender(deps, row)).email);
    const findings = await demandSendable(deps, row);
    await discardCancelledLaunch(deps, row, 'already_sent');
    return withFindings(await deps.campaigns.schedule(row, time, origin), findings);
  });
}

function unschedule(deps: Deps, ref: CampaignRef): Promise<Campaign> {
  return updateAndNotify(deps, ref, 'schedule', async (row) =>
    row.state === 'scheduled' ? deps.campaigns.withdraw(row) : row,
  );
}

function pause(deps: Deps, ref: CampaignRef): Promise<Campaign> {
  return updateAndNotify(deps, ref, 'pause', async (row) => (row.state === 'paused' ? row : deps.campaigns.pause(row)));
}

function resume(deps: Deps, ref: CampaignRef): Promise<Campaign> {
  return updateAndNotify(deps, ref, 'resume', async (row) =>
    row.state === 'paused' ? deps.campaigns.resume(row) : row,
  );
}

/** Before anything was due, cancelling leaves a draft; afterwards the campaign is cancelled for good. */
function cancel(deps: Deps, ref: CampaignRef): Promise<Campaign> {
  return updateAndNotify(deps, ref, 'cancel', async (row) => {
    if (row.state === 'cancelled') return row;
    if (row.state === 'drafting') return withdrawAndCancelDraft(deps, row);
    const isEarly = row.state === 'scheduled' || row.state === 'awaiting_approval';
    return isEarly ? deps.campaigns.withdraw(row) : deps.campaigns.cancel(row);
  });
}

/** The row first: whatever the model still says then is kept as a version and changes nothing. */
async function withdrawAndCancelDraft(deps: Deps, row: Campaign): Promise<Campaign | null> {
  const after = await deps.campaigns.withdraw(row);
  if (after !== null) await cancelDrafting(deps, row);
  return after;
}

const SIMPLE_ACTIONS = [
  ['pause', 'Pause a campaign', pause],
  ['resume', 'Resume a campaign', resume],
  ['cancel', 'Cancel a campaign', cancel],
] as const;

const RETRY_KINDS: Readonly<Record<Static<typeof Retry>['status'], readonly RetriedKind[]>> = {
  failed: ['failed'],
  uncertain: ['uncertain'],
  all: ['failed', 'uncertain'],
};

/** An explicit further round; what was in doubt is mailed again knowingly, so late answers get their time first. */
function retry(deps: Deps, ref: CampaignRef, { status, ids }: Static<typeof Retry>): Promise<Campaign> {
  const takes = RETRY_KINDS[status];
  return updateAndNotify(deps, ref, 'retry', async (row) => {
    const wait = deps.config.retryAfterCloseMinutes * 60_000;
    if (row.closed_at === null || now().getTime() < row.closed_at.getTime() + wait) throw new Failure('too_early');
    if (!(await deps.recipients.anyOpen(row.account, row._id, takes, ids))) throw new Failure('nothing_to_retry');
    return deps.campaigns.reopen(row, { takes, due: now(), ...(ids !== undefined && { only: ids }) });
  });
}
