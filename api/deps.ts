import type { FastifyBaseLogger } from 'fastify';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import { accounts } from '../store/accounts.js';
import { audit } from '../store/audit.js';
import { blobs } from '../store/blobs.js';
import { campaignReading } from '../store/campaign-reading.js';
import { campaigns } from '../store/campaigns.js';
import { clients } from '../store/clients.js';
import { confirmations } from '../store/confirmations.js';
import type { Store } from '../store/connect.js';
import { contents } from '../store/contents.js';
import { counters } from '../store/counters.js';
import { customFields } from '../store/custom-fields.js';
import { domains } from '../store/domains.js';
import { doubt } from '../store/doubt.js';
import { drafts } from '../store/drafts.js';
import { engagements } from '../store/engagement.js';
import { events } from '../store/events.js';
import { importErrors } from '../store/import/errors.js';
import { imports } from '../store/imports.js';
import { inbound } from '../store/inbound.js';
import { keyRotation } from '../store/key-rotation.js';
import { keys } from '../store/keys.js';
import { links } from '../store/links.js';
import { lists } from '../store/lists.js';
import { members } from '../store/members.js';
import { messages } from '../store/messages.js';
import { issues } from '../store/newsletter/issues.js';
import { pushedData } from '../store/newsletter/pushed.js';
import { newsletters } from '../store/newsletters.js';
import { optOuts } from '../store/opt-outs.js';
import { providers } from '../store/providers.js';
import { messageQuota } from '../store/quota/message-quota.js';
import { quotas } from '../store/quota/quotas.js';
import { requestCounts } from '../store/quota/requests.js';
import { usageReading } from '../store/quota/usage.js';
import { recipients } from '../store/recipients.js';
import { replies } from '../store/replies.js';
import { requestLimits } from '../store/request-limits.js';
import { retention } from '../store/retention.js';
import { river } from '../store/river.js';
import { rounds } from '../store/rounds.js';
import { secrets } from '../store/secrets.js';
import { subscribers } from '../store/subscribers.js';
import { suppressions } from '../store/suppressions.js';
import { suspension } from '../store/suspension.js';
import { templates } from '../store/templates.js';
import { transports } from '../store/transports.js';
import { voices } from '../store/voices.js';
import { deliveries } from '../store/webhook/deliveries.js';
import { endpoints } from '../store/webhook/endpoints.js';
import type { WebClient } from '../web/client.js';
import type { Engine } from './engine.js';
import type { Press } from './press.js';

/** What was used of a plan. */
function measuring(store: Store) {
  return {
    messageQuota: messageQuota(store),
    quotas: quotas(store),
    requestCounts: requestCounts(store),
    usage: usageReading(store),
  };
}

/** The vocabulary of each noun over one open store; `secret` seals what must not lie open in it. */
export function nounStores(store: Store, secret: string) {
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
    doubt: doubt(store),
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
    ...riverStores(store, secret),
    ...measuring(store),
    recipients: recipients(store),
    replies: replies(store),
    requestLimits: requestLimits(store),
    retention: retention(store),
    rounds: rounds(store),
    secrets: secrets(store, secret),
    subscribers: subscribers(store),
    suppressions: suppressions(store),
    suspension: suspension(store),
    templates: templates(store),
    transports: transports(store, secret),
    voices: voices(store),
  };
}

function riverStores(store: Store, secret: string) {
  return {
    events: events(store),
    river: river(store),
    endpoints: endpoints(store, secret),
    deliveries: deliveries(store),
  };
}

function newsletterStores(store: Store) {
  return { newsletters: newsletters(store), issues: issues(store), pushed: pushedData(store) };
}

/** Everything a route may use. */
export interface Deps extends ReturnType<typeof nounStores> {
  readonly config: Config;
  readonly store: Store;
  readonly engine: Engine;
  readonly press: Press;
  /** The guarded way out to hosts that others name. */
  readonly web: Pick<WebClient, 'send'>;
  readonly log: FastifyBaseLogger;
  /** Figures of others in this process, for `/metrics` to show with its own. */
  readonly registry?: Registry | undefined;
  /** How long a visitor of a tracked link waits for the write of the visit, in milliseconds; the group commit's own if absent. */
  readonly visitPatience?: number;
}
