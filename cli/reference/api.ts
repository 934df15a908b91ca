import { MongoClient } from 'mongodb';
import { buildApp } from '../../api/app.js';
import { nounStores } from '../../api/deps.js';
import { openLog } from '../../api/logging.js';
import { openPress } from '../../api/press.js';
import { readConfig } from '../../config.js';
import { webClient } from '../../web/client.js';
import { code, type Page, page, table } from './page.js';

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly responses?: Readonly<Record<string, unknown>>;
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/** Every route, from the OpenAPI document of an app that is built and never served. */
export async function apiPage(): Promise<Page> {
  const groups = Object.entries(byTag(await documentedPaths())).flatMap(([tag, rows]) => [
    `## ${tag}`,
    table(['method', 'path', 'what it does', 'answers'], rows),
  ]);
  return page(
    'api',
    "the routes' schemas",
    'API',
    [
      'The whole document, with every field, is at `/openapi.json` of a running API, to read and try at `/docs`. Conventions are',
      'in [conventions](conventions.md), codes in [errors](errors.md). Every route below `/api/v1` needs a key and may',
      'also answer 4xx and 5xx in the one envelope.',
    ].join('\n'),
    ...groups,
  );
}

function byTag(paths: Paths): Readonly<Record<string, string[][]>> {
  const groups: Record<string, string[][]> = {};
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { tags = [], summary = '', responses = {} }] of Object.entries(methods)) {
      const answers = Object.keys(responses).filter((status) => /^\d+$/.test(status));
      const tag = tags[0] ?? 'Others';
      groups[tag] ??= [];
      groups[tag].push([method.toUpperCase(), code(path), summary, answers.join(', ')]);
    }
  }
  return groups;
}

async function documentedPaths(): Promise<Paths> {
  const config = readConfig({ EVERPOST_SECRET: 'nothing is sealed with this', LOG_LEVEL: 'silent' });
  // Clients connect when they are first asked for something; this one never is.
  const db = new MongoClient('mongodb://127.0.0.1').db('reference');
  const store = { db, ledger: db, close: async () => {} };
  const engine = {
    wakeCampaign: () => {},
    wakeConfirmation: () => {},
    wakeImport: () => {},
    wakeMessage: () => {},
    draftWritten: async () => {},
    cancelDraft: () => {},
    wakeEndpoint: () => {},
    reachable: async () => true,
    close: async () => {},
  };
  const deps = {
    config,
    store,
    engine,
    press: openPress(),
    web: webClient({ exceptions: [] }),
    log: openLog(config),
    ...nounStores(store, config.secret ?? ''),
  };
  const app = await buildApp(deps);
  await app.ready();
  const { paths = {} } = app.swagger();
  await app.close();
  return paths as Paths;
}
