import type { RecentReads } from '../store/requests/recent-reads.js';
import type { Api } from './api.js';
import { auditChanges } from './hooks/audit.js';
import { authenticate } from './hooks/auth.js';
import { enforceIdempotency } from './hooks/idempotency.js';
import { acceptJsonOnly } from './hooks/json-bodies.js';
import { demandKeyRestrictions } from './hooks/keys/restrictions.js';
import { limitMonth } from './hooks/limits/request-quota.js';
import { forgetReadsAfterChanges } from './hooks/recent-reads.js';
import { limitKeys } from './hooks/request-limits.js';
import { demandScopes } from './hooks/scopes.js';
import type { Shared } from './route-context.js';
import { account } from './routes/accounts.js';
import { agencyClients } from './routes/agencies/clients.js';
import { agency, clientAccess } from './routes/agencies/routes.js';
import { auditTrail } from './routes/audit.js';
import { brand } from './routes/brands.js';
import { campaignActions } from './routes/campaigns/actions.js';
import { campaignApproval } from './routes/campaigns/approval.js';
import { campaignDrafts } from './routes/campaigns/drafts/routes.js';
import { campaignPreviewLinks, campaignPreviews, campaignTestSends } from './routes/campaigns/previews/routes.js';
import { campaignRecipients } from './routes/campaigns/recipients.js';
import { campaigns } from './routes/campaigns/routes.js';
import { campaignStatistics } from './routes/campaigns/statistics/routes.js';
import { customFieldRoutes } from './routes/custom-fields.js';
import { domains } from './routes/domains/routes.js';
import { events } from './routes/events/routes.js';
import { imports } from './routes/imports/routes.js';
import { inboundMail } from './routes/inbound.js';
import { keys } from './routes/keys.js';
import { lists } from './routes/lists.js';
import { members } from './routes/members.js';
import { messageBatches } from './routes/messages/batch.js';
import { messages } from './routes/messages/routes.js';
import { newsletterActions } from './routes/newsletters/actions.js';
import { newsletters } from './routes/newsletters/routes.js';
import { people } from './routes/people/routes.js';
import { providers } from './routes/providers.js';
import { sentMail } from './routes/sent-mail.js';
import { status } from './routes/status.js';
import { subscriberBatches, subscriberExport } from './routes/subscribers/bulk.js';
import { subscribers } from './routes/subscribers/routes.js';
import { suppressionFiles } from './routes/suppressions/files.js';
import { suppressions } from './routes/suppressions/routes.js';
import { acceptIdentifiers } from './routes/templates/by-identifier.js';
import { templatePreviews } from './routes/templates/preview.js';
import { templates } from './routes/templates/routes.js';
import { templateVersions } from './routes/templates/versions.js';
import { transports } from './routes/transports/routes.js';
import { accountUsage } from './routes/usage.js';
import { voice } from './routes/voices.js';
import { webhookActions } from './routes/webhooks/actions.js';
import { webhookDeliveries, webhooks } from './routes/webhooks/routes.js';
import type { Deps } from './wiring.js';

/** Registers every route that needs a key, in the order in which a request reaches them. */
export function versionOne(api: Api, deps: Deps, { recent, counter }: Shared): void {
  acceptJsonOnly(api);
  authenticate(api, { ...deps, ...recent.stores });
  demandScopes(api);
  demandKeyRestrictions(api, deps);
  limitKeys(api, deps);
  limitMonth(api, counter);
  enforceIdempotency(api, deps);
  auditChanges(api, deps);
  forgetReadsAfterChanges(api, recent);

  audienceRoutes(api, deps);
  sendingRoutes(api, deps, recent);
  deliveryRoutes(api, deps);
  accountRoutes(api, deps);
}

/** Subscribers and suppressions. */
function audienceRoutes(api: Api, deps: Deps): void {
  lists(api, deps);
  subscribers(api, deps);
  subscriberBatches(api, deps);
  subscriberExport(api, deps);
  people(api, deps);
  customFieldRoutes(api, deps);
  imports(api, deps);
  suppressions(api, deps);
  suppressionFiles(api, deps);
}

/** Mail. */
function sendingRoutes(api: Api, deps: Deps, recent: RecentReads): void {
  acceptIdentifiers(api, deps);
  templates(api, deps);
  templateVersions(api, deps);
  templatePreviews(api, deps);
  campaigns(api, deps);
  campaignActions(api, deps);
  campaignDrafts(api, deps);
  campaignApproval(api, deps);
  campaignRecipients(api, deps);
  campaignPreviews(api, deps);
  campaignPreviewLinks(api, deps);
  campaignTestSends(api, deps);
  campaignStatistics(api, deps);
  const sharing = { ...deps, ...recent.stores };
  messages(api, sharing);
  messageBatches(api, sharing);
  sentMail(api, deps);
}

/** Transports, incoming reports and webhooks. */
function deliveryRoutes(api: Api, deps: Deps): void {
  transports(api, deps);
  newsletters(api, deps);
  newsletterActions(api, deps);
  domains(api, deps);
  inboundMail(api, deps);
  providers(api, deps);
  events(api, deps);
  webhooks(api, deps);
  webhookActions(api, deps);
  webhookDeliveries(api, deps);
}

/** Accounts and their settings. */
function accountRoutes(api: Api, deps: Deps): void {
  keys(api, deps);
  auditTrail(api, deps);
  account(api, deps);
  accountUsage(api, deps);
  status(api, deps);
  agency(api, deps);
  agencyClients(api, deps);
  clientAccess(api, deps);
  brand(api, deps);
  members(api, deps);
  voice(api, deps);
}
