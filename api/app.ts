import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify from 'fastify';
import { recentReads } from '../store/requests/recent-reads.js';
import { activeTracing } from '../tracing/active.js';
import type { Api } from './api.js';
import { registerDialects } from './dialects/register.js';
import { allowOrigins, secureHeaders } from './hooks/browser-headers.js';
import { answerUnreadableRequest, sendFailure, translateFailures } from './hooks/failures.js';
import { recordRoutes } from './hooks/known-routes.js';
import { LARGEST_BODY, limitBodies } from './hooks/limits/body-limits.js';
import { countRequestsOf } from './hooks/limits/request-quota.js';
import { answerWithoutStore } from './hooks/limits/store-outage.js';
import { TIME_LIMITS } from './hooks/limits/time-limits.js';
import { requestIds, requestLog } from './hooks/logging.js';
import { watchReads } from './hooks/recent-reads.js';
import { limitAddresses, refuseWhenOverloaded } from './hooks/request-limits.js';
import { serializeResponsesBySchema, validateWithTypeBox } from './hooks/validation.js';
import { metrics } from './metrics/metrics.js';
import { documentRoutes } from './openapi.js';
import { providerWebhooks } from './providers/webhook-route.js';
import { publicPages } from './public/routes.js';
import { health } from './routes/health.js';
import { versionOne } from './version-one.js';
import type { Deps } from './wiring.js';

/** Milliseconds between Node's checks for requests that exceed their time limit. */
const CONNECTION_CHECK_INTERVAL = 1_000;

/** Where traces are on: a span for each request. */
async function traceRequests(app: Api): Promise<void> {
  const tracing = activeTracing();
  if (tracing !== undefined) await app.register(tracing.requests);
}

/** Registers every plugin and route of the API, in the order in which a request reaches them. */
export async function buildApp(deps: Deps): Promise<Api> {
  const { timeLimits = TIME_LIMITS } = deps;
  const recent = recentReads(deps.store, deps, deps.readsKeptFor);
  const app: Api = fastify({
    loggerInstance: deps.log,
    bodyLimit: LARGEST_BODY,
    requestTimeout: timeLimits.request,
    http: { headersTimeout: timeLimits.headers, connectionsCheckingInterval: CONNECTION_CHECK_INTERVAL },
    trustProxy: deps.config.trustedProxies.length > 0 ? [...deps.config.trustedProxies] : false,
    return503OnClosing: false,
    clientErrorHandler: answerUnreadableRequest,
    frameworkErrors: (error, request, reply) => sendFailure(error, request, reply),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1024 },
    ...requestIds,
  }).withTypeProvider<TypeBoxTypeProvider>();

  await traceRequests(app);
  requestLog(app);
  answerWithoutStore(app, deps);
  await secureHeaders(app, deps);
  allowOrigins(app, deps);
  await refuseWhenOverloaded(app, timeLimits);
  recordRoutes(app);
  limitBodies(app);
  validateWithTypeBox(app);
  serializeResponsesBySchema(app);
  translateFailures(app);
  await documentRoutes(app, deps);

  limitAddresses(app, deps);
  metrics(app, deps);
  health(app, deps);
  await app.register(async (pages: Api) => {
    publicPages(pages, deps);
  });
  await app.register(async (hooks: Api) => {
    providerWebhooks(hooks, deps, deps.web);
  });
  watchReads(app, recent);
  const shared = { recent, counter: countRequestsOf(app, deps) };
  await app.register(async (api: Api) => versionOne(api, deps, shared), { prefix: '/api/v1' });
  await registerDialects(app, deps, shared);
  return app;
}
