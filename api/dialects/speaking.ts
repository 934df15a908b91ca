import type { DialectName } from '../../config.js';
import type { Api } from '../app.js';
import { authenticate } from '../auth.js';
import type { Deps } from '../deps.js';
import { admitFailure, translateFailures } from '../failures.js';
import { answerOnce } from '../idempotency.js';
import { acceptJsonOnly } from '../json.js';
import { limitBursts, limitKeys } from '../rate-limits.js';
import { demandReach } from '../reach/reach.js';
import { countRequests } from '../request-quota.js';
import { demandScopes } from '../scopes.js';
import type { Dialect } from './dialect.js';
import { emailmassivo } from './emailmassivo/emailmassivo.js';
import { envie } from './envie/envie.js';
import { mailbindr } from './mailbindr.js';

const KNOWN: Readonly<Record<DialectName, Dialect>> = { envie, emailmassivo, mailbindr };

/** Every dialect that is turned on, each a world of its own below its prefixes. */
export async function speakDialects(app: Api, deps: Deps): Promise<void> {
  for (const name of deps.config.dialects) {
    const dialect = KNOWN[name];
    for (const prefix of dialect.prefixes) {
      await app.register(async (api: Api) => speak(api, deps, dialect, prefix), { prefix });
    }
  }
}

/** The same guards as the native routes have, in the same order. */
function speak(api: Api, deps: Deps, dialect: Dialect, prefix: string): void {
  translateRefusals(api, dialect);
  acceptJsonOnly(api);
  authenticate(api, deps, dialect.credentials);
  demandScopes(api);
  demandReach(api, deps);
  if (dialect.perSecondAndAddress !== undefined) limitBursts(api, deps, dialect.perSecondAndAddress);
  limitKeys(api, deps);
  countRequests(api, deps);
  answerOnce(api, deps);
  dialect.routes(api, deps, prefix);
}

function translateRefusals(api: Api, { refused }: Dialect): void {
  translateFailures(api, (error, request, reply) => {
    const failure = admitFailure(error, request, reply);
    const { status, body } = refused(failure, reply.statusCode);
    return reply.code(status).type('application/json; charset=utf-8').serializer(JSON.stringify).send(body);
  });
}
