import type { DialectName } from '../../config.js';
import type { Api } from '../api.js';
import { authenticate } from '../hooks/auth.js';
import { applyFailure, translateFailures } from '../hooks/failures.js';
import { enforceIdempotency } from '../hooks/idempotency.js';
import { acceptJsonOnly } from '../hooks/json-bodies.js';
import { demandKeyRestrictions } from '../hooks/keys/restrictions.js';
import { limitMonth } from '../hooks/limits/request-quota.js';
import { forgetReadsAfterChanges } from '../hooks/recent-reads.js';
import { limitBursts, limitKeys } from '../hooks/request-limits.js';
import { demandScopes } from '../hooks/scopes.js';
import type { Shared } from '../route-context.js';
import type { Deps } from '../wiring.js';
import type { Dialect } from './dialect.js';
import { emailmassivo } from './emailmassivo/emailmassivo.js';
import { envie } from './envie/envie.js';
import { mailbindr } from './mailbindr.js';

const DIALECTS: Readonly<Record<DialectName, Dialect>> = { envie, emailmassivo, mailbindr };

/** Registers every enabled dialect, each below its own prefixes. */
export async function registerDialects(app: Api, deps: Deps, shared: Shared): Promise<void> {
  for (const name of deps.config.dialects) {
    const dialect = DIALECTS[name];
    for (const prefix of dialect.prefixes) {
      await app.register(async (api: Api) => registerDialect(api, deps, shared, dialect, prefix), { prefix });
    }
  }
}

/** The same hooks as native routes have, in the same order. */
function registerDialect(api: Api, deps: Deps, { recent, counter }: Shared, dialect: Dialect, prefix: string): void {
  translateRefusals(api, dialect);
  acceptJsonOnly(api);
  authenticate(api, { ...deps, ...recent.stores }, dialect.credentials);
  demandScopes(api);
  demandKeyRestrictions(api, deps);
  if (dialect.perSecondAndAddress !== undefined) limitBursts(api, deps, dialect.perSecondAndAddress);
  limitKeys(api, deps);
  limitMonth(api, counter);
  enforceIdempotency(api, deps);
  forgetReadsAfterChanges(api, recent);
  dialect.routes(api, deps, prefix);
}

function translateRefusals(api: Api, { toRefusal }: Dialect): void {
  translateFailures(api, (error, request, reply) => {
    const failure = applyFailure(error, request, reply);
    const { status, body } = toRefusal(failure, reply.statusCode);
    return reply.code(status).type('application/json; charset=utf-8').serializer(JSON.stringify).send(body);
  });
}
