import { now } from '../clock.js';
import type { KnownHealth } from '../domain/delivery/transport-health.js';
import { partsOfIssueId } from '../domain/newsletter/issue.js';
import type { UncertainCount } from '../store/monitoring/uncertain.js';
import type { Stores } from '../store/stores.js';
import { DEFAULT_TRANSPORT } from '../store/transports/health.js';
import type { StoredTransport } from '../store/transports/transports.js';
import { type FailingWebhook, failingWebhooks } from './waiting/failing-webhooks.js';
import { type WaitingTotal, type WaitingTotalsStores, waitingTotals } from './waiting/waiting-totals.js';

export type AccountStatusStores = WaitingTotalsStores &
  Pick<Stores, 'uncertainMail' | 'endpoints' | 'deliveries' | 'eventLog' | 'newsletters'>;

/** The subject of a campaign or the name of a newsletter; null: a message, whose subject may be personal, or a deleted thing. */
interface Named {
  readonly name: string | null;
}

/** What needs attention in an account. */
export interface AccountStatus {
  readonly waiting: readonly (WaitingTotal & Named)[];
  readonly uncertain: {
    readonly messages: number;
    /** By campaign. */
    readonly recipients: readonly (UncertainCount & Named)[];
  };
  readonly transports: {
    readonly own: readonly StoredTransport[];
    /** By the id of the transport. */
    readonly known: ReadonlyMap<string, KnownHealth>;
  };
  readonly webhooks: readonly FailingWebhook[];
}

/** Campaigns with uncertain recipients that are named; the newest. */
const CAMPAIGNS_NAMED = 50;

export async function accountStatus(stores: AccountStatusStores, account: number): Promise<AccountStatus> {
  const scope = { account, limit: CAMPAIGNS_NAMED };
  const [waiting, [messages], recipients, webhooks, transports] = await Promise.all([
    waitingTotals(stores, account),
    stores.uncertainMail.messages(scope),
    stores.uncertainMail.recipients(scope),
    failingWebhooks(stores, account, now()),
    transportsOf(stores, account),
  ]);
  const { waitingNames, subjects } = await namesOf(stores, account, waiting, recipients);
  return {
    waiting: waiting.map((total) => ({ ...total, name: waitingNames.get(total.id) ?? null })),
    uncertain: {
      messages: messages?.count ?? 0,
      recipients: recipients.map((found) => ({ ...found, name: subjects.get(found.of) ?? null })),
    },
    transports,
    webhooks,
  };
}

async function transportsOf({ transports, transportHealth }: AccountStatusStores, account: number) {
  const own = await transports.ofAccount(account);
  return { own, known: await transportHealth.of([DEFAULT_TRANSPORT, ...own.map(({ _id }) => `${_id}`)]) };
}

/** Subjects by campaign, and what a person calls each thing that waits. */
async function namesOf(
  { campaigns, newsletters }: Pick<Stores, 'campaigns' | 'newsletters'>,
  account: number,
  waiting: readonly WaitingTotal[],
  uncertain: readonly UncertainCount[],
) {
  const idsOf = (kind: WaitingTotal['kind']) => waiting.flatMap((total) => (total.kind === kind ? [total.id] : []));
  const ofIssues = idsOf('issue').map((id) => [id, partsOfIssueId(id).newsletter] as const);
  const [subjects, names] = await Promise.all([
    campaigns.subjectsOf(account, [...idsOf('campaign').map(Number), ...uncertain.map(({ of }) => of)]),
    newsletters.namesOf(
      account,
      ofIssues.map(([, newsletter]) => newsletter),
    ),
  ]);
  const waitingNames = new Map([
    ...[...subjects].map(([id, subject]) => [`${id}`, subject] as const),
    ...ofIssues.map(([id, newsletter]) => [id, names.get(newsletter)] as const),
  ]);
  return { waitingNames, subjects };
}
