import { openApiDocument } from './document.js';
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
