import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type RawServerDefault } from 'fastify';
import { authenticate } from './auth.js';
import type { Deps } from './deps.js';
import { speakDialects } from './dialects/speaking.js';
import { answerBrokenRequest, answerFailure, translateFailures } from './failures.js';
import { answerOnce } from './idempotency.js';
import { acceptJsonOnly } from './json.js';
import { requestIds, requestLog } from './logging.js';
import { documentRoutes } from './openapi.js';
import { rememberPaths } from './paths.js';
import { providerHooks } from './providers/hooks.js';
import { publicPages } from './public/pages.js';
import { limitAddresses, limitKeys } from './rate-limits.js';
import { demandReach } from './reach/reach.js';
import { account } from './routes/account.js';
import { agency } from './routes/agency/agency.js';
import { clientAccess } from './routes/agency/client-access.js';
import { agencyClients } from './routes/agency/clients.js';
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
import { health } from './routes/health.js';
import { imports } from './routes/imports.js';
import { providers } from './routes/inbound/providers.js';
import { inboundMail } from './routes/inbound/raw.js';
import { keys } from './routes/keys.js';
import { lists } from './routes/lists.js';
import { members } from './routes/members.js';
import { messageBatches } from './routes/messages/batch.js';
import { messages } from './routes/messages/messages.js';
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
import { voice } from './routes/voice.js';
import { webhookActions } from './routes/webhooks/actions.js';
import { webhookDeliveries } from './routes/webhooks/deliveries.js';
import { webhooks } from './routes/webhooks/webhooks.js';
import { demandScopes } from './scopes.js';
import { validateWithTypeBox } from './validation.js';

export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

const BODY_LIMIT = 5 * 1024 * 1024;

/** The table of contents: every plugin and every route of the API, in the order a request meets them. */
export async function buildApp(deps: Deps): Promise<Api> {
  const app: Api = fastify({
    loggerInstance: deps.log,
    bodyLimit: BODY_LIMIT,
    trustProxy: deps.config.trustedProxies.length > 0 ? [...deps.config.trustedProxies] : false,
    return503OnClosing: false,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => answerFailure(error, request, reply),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1024 },
    ...requestIds,
  }).withTypeProvider<TypeBoxTypeProvider>();

  requestLog(app);
  rememberPaths(app);
  validateWithTypeBox(app);
  translateFailures(app);
  await documentRoutes(app, deps);

  limitAddresses(app, deps);
  health(app, deps);
  await app.register(async (pages: Api) => {
    publicPages(pages, deps);
  });
  await app.register(async (hooks: Api) => {
    providerHooks(hooks, deps, deps.web);
  });
  await app.register(async (api: Api) => versionOne(api, deps), { prefix: '/api/v1' });
  await speakDialects(app, deps);
  return app;
}

/** Everything that needs a key. */
function versionOne(api: Api, deps: Deps): void {
  acceptJsonOnly(api);
  authenticate(api, deps);
  demandScopes(api);
  demandReach(api, deps);
  limitKeys(api, deps);
  answerOnce(api, deps);

  keys(api, deps);
  transports(api, deps);
  lists(api, deps);
  subscribers(api, deps);
  subscriberBatches(api, deps);
  subscriberExport(api, deps);
  customFieldRoutes(api, deps);
  imports(api, deps);
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
  domains(api, deps);
  inboundMail(api, deps);
  providers(api, deps);
  suppressions(api, deps);
  suppressionFiles(api, deps);
  messages(api, deps);
  messageBatches(api, deps);
  sentMail(api, deps);
  events(api, deps);
  webhooks(api, deps);
  webhookActions(api, deps);
  webhookDeliveries(api, deps);
  accountRoutes(api, deps);
}

/** The account itself, and the accounts it keeps for others. */
function accountRoutes(api: Api, deps: Deps): void {
  account(api, deps);
  brand(api, deps);
  members(api, deps);
  voice(api, deps);
  agency(api, deps);
  agencyClients(api, deps);
  clientAccess(api, deps);
}
