import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ActivityDeps } from '../activities/index.js';
import { compiledLetters } from '../activities/letters.js';
import { nowAndThen, reputationGuard } from '../activities/reputation.js';
import { signing } from '../activities/signing.js';
import type { Config } from '../config.js';
import type { ProtocolTimes } from '../domain/protocol.js';
import type { Limits } from '../domain/reputation.js';
import { rotatingTokens } from '../mail/link-ring.js';
import { renderer } from '../mail/render/pool.js';
import { accounts } from '../store/accounts.js';
import { blobs } from '../store/blobs.js';
import { buckets } from '../store/buckets.js';
import { campaignProgress } from '../store/campaign-progress.js';
import { campaigns } from '../store/campaigns.js';
import { confirmations } from '../store/confirmations.js';
import type { Store } from '../store/connect.js';
import { contents } from '../store/contents.js';
import { counters } from '../store/counters.js';
import { customFields } from '../store/custom-fields.js';
import { domains } from '../store/domains.js';
import { doubt } from '../store/doubt.js';
import { engagements } from '../store/engagement.js';
import { events } from '../store/events.js';
import { importErrors } from '../store/import/errors.js';
import { importRows } from '../store/import/rows.js';
import { imports } from '../store/imports.js';
import { keyRotation } from '../store/key-rotation.js';
import { ledger } from '../store/ledger.js';
import { links } from '../store/links.js';
import { listNotices } from '../store/list-notices.js';
import { lists } from '../store/lists.js';
import { members } from '../store/members.js';
import { recipients } from '../store/recipients.js';
import { reputation } from '../store/reputation.js';
import { retention } from '../store/retention.js';
import { rounds } from '../store/rounds.js';
import { keptSecret } from '../store/sealing.js';
import { secrets } from '../store/secrets.js';
import { subscribers } from '../store/subscribers.js';
import { suppressions } from '../store/suppressions.js';
import { templates } from '../store/templates.js';
import { transports } from '../store/transports.js';
import { guardedDial } from '../web/connector.js';
import { reach } from '../web/reach.js';
import { accountParts } from './account-parts.js';
import { bounceParts } from './bounce-parts.js';
import { countedLedger } from './counted.js';
import { draftParts } from './draft-parts.js';
import { type MailFigures, mailFigures } from './figures.js';
import { hookParts } from './hook-parts.js';
import { messageParts } from './message-parts.js';
import { newsletterParts } from './newsletter-parts.js';
import { LANES_PER_CAMPAIGN } from './queues.js';
import type { Stop } from './stop.js';
import { accountTransports, type Transports } from './transports.js';

export interface Surroundings {
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
export async function activityParts(surroundings: Surroundings, stop: Stop) {
  const { config, store, times, lanes, log, smtpUrl, registry } = surroundings;
  const figures = registry === undefined ? undefined : mailFigures(registry);
  const secret = config.secret ?? keptSecret(config.dataDir);
  const noun = { accounts: accounts(store), lists: lists(store) };
  const linkKeys = secrets(store, secret);
  const tokens = buckets(store);
  const senders = domains(store, secret);
  const keys = signing({ domains: senders, config });
  const back = await bounceParts(store, { config, domains: senders, ring: linkKeys.ring });
  const dial = guardedDial(reach(config.allowedPrivateHosts));
  const relay = { smtpUrl, smtpConnections: config.smtpConnections, times, dial, log, took: figures?.took };
  const ways = accountTransports({ ...noun, transports: transports(store, secret), buckets: tokens, ...relay });
  const followed = { tokens: rotatingTokens(await linkKeys.ring(), linkKeys.ring), publicUrl: config.publicUrl };
  return {
    ...noun,
    config,
    ...messageParts({ store, times, ways, signing: keys, ...back, ...followed, figures }, stop),
    ...hookParts({ config, store, secret }),
    signing: keys,
    ...rowsOf(store, times.lease, config.pauseAt, figures),
    ...draftParts(store, config),
    ...newsletterParts(store),
    senderDomains: senders,
    buckets: tokens,
    ...accountParts(store),
    ...back,
    letters: compiledLetters({ ...noun, ...back, contents: contents(store), links: links(store), config }),
    renderer: renderer(),
    links: followed.tokens,
    linkRing: linkKeys.ring,
    ways,
    transportsFor: ways.of,
    times,
    log,
    maxLanes: LANES_PER_CAMPAIGN,
    lanes,
    stopping: stop.stopping,
    unqueue: stop.drained,
    ...underTemporal,
  } satisfies Omit<ActivityDeps, 'engine'> & { ways: Transports };
}

/** What an activity asks of whoever runs it. */
const underTemporal = {
  heartbeat: () => Context.current().heartbeat(),
  host: () => {
    const context = Context.current();
    return { cancelled: context.cancellationSignal, heartbeat: () => context.heartbeat() };
  },
};

/** The vocabulary of each noun; `lease` in milliseconds. */
function rowsOf(store: Store, lease: number, limits: Limits, figures: MailFigures | undefined) {
  const rows = {
    campaigns: campaigns(store),
    progress: campaignProgress(store),
    keyRotation: keyRotation(store),
    listNotices: listNotices(store),
    ledger: countedLedger(ledger(store, lease), figures?.campaign),
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
    doubt: doubt(store),
    engagements: engagements(store),
    contents: contents(store),
    counters: counters(store),
    templates: templates(store),
    members: members(store),
  };
  const guard = reputationGuard({ ...rows, accounts: accounts(store), reputation: reputation(store), limits });
  return { ...rows, guard: nowAndThen(guard) };
}
