import type { Judge } from '../receiver/judge.js';
import type { JudgedCampaign, JudgedMail, RunRecord } from '../verdict.js';
import type { Caller } from './caller.js';
import type { PostedMessage } from './messages.js';

interface CampaignView {
  readonly status: string;
  readonly recipient_count: number;
  readonly stats: Readonly<Record<string, number>>;
  readonly waiting: { readonly reason: string } | null;
}

/** Statuses whose numbers a campaign shows. */
const STATUSES = ['pending', 'in_flight', 'sent', 'failed', 'skipped', 'uncertain', 'deferred'];

export interface Run {
  readonly call: Caller;
  readonly judge: Judge;
  readonly campaigns: readonly number[];
  readonly messages: readonly PostedMessage[];
}

/** Reads what the API says of each mail and event of a run that is over, and compares it with nothing. */
export async function recordOf(
  { call, judge, campaigns, messages }: Run,
  { bound, received }: { readonly bound: number; readonly received: ReadonlySet<string> },
): Promise<RunRecord> {
  const accepted = new Map<string, number>();
  for (const { to } of judge.accepted()) accepted.set(to, (accepted.get(to) ?? 0) + 1);
  const judged = (mail: Omit<JudgedMail, 'accepted'>): JudgedMail => ({
    ...mail,
    accepted: accepted.get(mail.to) ?? 0,
  });
  const judgedCampaigns: JudgedCampaign[] = [];
  for (const campaign of campaigns) judgedCampaigns.push(await campaignOf(call, campaign, judged));
  const { data: usage } = await call<{ data: { emails: RunRecord['quota'] } }>('GET', '/account/usage');
  const states = await statesOf(call, messages);
  return {
    campaigns: judgedCampaigns,
    messages: messages.map(({ id, to }) => judged({ to, status: states.get(id) })),
    bound,
    events: { logged: await loggedEvents(call), received },
    quota: usage.emails,
  };
}

async function campaignOf(
  call: Caller,
  campaign: number,
  judged: (mail: Omit<JudgedMail, 'accepted'>) => JudgedMail,
): Promise<JudgedCampaign> {
  const { data } = await call<{ data: CampaignView }>('GET', `/campaigns/${campaign}`);
  return {
    waitsForRetry: data.waiting?.reason === 'retry',
    recipients: (await recipientsOf(call, campaign)).map(({ email: to, status }) => judged({ to, status })),
    counted: countedBy(data),
  };
}

function countedBy({ recipient_count: recipients, stats }: CampaignView): JudgedCampaign['counted'] {
  return { recipients, byStatus: Object.fromEntries(STATUSES.map((status) => [status, stats[status] ?? 0])) };
}

interface Page<T> {
  readonly data: readonly T[];
  readonly meta: { readonly next: string | number | null };
}

async function* pagesOf<T>(call: Caller, path: string): AsyncGenerator<T> {
  const limit = 1_000;
  for (let next: string | number | null = 0, isFirst = true; isFirst || next !== null; isFirst = false) {
    const after: string = isFirst ? '' : `&after=${next}`;
    const page: Page<T> = await call<Page<T>>('GET', `${path}?limit=${limit}${after}`);
    yield* page.data;
    next = page.meta.next;
  }
}

interface RecipientView {
  readonly email: string;
  readonly status: string;
}

async function recipientsOf(call: Caller, campaign: number): Promise<readonly RecipientView[]> {
  const found: RecipientView[] = [];
  for await (const { email, status } of pagesOf<RecipientView>(call, `/campaigns/${campaign}/recipients`)) {
    found.push({ email, status });
  }
  return found;
}

/** The state of each message by its id. */
async function statesOf(call: Caller, messages: readonly PostedMessage[]): Promise<ReadonlyMap<string, string>> {
  const states = new Map<string, string>();
  for (const { id } of messages) {
    const { data } = await call<{ data: { state: string } }>('GET', `/messages/${id}`);
    states.set(id, data.state);
  }
  return states;
}

async function loggedEvents(call: Caller): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { id } of pagesOf<{ id: string }>(call, '/events')) ids.push(id);
  return ids;
}
