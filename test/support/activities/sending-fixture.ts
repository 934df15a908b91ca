import { deferringDomains } from '../../../activities/campaign/deferring-domains.js';
import type { DeliveryDeps } from '../../../activities/campaign/delivery.js';
import { fairTurns } from '../../../activities/campaign/turns.js';
import { windowShares } from '../../../activities/campaign/window-shares.js';
import type { Outcome } from '../../../domain/delivery/outcome.js';
import { PROTOCOL_TIMES } from '../../../domain/delivery/protocol.js';
import { compileLetter } from '../../../mail/letter/compile.js';
import type { FailoverTransport } from '../../../mail/transports/failover.js';
import type { Store } from '../../../store/mongo/connect.js';
import { stores } from '../../../store/stores.js';
import { turnSettings } from '../../../workers/queues.js';
import { aLetter, someLinks } from '../mail/letters.js';

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
    engine: { notifyCampaign: async () => undefined },
    turns: fairTurns(turnSettings(1, PROTOCOL_TIMES)),
    ...over,
  } as unknown as DeliveryDeps;
}
