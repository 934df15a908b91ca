import { PROTOCOL_TIMES } from '../domain/delivery/protocol.js';
import { accounts } from './accounts/accounts.js';
import { audit } from './accounts/audit.js';
import { clients } from './accounts/clients.js';
import { members } from './accounts/members.js';
import { suspension } from './accounts/suspension.js';
import { campaigns } from './campaigns/campaigns.js';
import { campaignHolds } from './campaigns/holds.js';
import { ledger } from './campaigns/ledger.js';
import { campaignProgress } from './campaigns/progress.js';
import { campaignReading } from './campaigns/reading.js';
import { recipients } from './campaigns/recipients.js';
import { reputation } from './campaigns/reputation.js';
import { rounds } from './campaigns/rounds.js';

import { uncertainRecipients } from './campaigns/uncertain-recipients.js';
import { confirmations } from './confirmations/confirmations.js';
import { domains } from './domains/domains.js';
import { drafts } from './drafts/drafts.js';
import { voices } from './drafts/voices.js';
import { eventLog } from './events/event-log.js';
import { events } from './events/events.js';
import { imports } from './imports/imports.js';
import { importErrors, importRows } from './imports/rows.js';
import { inbound } from './inbound/inbound.js';
import { providers } from './inbound/providers.js';
import { keys } from './keys/keys.js';
import { keyRotation } from './keys/rotation.js';
import { lists } from './lists/lists.js';
import { listNotices } from './lists/notices.js';
import { contents } from './messages/contents.js';
import { messages } from './messages/messages.js';
import { messageProgress } from './messages/progress.js';
import { blobs } from './mongo/blobs.js';
import type { Store } from './mongo/connect.js';
import { counters } from './mongo/counters.js';
import type { DeadOwners } from './mongo/lease.js';
import { backlog } from './monitoring/backlog.js';
import { campaignSpeed } from './monitoring/campaign-speed.js';
import { openWork } from './monitoring/open-work.js';
import { sweepRecords } from './monitoring/sweep-record.js';
import { uncertainMail } from './monitoring/uncertain.js';
import { issues, pushedData } from './newsletters/issues.js';
import { newsletters } from './newsletters/newsletters.js';
import { messageQuota } from './quotas/message-quota.js';
import { quotas } from './quotas/quotas.js';
import { requestCounts, usageReading } from './quotas/usage.js';
import { requestLimits } from './requests/request-limits.js';
import { storedResponses } from './requests/stored-responses.js';
import { retention } from './retention/retention.js';
import { linkKeyRing } from './secrets/link-keys.js';
import { customFields } from './subscribers/custom-fields.js';
import { subscribers } from './subscribers/subscribers.js';
import { optOuts } from './suppressions/opt-outs.js';
import { suppressions } from './suppressions/suppressions.js';
import { templates } from './templates/templates.js';
import { engagements } from './tracking/engagement.js';
import { links } from './tracking/links.js';
import { reactions } from './tracking/reactions.js';
import { transportHealth } from './transports/health.js';
import { buckets } from './transports/token-buckets.js';
import { transports } from './transports/transports.js';
import { deliveries } from './webhooks/deliveries.js';
import { endpoints } from './webhooks/endpoints.js';

export interface StoreSettings {
  /** Seals secrets before they are stored. */
  readonly secret: string;
  /** How long a worker owns a ledger page or a message without a renewal, in milliseconds. */
  readonly lease?: number;
  /** Owners whose pages and messages may be taken before their lease is over. */
  readonly dead?: DeadOwners;
}

export type Stores = ReturnType<typeof stores>;

/** The stores of all collections over one database connection; an API or worker process creates them once. */
export function stores(store: Store, { secret, lease = PROTOCOL_TIMES.lease, dead }: StoreSettings) {
  return {
    ...accountStores(store, secret),
    ...campaignStores(store, lease, dead),
    ...subscriberStores(store),
    ...messageStores(store, lease, dead),
    ...newsletterStores(store),
    ...eventStores(store, secret),
    ...usageStores(store),
    ...mailStores(store, secret, lease),
    backlog: backlog(store, lease),
    blobs: blobs(store),
    counters: counters(store),
    requestLimits: requestLimits(store),
    retention: retention(store),
    openWork: openWork(store, lease),
    sweepRecords: sweepRecords(store),
    storedResponses: storedResponses(store),
    uncertainMail: uncertainMail(store),
  };
}

function accountStores(store: Store, secret: string) {
  return {
    accounts: accounts(store),
    audit: audit(store),
    clients: clients(store),
    keyRotation: keyRotation(store),
    keys: keys(store),
    linkKeys: linkKeyRing(store, secret),
    members: members(store),
    suspension: suspension(store),
  };
}

function campaignStores(store: Store, lease: number, dead: DeadOwners | undefined) {
  return {
    campaignHolds: campaignHolds(store),
    campaignProgress: campaignProgress(store),
    campaignSpeed: campaignSpeed(store),
    campaigns: { ...campaigns(store), ...campaignReading(store) },
    ledger: ledger(store, lease, dead),
    recipients: recipients(store),
    reputation: reputation(store),
    rounds: rounds(store),
    uncertainRecipients: uncertainRecipients(store),
  };
}

function subscriberStores(store: Store) {
  return {
    confirmations: confirmations(store),
    customFields: customFields(store),
    importErrors: importErrors(store),
    importRows: importRows(store),
    imports: imports(store),
    listNotices: listNotices(store),
    lists: lists(store),
    optOuts: optOuts(store),
    subscribers: subscribers(store),
    suppressions: suppressions(store),
  };
}

function messageStores(store: Store, lease: number, dead: DeadOwners | undefined) {
  return {
    contents: contents(store),
    messageProgress: messageProgress(store, lease, dead),
    messages: messages(store),
  };
}

function newsletterStores(store: Store) {
  return {
    drafts: drafts(store),
    issues: issues(store),
    newsletters: newsletters(store),
    pushedData: pushedData(store),
    templates: templates(store),
    voices: voices(store),
  };
}

function eventStores(store: Store, secret: string) {
  return {
    deliveries: deliveries(store),
    endpoints: endpoints(store, secret),
    engagements: engagements(store),
    eventLog: eventLog(store),
    events: events(store),
    links: links(store),
    reactions: reactions(store),
  };
}

function usageStores(store: Store) {
  return {
    messageQuota: messageQuota(store),
    quotas: quotas(store),
    requestCounts: requestCounts(store),
    usage: usageReading(store),
  };
}

function mailStores(store: Store, secret: string, lease: number) {
  return {
    domains: domains(store, secret),
    inbound: inbound(store),
    providers: providers(store, secret),
    tokenBuckets: buckets(store),
    transportHealth: transportHealth(store, lease),
    transports: transports(store, secret),
  };
}
