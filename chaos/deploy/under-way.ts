import type { Caller } from '../run/caller.js';
import { preparedCampaign } from '../run/campaigns.js';
import { type PostedMessage, postMessages } from '../run/messages.js';
import { untilDecided } from '../run/progress.js';
import type { RunServers } from '../run/servers.js';
import { untilTrue } from '../run/until-true.js';

/** What waits while the builds change. */
export interface Waiting {
  /** It waits for its next round, in which it tries the recipients again that the receiver has put off. */
  readonly putOff: number;
  /** It waits for an approval. */
  readonly unapproved: number;
  /** Some of them were put off as well, and wait for their second attempt. */
  readonly messages: readonly PostedMessage[];
}

const BUSY = 'busy';
const BUSY_RECIPIENTS = 200;
const LATE = 'late';
const LATE_MESSAGES = 30;
/** A receiver that puts off every mail counts as down: nothing more is tried then. */
const PUT_OFF_SHARE = 0.3;
const UNAPPROVED = 200;
/** Mails of a campaign a second that do not hold it back. */
export const FULL_SPEED = 1_000;
const LIMIT_MS = 120_000;

/** Brings two campaigns and some messages to where they wait. The first retries are due within 48 to 72 seconds of the return. */
export async function bringToWait(servers: RunServers, key: string): Promise<Waiting> {
  const { call } = servers;
  const body = { name: 'Approver', email: 'approver@example.test', role: 'approver' };
  await call('POST', '/account/members', { body, key: `${key}-member` });
  const plan = { name: BUSY, recipients: BUSY_RECIPIENTS, rate: FULL_SPEED };
  const putOff = await preparedCampaign(call, { ...plan, key: `${key}-put-off` });
  const asked = { name: 'asked', recipients: UNAPPROVED, rate: FULL_SPEED, approval: true };
  const unapproved = await preparedCampaign(call, { ...asked, key: `${key}-approved` });
  await call('POST', `/campaigns/${unapproved}/send`, { body: {}, key: `${key}-approved-send` });
  await untilCampaign(call, unapproved, (seen) => seen.approval_letter !== null && seen.approval_asked_at !== null);
  return { putOff, unapproved, messages: await sentWhileBusy(servers, putOff, key) };
}

/** How many recipients and messages still wait for their second try. */
export function retriesLeft({ judge }: Pick<RunServers, 'judge'>) {
  const accepted = (name: string) => judge.accepted().filter(({ to }) => to.startsWith(name)).length;
  return { recipients: BUSY_RECIPIENTS - accepted(BUSY), messages: LATE_MESSAGES - accepted(LATE) };
}

/** Sends while the receiver puts off a share of the mails, until those wait for another try. */
async function sentWhileBusy(servers: RunServers, campaign: number, key: string): Promise<readonly PostedMessage[]> {
  const { call, judge } = servers;
  judge.begin({ phase: 'rcpt', share: PUT_OFF_SHARE, act: '450 4.2.0 mailbox busy' });
  await call('POST', `/campaigns/${campaign}/send`, { body: {}, key: `${key}-put-off-send` });
  const messages = await postMessages(call, { key, name: LATE, count: LATE_MESSAGES, everyMs: 0 });
  await untilCampaign(call, campaign, ({ stats }) => stats.rounds > 1);
  if (!(await untilDecided(call, messages, LIMIT_MS))) throw new Error('messages were not put off');
  judge.end();
  return messages;
}

/** Fields that older builds have as well. */
interface CampaignView {
  readonly status: string;
  readonly stats: { readonly rounds: number };
  readonly approval_letter: string | null;
  readonly approval_asked_at: string | null;
}

async function viewOf(call: Caller, campaign: number): Promise<CampaignView> {
  return (await call<{ data: CampaignView }>('GET', `/campaigns/${campaign}`)).data;
}

/** Throws with the last view where it does not come to that within the limit. */
async function untilCampaign(call: Caller, campaign: number, holds: (view: CampaignView) => boolean): Promise<void> {
  let seen: CampaignView | undefined;
  const came = await untilTrue(LIMIT_MS, async () => {
    seen = await viewOf(call, campaign);
    return holds(seen);
  });
  if (!came) throw new Error(`Campaign ${campaign} did not come to wait: ${JSON.stringify(seen)}`);
}

/** Whether each campaign is sent within the limit. */
export function untilSent(call: Caller, campaigns: readonly number[], limitMs: number): Promise<boolean> {
  return untilTrue(limitMs, async () => {
    for (const campaign of campaigns) if ((await viewOf(call, campaign)).status !== 'sent') return false;
    return true;
  });
}
