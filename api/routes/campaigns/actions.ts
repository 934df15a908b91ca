import type { Static, TSchema } from 'typebox';
import { now } from '../../../clock.js';
import type { TakenKind } from '../../../domain/campaign.js';
import { Failure } from '../../../domain/errors.js';
import type { Campaign } from '../../../store/campaigns.js';
import type { Api } from '../../app.js';
import type { Deps } from '../../deps.js';
import { originOf } from '../../idempotency.js';
import { CampaignView, NoFields, Rate, Retry, SendLater, SendNow } from '../../schemas/campaign.js';
import { Data, refusals } from '../../schemas/envelope.js';
import { IdPath } from '../../schemas/fields.js';
import { demandApprovers } from './approval.js';
import { forgetDraft } from './drafting.js';
import { timeToCome } from './fields.js';
import { demandSendable, looked } from './rendition.js';
import { demandVerifiedSender } from './sender.js';
import { demandRecipients, demandText, forgetCancelled, steered, type Which, whichOf } from './steering.js';
import { answered } from './view.js';

/** What may be asked of a campaign; each answers the campaign as it is afterwards. */
export function campaignActions(app: Api, deps: Deps): void {
  app.post('/campaigns/:id/send', about('Send a campaign, now or at a time', SendNow), async (request, reply) => {
    const { scheduled_at: time } = request.body;
    return answered(
      deps,
      reply,
      onceUnder(deps, whichOf(request), originOf(request), (origin) =>
        time == null
          ? sendNow(deps, whichOf(request), origin)
          : sendAt(deps, whichOf(request), timeToCome(time), origin),
      ),
    );
  });
  app.post(
    '/campaigns/:id/schedule',
    about('Schedule a campaign, or take it off', SendLater),
    async (request, reply) => {
      const { scheduled_at: time } = request.body;
      return answered(
        deps,
        reply,
        time === null ? unschedule(deps, whichOf(request)) : sendAt(deps, whichOf(request), timeToCome(time)),
      );
    },
  );
  for (const [action, summary, turn] of STEPS) {
    app.post(`/campaigns/:id/${action}`, about(summary, NoFields), async (request, reply) =>
      answered(deps, reply, turn(deps, whichOf(request))),
    );
  }
  app.post('/campaigns/:id/rate', about('Change how fast a campaign is sent', Rate), async (request, reply) => {
    const { per_second: rate } = request.body;
    return answered(
      deps,
      reply,
      steered(deps, whichOf(request), 'rate', (row) => deps.campaigns.changeRate(row, rate)),
    );
  });
  app.post('/campaigns/:id/retry', about('Mail again whom it failed, in a new round', Retry), async (request, reply) =>
    answered(deps, reply, retry(deps, whichOf(request), request.body)),
  );
}

function about<T extends TSchema>(summary: string, body: T) {
  return {
    schema: { tags: ['Campaigns'], summary, params: IdPath, body, response: { 200: Data(CampaignView), ...refusals } },
  };
}

/** A launch whose answer was lost in a crash is answered when it is asked for again under its key. */
async function onceUnder(
  { campaigns, engine }: Deps,
  { account, id }: Which,
  origin: string | undefined,
  launch: (origin: string | undefined) => Promise<Campaign>,
): Promise<Campaign> {
  const row = origin === undefined ? null : await campaigns.find(account, id);
  if (row === null || row.launch_origin !== origin) return launch(origin);
  engine.wakeCampaign(row);
  return row;
}

function sendNow(deps: Deps, which: Which, origin?: string): Promise<Campaign> {
  return steered(deps, which, 'send', async (row) => {
    demandText(row);
    await demandApprovers(deps, row);
    await demandVerifiedSender(deps, row);
    const findings = await demandSendable(deps, row);
    await demandRecipients(deps, row);
    await forgetCancelled(deps, row, 'already_sent');
    return looked(await deps.campaigns.launch(row, origin), findings);
  });
}

function sendAt(deps: Deps, which: Which, time: Date, origin?: string): Promise<Campaign> {
  return steered(deps, which, 'schedule', async (row) => {
    demandText(row);
    await demandApprovers(deps, row);
    await demandVerifiedSender(deps, row);
    const findings = await demandSendable(deps, row);
    await forgetCancelled(deps, row, 'already_sent');
    return looked(await deps.campaigns.schedule(row, time, origin), findings);
  });
}

function unschedule(deps: Deps, which: Which): Promise<Campaign> {
  return steered(deps, which, 'schedule', async (row) =>
    row.state === 'scheduled' ? deps.campaigns.withdraw(row) : row,
  );
}

function pause(deps: Deps, which: Which): Promise<Campaign> {
  return steered(deps, which, 'pause', async (row) => (row.state === 'paused' ? row : deps.campaigns.pause(row)));
}

function resume(deps: Deps, which: Which): Promise<Campaign> {
  return steered(deps, which, 'resume', async (row) => (row.state === 'paused' ? deps.campaigns.resume(row) : row));
}

/** Before anything was due, cancelling leaves a draft; afterwards the campaign is cancelled for good. */
function cancel(deps: Deps, which: Which): Promise<Campaign> {
  return steered(deps, which, 'cancel', async (row) => {
    if (row.state === 'cancelled') return row;
    if (row.state === 'drafting') return withoutDraft(deps, row);
    const isEarly = row.state === 'scheduled' || row.state === 'awaiting_approval';
    return isEarly ? deps.campaigns.withdraw(row) : deps.campaigns.cancel(row);
  });
}

/** The row first: whatever the model still says then is kept as a version and changes nothing. */
async function withoutDraft(deps: Deps, row: Campaign): Promise<Campaign | null> {
  const after = await deps.campaigns.withdraw(row);
  if (after !== null) await forgetDraft(deps, row);
  return after;
}

const STEPS = [
  ['pause', 'Pause a campaign', pause],
  ['resume', 'Resume a campaign', resume],
  ['cancel', 'Cancel a campaign', cancel],
] as const;

const TAKES: Readonly<Record<Static<typeof Retry>['status'], readonly TakenKind[]>> = {
  failed: ['failed'],
  uncertain: ['uncertain'],
  all: ['failed', 'uncertain'],
};

/** An explicit further round; what was in doubt is mailed again knowingly, so late answers get their time first. */
function retry(deps: Deps, which: Which, { status, ids }: Static<typeof Retry>): Promise<Campaign> {
  const takes = TAKES[status];
  return steered(deps, which, 'retry', async (row) => {
    const wait = deps.config.retryAfterCloseMinutes * 60_000;
    if (row.closed_at === null || now().getTime() < row.closed_at.getTime() + wait) throw new Failure('too_early');
    if (!(await deps.recipients.anyOpen(row.account, row._id, takes, ids))) throw new Failure('nothing_to_retry');
    return deps.campaigns.reopen(row, { takes, due: now(), ...(ids !== undefined && { only: ids }) });
  });
}
