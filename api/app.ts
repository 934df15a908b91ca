import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type RawServerDefault } from 'fastify';
import { writeAnswersBySchema } from './answers.js';
import type { Deps } from './deps.js';
import { speakDialects } from './dialects/speaking.js';
import { LARGEST_BODY, limitBodies } from './edge/body-limits.js';
import { allowOrigins } from './edge/cors.js';
import { secureHeaders } from './edge/headers.js';
import { refuseWhenOverloaded } from './edge/overload.js';
import { answerBrokenRequest, answerFailure, translateFailures } from './failures.js';
import { requestIds, requestLog } from './logging.js';
import { metrics } from './metrics.js';
import { documentRoutes } from './openapi.js';
import { rememberPaths } from './paths.js';
import { providerHooks } from './providers/hooks.js';
import { publicPages } from './public/pages.js';
import { limitAddresses } from './rate-limits.js';
import { health } from './routes/health.js';
import { validateWithTypeBox } from './validation.js';
import { versionOne } from './version-one.js';

export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** How often Node looks for requests that take too long. */
const LOOK_EVERY = 1_000;

/** The table of contents: every plugin and every route of the API, in the order a request meets them. */
export async function buildApp(deps: Deps): Promise<Api> {
  const { headerSeconds, requestSeconds } = deps.config.edge;
  const app: Api = fastify({
    loggerInstance: deps.log,
    bodyLimit: LARGEST_BODY,
    requestTimeout: requestSeconds * 1000,
    http: { headersTimeout: headerSeconds * 1000, connectionsCheckingInterval: LOOK_EVERY },
    trustProxy: deps.config.trustedProxies.length > 0 ? [...deps.config.trustedProxies] : false,
    return503OnClosing: false,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => answerFailure(error, request, reply),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1024 },
    ...requestIds,
  }).withTypeProvider<TypeBoxTypeProvider>();

  requestLog(app);
  await secureHeaders(app, deps);
  allowOrigins(app, deps);
  await refuseWhenOverloaded(app, deps);
  rememberPaths(app);
  limitBodies(app);
  validateWithTypeBox(app);
  writeAnswersBySchema(app);
  translateFailures(app);
  await documentRoutes(app, deps);

  limitAddresses(app, deps);
  metrics(app, deps);
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
