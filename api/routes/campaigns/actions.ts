import type { Static, TSchema } from 'typebox';
import { now } from '../../../clock.js';
import type { RetriedKind } from '../../../domain/campaign/campaign.js';
import { demandNoFaults, Failure } from '../../../domain/errors.js';
import type { Finding } from '../../../domain/mail/finding.js';
import { type RenderedCampaign, storeLetter } from '../../../services/letters/render-letter.js';
import { campaignSender, demandPermittedSender } from '../../../services/sender.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import type { Api } from '../../api.js';
import { originOf } from '../../hooks/idempotency.js';
import { Data, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import { timestamp } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';
import { demandApprovers } from './approval.js';
import { cancelDrafting } from './drafts/drafting.js';
import { futureTime } from './fields.js';
import { demandSendable, withFindings } from './previews/rendering.js';
import { CampaignView, EmptyBody, Rate, Retry, ScheduleBody, SendBody } from './schema.js';
import { type CampaignRef, campaignRefOf, demandRecipients, demandText, steerAndNotify } from './update.js';
import { respondWithCampaign } from './view.js';

/** The actions on a campaign; each returns the campaign after the action. */
export function campaignActions(app: Api, deps: Deps): void {
  app.post(
    '/campaigns/:id/send',
    routeOptions('Send a campaign now, or at a given time', SendBody),
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
    routeOptions('Schedule or unschedule a campaign', ScheduleBody),
    async (request, reply) => {
      const { scheduled_at: time } = request.body;
      const ref = campaignRefOf(request);
      const changed = time === null ? unschedule(deps, ref) : sendAt(deps, ref, futureTime(time));
      return respondWithCampaign(deps, reply, changed);
    },
  );
  for (const [action, summary] of SIMPLE_ACTIONS) {
    app.post(`/campaigns/:id/${action}`, routeOptions(summary, EmptyBody), async (request, reply) => {
      const { row } = await steerAndNotify(deps, campaignRefOf(request), { action });
      return respondWithCampaign(deps, reply, row);
    });
  }
  app.post('/campaigns/:id/cancel', routeOptions('Cancel a campaign', EmptyBody), async (request, reply) =>
    respondWithCampaign(deps, reply, cancel(deps, campaignRefOf(request))),
  );
  app.post('/campaigns/:id/rate', routeOptions('Change how fast a campaign is sent', Rate), async (request, reply) => {
    const perSecond = rateOf(request.body);
    const { row } = await steerAndNotify(deps, campaignRefOf(request), { action: 'rate', perSecond });
    return respondWithCampaign(deps, reply, row);
  });
  app.post(
    '/campaigns/:id/retry',
    routeOptions('Send to failed, uncertain or unsent recipients in a new round', Retry),
    async (request, reply) => respondWithCampaign(deps, reply, retry(deps, campaignRefOf(request), request.body)),
  );
}

function rateOf({ per_second, rate_per_second }: Static<typeof Rate>): number | null {
  const rate = per_second === undefined ? rate_per_second : per_second;
  if (rate === undefined) demandNoFaults({ per_second: ['The per_second field is required.'] });
  if (rate_per_second !== undefined && rate_per_second !== rate)
    demandNoFaults({ rate_per_second: ['The rate_per_second is another name of per_second: give one of them.'] });
  return rate ?? null;
}

function routeOptions<T extends TSchema>(summary: string, body: T) {
  return {
    schema: { tags: ['Campaigns'], summary, params: IdPath, body, response: { 200: Data(CampaignView), ...refusals } },
  };
}

/** A repeated request with the same Idempotency-Key finds its earlier launch, also after a crash before the response. */
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

/** Refuses a campaign that could not be sent, before any change. The letter that was checked is the one that is sent. */
async function sendNow(deps: Deps, ref: CampaignRef, origin?: string): Promise<Campaign> {
  let checked: RenderedCampaign | undefined;
  const letter = async (seen: Campaign) => storeLetter(deps, seen, checked ?? (await demandSendable(deps, seen)));
  const { row } = await steerAndNotify(deps, ref, { action: 'send', origin, letter }, async (seen) => {
    checked = await demandLaunchable(deps, seen);
    await demandRecipients(deps, seen);
  });
  return withFindings(row, checked?.findings ?? []);
}

/** Refuses a campaign that could not be sent, before any change. Its letter is rendered at its time. */
async function sendAt(deps: Deps, ref: CampaignRef, at: Date, origin?: string): Promise<Campaign> {
  let findings: readonly Finding[] = [];
  const { row } = await steerAndNotify(deps, ref, { action: 'schedule', at, origin }, async (seen) => {
    ({ findings } = await demandLaunchable(deps, seen));
  });
  return withFindings(row, findings);
}

async function demandLaunchable(deps: Deps, seen: Campaign): Promise<RenderedCampaign> {
  demandText(seen);
  await demandApprovers(deps, seen);
  await demandPermittedSender(deps, seen.account, (await campaignSender(deps, seen)).email);
  return demandSendable(deps, seen);
}

async function unschedule(deps: Deps, ref: CampaignRef): Promise<Campaign> {
  return (await steerAndNotify(deps, ref, { action: 'schedule', at: null })).row;
}

/** Writes the row first: a later answer of the model is kept as a version and does not change the campaign. */
async function cancel(deps: Deps, ref: CampaignRef): Promise<Campaign> {
  const { before, row } = await steerAndNotify(deps, ref, { action: 'cancel' });
  if (before.state === 'drafting') await cancelDrafting(deps, before);
  return row;
}

const SIMPLE_ACTIONS = [
  ['pause', 'Pause a campaign'],
  ['resume', 'Resume a campaign'],
] as const;

const RETRY_KINDS: Readonly<Record<Static<typeof Retry>['status'], readonly RetriedKind[]>> = {
  failed: ['failed'],
  uncertain: ['uncertain'],
  unsent: ['unsent'],
  all: ['failed', 'uncertain', 'unsent'],
};

/** Late replies and reports are recorded in this time after the close. */
const RETRY_AFTER_CLOSE_MS = 15 * 60_000;

function tooEarly(due: Date): Failure {
  const at = timestamp(due);
  const sentence = `The campaign closed too recently: late reports may still arrive. It may be retried from ${at} on.`;
  return new Failure('too_early', undefined, sentence, { retry_at: at });
}

/** A retry mails recipients again, so it is refused until late reports have had time to arrive; the unsent need not wait. */
async function retry(deps: Deps, ref: CampaignRef, { status, ids }: Static<typeof Retry>): Promise<Campaign> {
  const wait = status === 'unsent' ? 0 : RETRY_AFTER_CLOSE_MS;
  const { row } = await steerAndNotify(deps, ref, { action: 'retry', takes: RETRY_KINDS[status], ids }, (seen) => {
    if (seen.closed_at === null) throw new Failure('too_early', undefined, 'The last mails are still being recorded.');
    const due = new Date(seen.closed_at.getTime() + wait);
    if (now() < due) throw tooEarly(due);
  });
  return row;
}
