import { MongoClient } from 'mongodb';
import { buildApp } from '../../api/app.js';
import { idleEngine } from '../../api/engine/engine.js';
import { openLog } from '../../api/log.js';
import { readConfig } from '../../config.js';
import { FAILURES } from '../../domain/errors.js';
import { openTextTasks } from '../../mail/tasks/text-tasks.js';
import { openTemplateCache } from '../../services/template-cache.js';
import { stores } from '../../store/stores.js';
import { webClient } from '../../web/client.js';
import { code, type Page, page, table } from './page.js';

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly responses?: Readonly<Record<string, unknown>>;
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/** Every route of the OpenAPI document. */
export async function apiPage(): Promise<Page> {
  const groups = Object.entries(byTag((await openApiDocument()).paths as Paths)).flatMap(([tag, rows]) => [
    `## ${tag}`,
    table(['method', 'path', 'what it does', 'responses'], rows),
  ]);
  return page(
    'api',
    "the routes' schemas",
    'API',
    [
      'A running API serves the whole OpenAPI document at `/openapi.json` and shows it at `/docs`. See [conventions](conventions.md)',
      'and [errors](errors.md). Every route below `/api/v1` needs a key and may also respond with 4xx and 5xx errors.',
    ].join('\n'),
    ...groups,
  );
}

function byTag(paths: Paths): Readonly<Record<string, string[][]>> {
  const groups: Record<string, string[][]> = {};
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { tags = [], summary = '', responses = {} }] of Object.entries(methods)) {
      const statuses = Object.keys(responses).filter((status) => /^\d+$/.test(status));
      const tag = tags[0] ?? 'Others';
      groups[tag] ??= [];
      groups[tag].push([method.toUpperCase(), code(path), summary, statuses.join(', ')]);
    }
  }
  return groups;
}

interface OpenApi {
  readonly paths: object;
}

/** The OpenAPI document of an app that is built and never served. */
export async function openApiDocument(): Promise<OpenApi> {
  const config = readConfig({ EVERPOST_SECRET: 'nothing is sealed with this', LOG_LEVEL: 'silent' });
  // A client connects at its first operation; here there is none.
  const db = new MongoClient('mongodb://127.0.0.1').db('reference');
  const store = { db, ledger: db, close: async () => {} };
  const deps = {
    config,
    store,
    engine: idleEngine,
    renderer: openTemplateCache(),
    tasks: openTextTasks(),
    web: webClient({ exceptions: [] }),
    log: openLog(config),
    ...stores(store, { secret: config.secret ?? '' }),
  };
  const app = await buildApp(deps);
  await app.ready();
  const document = app.swagger();
  await app.close();
  return { paths: {}, ...document };
}

/** Every error code of the API. */
export function errorsPage(): Page {
  const rows = Object.entries(FAILURES)
    .sort(([, one], [, other]) => one.status - other.status)
    .map(([name, { status, permanent, message }]) => [String(status), code(name), message, permanent ? 'no' : 'yes']);
  return page(
    'errors',
    'domain/errors.ts',
    'Errors',
    [
      'Every error response has the same shape. The meaning of a `code` never changes:',
      '```json\n{"error": {"code": "validation_failed", "message": "…", "errors": {"email": ["…"]}}}\n```',
      '`errors` lists invalid fields, with at most 20 sentences. `message` may contain more details than the sentence below.',
      '"Try again" says whether the same request may succeed later.',
    ].join('\n'),
    table(['status', 'code', 'message', 'try again'], rows),
    'A 503 response has the header `Retry-After`.',
  );
}
