import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { compiledLetters } from '../../activities/campaign/letters.js';
import { reputationGuard, throttledGuard } from '../../activities/campaign/reputation.js';
import type { ActivityDeps } from '../../activities/index.js';
import type { Config } from '../../config.js';
import type { Limits } from '../../domain/campaign/reputation.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { renderer } from '../../mail/render/pool.js';
import { rotatingTokens } from '../../mail/tokens/rotating-tokens.js';
import { signing } from '../../services/signing.js';
import { accounts } from '../../store/accounts/accounts.js';
import { members } from '../../store/accounts/members.js';
import { campaigns } from '../../store/campaigns/campaigns.js';
import { ledger } from '../../store/campaigns/ledger.js';
import { campaignProgress } from '../../store/campaigns/progress.js';
import { recipients } from '../../store/campaigns/recipients.js';
import { reputation } from '../../store/campaigns/reputation.js';
import { rounds } from '../../store/campaigns/rounds.js';
import { uncertainRecipients } from '../../store/campaigns/uncertain-recipients.js';
import { confirmations } from '../../store/confirmations/confirmations.js';
import { domains } from '../../store/domains/domains.js';
import { events } from '../../store/events/events.js';
import { importErrors } from '../../store/imports/errors.js';
import { imports } from '../../store/imports/imports.js';
import { importRows } from '../../store/imports/rows.js';
import { keyRotation } from '../../store/keys/rotation.js';
import { lists } from '../../store/lists/lists.js';
import { listNotices } from '../../store/lists/notices.js';
import { contents } from '../../store/messages/contents.js';
import { blobs } from '../../store/mongo/blobs.js';
import type { Store } from '../../store/mongo/connect.js';
import { counters } from '../../store/mongo/counters.js';
import { retention } from '../../store/retention/retention.js';
import { linkKeyRing } from '../../store/secrets/link-keys.js';
import { keptSecret } from '../../store/secrets/sealing.js';
import { customFields } from '../../store/subscribers/custom-fields.js';
import { subscribers } from '../../store/subscribers/subscribers.js';
import { suppressions } from '../../store/suppressions/suppressions.js';
import { templates } from '../../store/templates/templates.js';
import { engagements } from '../../store/tracking/engagement.js';
import { links } from '../../store/tracking/links.js';
import { buckets } from '../../store/transports/token-buckets.js';
import { transports } from '../../store/transports/transports.js';
import { addressGuard } from '../../web/address-guard.js';
import { guardedDial } from '../../web/connector.js';
import { countedLedger } from '../metrics/counted-stores.js';
import { type MailMetrics, mailMetrics } from '../metrics/metrics.js';
import { LANES_PER_CAMPAIGN } from '../queues.js';
import type { Stop } from '../stop.js';
import { accountTransports, type Transports } from '../transports.js';
import { accountWiring } from './account.js';
import { bounceWiring } from './bounce.js';
import { draftWiring } from './draft.js';
import { messageWiring } from './message.js';
import { newsletterWiring } from './newsletter.js';
import { webhookWiring } from './webhook.js';

export interface WorkerDependencies {
  readonly config: Config;
  readonly store: Store;
  readonly smtpUrl: string;
  readonly times: ProtocolTimes;
  readonly lanes: number;
  readonly log: Logger;
  /** Where figures of mails are kept; none: nobody counts. */
  readonly registry?: Registry | undefined;
}

/** Everything the activities are given, put together once a process; the engine comes with the connection. */
export async function activityWiring(dependencies: WorkerDependencies, stop: Stop) {
  const { config, store, times, lanes, log, smtpUrl, registry } = dependencies;
  const metrics = registry === undefined ? undefined : mailMetrics(registry);
  const secret = config.secret ?? keptSecret(config.dataDir);
  const stores = { accounts: accounts(store), lists: lists(store) };
  const linkKeys = linkKeyRing(store, secret);
  const tokens = buckets(store);
  const senders = { config, domains: domains(store, secret) };
  const keys = signing(senders);
  const bounces = await bounceWiring(store, { config, ring: linkKeys.ring });
  const dial = guardedDial(addressGuard(config.allowedPrivateHosts));
  const smtp = { smtpUrl, smtpConnections: config.smtpConnections, times, dial, log, took: metrics?.duration };
  const outgoing = accountTransports({ ...stores, transports: transports(store, secret), buckets: tokens, ...smtp });
  const linkTracking = { tokens: rotatingTokens(await linkKeys.ring(), linkKeys.ring), publicUrl: config.publicUrl };
  return {
    ...stores,
    config,
    ...messageWiring({ ...senders, store, times, outgoing, signing: keys, ...bounces, ...linkTracking, metrics }, stop),
    ...webhookWiring({ config, store, secret }),
    signing: keys,
    ...storeWiring(store, times.lease, config.pauseAt, metrics),
    ...draftWiring(store, config),
    ...newsletterWiring(store),
    domains: senders.domains,
    buckets: tokens,
    ...accountWiring(store),
    ...bounces,
    letters: compiledLetters({ ...stores, ...senders, contents: contents(store), links: links(store) }),
    renderer: renderer(),
    links: linkTracking.tokens,
    linkKeyring: linkKeys.ring,
    outgoing,
    transportsFor: outgoing.of,
    times,
    log,
    maxLanes: LANES_PER_CAMPAIGN,
    lanes,
    stopping: stop.stopping,
    drained: stop.drained,
    ...temporalContext,
  } satisfies Omit<ActivityDeps, 'engine'> & { outgoing: Transports };
}

/** What an activity asks of whoever runs it. */
const temporalContext = {
  heartbeat: () => Context.current().heartbeat(),
  activityContext: () => {
    const context = Context.current();
    return { cancelled: context.cancellationSignal, heartbeat: () => context.heartbeat() };
  },
};

/** The vocabulary of each noun; `lease` in milliseconds. */
function storeWiring(store: Store, lease: number, limits: Limits, metrics: MailMetrics | undefined) {
  const rows = {
    campaigns: campaigns(store),
    progress: campaignProgress(store),
    keyRotation: keyRotation(store),
    listNotices: listNotices(store),
    ledger: countedLedger(ledger(store, lease), metrics?.campaign),
    rounds: rounds(store),
    recipients: recipients(store),
    subscribers: subscribers(store),
    suppressions: suppressions(store),
    events: events(store),
    imports: imports(store),
    importRows: importRows(store),
    customFields: customFields(store),
    importErrors: importErrors(store),
    retention: retention(store),
    blobs: blobs(store),
    confirmations: confirmations(store),
    doubt: uncertainRecipients(store),
    engagements: engagements(store),
    contents: contents(store),
    counters: counters(store),
    templates: templates(store),
    members: members(store),
  };
  const guard = reputationGuard({ ...rows, accounts: accounts(store), reputation: reputation(store), limits });
  return { ...rows, guard: throttledGuard(guard) };
}
