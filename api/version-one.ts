import type { Api } from './app.js';
import { writeDown } from './audit.js';
import { authenticate } from './auth.js';
import type { Deps } from './deps.js';
import { answerOnce } from './idempotency.js';
import { acceptJsonOnly } from './json.js';
import { limitKeys } from './rate-limits.js';
import { demandReach } from './reach/reach.js';
import { countRequests } from './request-quota.js';
import { account } from './routes/account.js';
import { agency } from './routes/agency/agency.js';
import { clientAccess } from './routes/agency/client-access.js';
import { agencyClients } from './routes/agency/clients.js';
import { auditTrail } from './routes/audit.js';
import { brand } from './routes/brand.js';
import { campaignActions } from './routes/campaigns/actions.js';
import { campaignApproval } from './routes/campaigns/approval.js';
import { campaigns } from './routes/campaigns/campaigns.js';
import { campaignDrafts } from './routes/campaigns/drafts.js';
import { campaignPreviews } from './routes/campaigns/preview.js';
import { campaignRecipients } from './routes/campaigns/recipients.js';
import { campaignStatistics } from './routes/campaigns/statistics.js';
import { campaignTrial } from './routes/campaigns/trial.js';
import { customFieldRoutes } from './routes/custom-fields.js';
import { domains } from './routes/domains.js';
import { events } from './routes/events.js';
import { imports } from './routes/imports.js';
import { providers } from './routes/inbound/providers.js';
import { inboundMail } from './routes/inbound/raw.js';
import { keys } from './routes/keys.js';
import { lists } from './routes/lists.js';
import { members } from './routes/members.js';
import { messageBatches } from './routes/messages/batch.js';
import { messages } from './routes/messages/messages.js';
import { newsletterActions } from './routes/newsletters/actions.js';
import { newsletters } from './routes/newsletters/newsletters.js';
import { sentMail } from './routes/sent.js';
import { subscriberBatches } from './routes/subscriber-batches.js';
import { subscriberExport } from './routes/subscriber-export.js';
import { subscribers } from './routes/subscribers.js';
import { suppressionFiles } from './routes/suppression-files.js';
import { suppressions } from './routes/suppressions.js';
import { templatePreviews } from './routes/templates/preview.js';
import { templates } from './routes/templates/templates.js';
import { templateVersions } from './routes/templates/versions.js';
import { transports } from './routes/transports.js';
import { accountUsage } from './routes/usage.js';
import { voice } from './routes/voice.js';
import { webhookActions } from './routes/webhooks/actions.js';
import { webhookDeliveries } from './routes/webhooks/deliveries.js';
import { webhooks } from './routes/webhooks/webhooks.js';
import { demandScopes } from './scopes.js';

/** Everything that needs a key, in the order a request meets it. */
export function versionOne(api: Api, deps: Deps): void {
  acceptJsonOnly(api);
  authenticate(api, deps);
  demandScopes(api);
  demandReach(api, deps);
  limitKeys(api, deps);
  countRequests(api, deps);
  answerOnce(api, deps);
  writeDown(api, deps);

  people(api, deps);
  letters(api, deps);
  roads(api, deps);
  house(api, deps);
}

/** Who is written to, and who no more. */
function people(api: Api, deps: Deps): void {
  lists(api, deps);
  subscribers(api, deps);
  subscriberBatches(api, deps);
  subscriberExport(api, deps);
  customFieldRoutes(api, deps);
  imports(api, deps);
  suppressions(api, deps);
  suppressionFiles(api, deps);
}

/** What is sent. */
function letters(api: Api, deps: Deps): void {
  templates(api, deps);
  templateVersions(api, deps);
  templatePreviews(api, deps);
  campaigns(api, deps);
  campaignActions(api, deps);
  campaignDrafts(api, deps);
  campaignApproval(api, deps);
  campaignRecipients(api, deps);
  campaignPreviews(api, deps);
  campaignTrial(api, deps);
  campaignStatistics(api, deps);
  messages(api, deps);
  messageBatches(api, deps);
  sentMail(api, deps);
}

/** How mail leaves, what comes back, and who is told. */
function roads(api: Api, deps: Deps): void {
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

/** Whose it all is. */
function house(api: Api, deps: Deps): void {
  keys(api, deps);
  auditTrail(api, deps);
  account(api, deps);
  accountUsage(api, deps);
  agency(api, deps);
  agencyClients(api, deps);
  clientAccess(api, deps);
  brand(api, deps);
  members(api, deps);
  voice(api, deps);
}
