import { deferringDomains } from '../../../activities/campaign/deferring-domains.js';
import type { DeliveryDeps } from '../../../activities/campaign/delivery.js';
import { fairTurns } from '../../../activities/campaign/turns.js';
import { windowShares } from '../../../activities/campaign/window-shares.js';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import type { Outcome } from '../../../domain/delivery/outcome.js';
import { PROTOCOL_TIMES } from '../../../domain/delivery/protocol.js';
import { compileLetter } from '../../../mail/letter/compile.js';
import type { FailoverTransport } from '../../../mail/transports/failover.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import type { Store } from '../../../store/mongo/connect.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import { tokenOf } from '../../../store/mongo/lease.js';
import { stores } from '../../../store/stores.js';
import { turnSettings } from '../../../workers/queues.js';
import { aLetter, someLinks } from '../mail/letters.js';
import { aDraft, aList } from '../store/campaigns.js';
import { aPage, insertPages } from '../store/ledger-pages.js';

/** The send with a mail server that answers each mail by `deliver`. */
export function sendingDeps(
  store: Store,
  deliver: () => Promise<Outcome>,
  over: Partial<
    Pick<DeliveryDeps, 'letters' | 'guard' | 'checkReputation' | 'transportsFor' | 'engine' | 'times' | 'tokenBuckets'>
  > = {},
): DeliveryDeps {
  const letter = compileLetter(aLetter());
  const never = new AbortController().signal;
  const send: FailoverTransport['send'] = (_mail, _order, settled) => void deliver().then(settled);
  const routes = { connections: 1, ready: async () => undefined, route: () => undefined, send };
  return {
    ...stores(store, { secret: 'secret' }),
    letters: { of: async () => letter },
    linkTokens: someLinks,
    returnPaths: { forRecipient: () => 'path' },
    signing: { statusOf: async () => ({ kind: 'signers', signers: [] }) },
    transportsFor: () => routes,
    guard: async () => undefined,
    activityContext: () => ({ cancelled: never, heartbeat: () => undefined }),
    times: PROTOCOL_TIMES,
    windowShares: windowShares(),
    deferringDomains: deferringDomains(30_000),
    checkReputation: async () => undefined,
    freshness: 10_000,
    stopping: never,
    drained: never,
    sendsHere: async () => true,
    newToken: () => tokenOf('this process'),
    ownersAreUndecided: () => false,
    engine: { notifyCampaign: async () => undefined },
    turns: fairTurns(turnSettings(1, PROTOCOL_TIMES)),
    ...over,
  } as unknown as DeliveryDeps;
}

/** A campaign that is sending, with one page of so many recipients. */
export async function aSendingCampaign(
  store: Store,
  readers = 2,
  page: Pick<Partial<LedgerPage>, 'token' | 'seen' | 'claimed'> = {},
): Promise<Campaign> {
  const { _id, account } = await aDraft(store, 0);
  const list = await aList(store, account, readers);
  const subscribers = store.db.collection<{ _id: number }>('subscribers');
  const ids = (await subscribers.find({ list_id: list }).toArray()).map((row) => row._id);
  const round = { takes: [], due: new Date(0) };
  const ran = { state: 'sending' as const, launch: 1, round: 0, rounds: [round] };
  await majorityCollection<Campaign>(store, 'campaigns').updateOne({ _id }, { $set: ran });
  await insertPages(store, [aPage({ account, campaign: _id, ids, ...page })]);
  const row = await campaigns(store).find(account, _id);
  if (row === null) throw new Error('gone');
  return row;
}
