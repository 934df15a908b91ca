import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type RawServerDefault } from 'fastify';
import type { Deps } from './deps.js';
import { speakDialects } from './dialects/speaking.js';
import { answerBrokenRequest, answerFailure, translateFailures } from './failures.js';
import { requestIds, requestLog } from './logging.js';
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
