import type { FastifyBaseLogger } from 'fastify';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import { accounts } from '../store/accounts/accounts.js';
import { audit } from '../store/accounts/audit.js';
import { clients } from '../store/accounts/clients.js';
import { members } from '../store/accounts/members.js';
import { suspension } from '../store/accounts/suspension.js';
import { campaigns } from '../store/campaigns/campaigns.js';
import { campaignReading } from '../store/campaigns/reading.js';
import { recipients } from '../store/campaigns/recipients.js';
import { rounds } from '../store/campaigns/rounds.js';
import { uncertainRecipients } from '../store/campaigns/uncertain-recipients.js';
import { confirmations } from '../store/confirmations/confirmations.js';
import { domains } from '../store/domains/domains.js';
import { drafts } from '../store/drafts/drafts.js';
import { voices } from '../store/drafts/voices.js';
import { eventLog } from '../store/events/event-log.js';
import { events } from '../store/events/events.js';
import { importErrors } from '../store/imports/errors.js';
import { imports } from '../store/imports/imports.js';
import { inbound } from '../store/inbound/inbound.js';
import { providers } from '../store/inbound/providers.js';
import { keys } from '../store/keys/keys.js';
import { keyRotation } from '../store/keys/rotation.js';
import { lists } from '../store/lists/lists.js';
import { contents } from '../store/messages/contents.js';
import { messages } from '../store/messages/messages.js';
import { blobs } from '../store/mongo/blobs.js';
import type { Store } from '../store/mongo/connect.js';
import { counters } from '../store/mongo/counters.js';
import { issues } from '../store/newsletters/issues.js';
import { newsletters } from '../store/newsletters/newsletters.js';
import { pushedData } from '../store/newsletters/pushed-data.js';
import { messageQuota } from '../store/quotas/message-quota.js';
import { quotas } from '../store/quotas/quotas.js';
import { requestCounts } from '../store/quotas/request-counts.js';
import { usageReading } from '../store/quotas/usage.js';
import { requestLimits } from '../store/requests/request-limits.js';
import { storedResponses } from '../store/requests/stored-responses.js';
import { retention } from '../store/retention/retention.js';
import { linkKeyRing } from '../store/secrets/link-keys.js';
import { customFields } from '../store/subscribers/custom-fields.js';
import { subscribers } from '../store/subscribers/subscribers.js';
import { optOuts } from '../store/suppressions/opt-outs.js';
import { suppressions } from '../store/suppressions/suppressions.js';
import { templates } from '../store/templates/templates.js';
import { engagements } from '../store/tracking/engagement.js';
import { links } from '../store/tracking/links.js';
import { transports } from '../store/transports/transports.js';
import { deliveries } from '../store/webhooks/deliveries.js';
import { endpoints } from '../store/webhooks/endpoints.js';
import type { WebClient } from '../web/client.js';
import type { Engine } from './engine/engine.js';
import type { TemplateCache } from './template-cache.js';

/** What was used of a plan. */
function usageStores(store: Store) {
  return {
    messageQuota: messageQuota(store),
    quotas: quotas(store),
    requestCounts: requestCounts(store),
    usage: usageReading(store),
  };
}

/** The vocabulary of each noun over one open store; `secret` seals what must not lie open in it. */
export function createStores(store: Store, secret: string) {
  return {
    accounts: accounts(store),
    audit: audit(store),
    blobs: blobs(store),
    clients: clients(store),
    campaigns: { ...campaigns(store), ...campaignReading(store) },
    confirmations: confirmations(store),
    contents: contents(store),
    counters: counters(store),
    customFields: customFields(store),
    domains: domains(store, secret),
    doubt: uncertainRecipients(store),
    engagements: engagements(store),
    drafts: drafts(store),
    importErrors: importErrors(store),
    imports: imports(store),
    keyRotation: keyRotation(store),
    inbound: inbound(store),
    keys: keys(store),
    links: links(store),
    lists: lists(store),
    members: members(store),
    messages: messages(store),
    providers: providers(store, secret),
    optOuts: optOuts(store),
    ...newsletterStores(store),
    ...eventStores(store, secret),
    ...usageStores(store),
    recipients: recipients(store),
    replies: storedResponses(store),
    requestLimits: requestLimits(store),
    retention: retention(store),
    rounds: rounds(store),
    secrets: linkKeyRing(store, secret),
    subscribers: subscribers(store),
    suppressions: suppressions(store),
    suspension: suspension(store),
    templates: templates(store),
    transports: transports(store, secret),
    voices: voices(store),
  };
}

function eventStores(store: Store, secret: string) {
  return {
    events: events(store),
    eventLog: eventLog(store),
    endpoints: endpoints(store, secret),
    deliveries: deliveries(store),
  };
}

function newsletterStores(store: Store) {
  return { newsletters: newsletters(store), issues: issues(store), pushed: pushedData(store) };
}

/** Everything a route may use. */
export interface Deps extends ReturnType<typeof createStores> {
  readonly config: Config;
  readonly store: Store;
  readonly engine: Engine;
  readonly templateCache: TemplateCache;
  /** The guarded way out to hosts that others name. */
  readonly web: Pick<WebClient, 'send'>;
  readonly log: FastifyBaseLogger;
  /** Figures of others in this process, for `/metrics` to show with its own. */
  readonly registry?: Registry | undefined;
  /** How long a visitor of a tracked link waits for the write of the visit, in milliseconds; the group commit's own if absent. */
  readonly visitTimeout?: number;
}
