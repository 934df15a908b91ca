import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { circlesOf } from './support/repository/circles.js';
import { exists, type Import, importsOf, layerOf, sources, textOf, tracked } from './support/repository/sources.js';

const OF_WORKFLOWS = ['workflows/messages', 'workflows/names'];
const BELOW_SERVICES = ['domain', 'store', 'mail', 'ai', 'web', 'clock', 'config', 'tracing'];

/** The layers each layer may import; a layer may always import itself. `a/b` allows one file or folder. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  store: ['domain', 'clock', 'config', 'mail/tokens/link-tokens'],
  mail: ['domain', 'clock', 'content/translations'],
  ai: ['domain', 'clock'],
  web: ['domain', 'clock'],
  services: [...BELOW_SERVICES, 'content/translations', ...OF_WORKFLOWS],
  workflows: ['domain'],
  activities: [...BELOW_SERVICES, 'services', ...OF_WORKFLOWS],
  api: ['domain', 'store', 'mail', 'web', 'clock', 'config', 'services', 'tracing', ...OF_WORKFLOWS],
  workers: [...BELOW_SERVICES, 'services', 'activities', ...OF_WORKFLOWS],
  servers: ['domain', 'config', 'clock'],
  content: [],
  tracing: [],
  clock: [],
  config: [],
};
/** Roots may import every layer; no layer imports them. */
const ROOTS = ['cli', 'bench', 'chaos', 'test', 'vitest.config'];
const MOST_LOOSE_FILES = 15;

function isForbidden({ from, to, typeOnly }: Import): boolean {
  const layer = layerOf(from);
  if (ROOTS.includes(layer)) return !from.startsWith('test') && layerOf(to) === 'test';
  if (layerOf(to) === layer) return false;
  // Workflows know activities as types only.
  if (layer === 'workflows' && layerOf(to) === 'activities') return !typeOnly;
  return !(MAY_IMPORT[layer] ?? []).some((allowed) => to === allowed || to.startsWith(`${allowed}/`));
}

const imports = sources.flatMap(importsOf);
const written = ({ from, to }: Import) => `${from} → ${to}`;

test('a layer imports only the layers below it', () => {
  expect(imports.filter(isForbidden).map(written)).toEqual([]);
});

test.each([
  ['store/lists/lists.ts', 'api/app', false, true],
  ['store/lists/lists.ts', 'domain/campaign/ledger-page', false, false],
  ['workflows/campaign/campaign.ts', 'activities/campaign/campaign', false, true],
  ['workflows/campaign/campaign.ts', 'activities/campaign/campaign', true, false],
  ['services/steer.ts', 'store/campaigns/campaigns', false, false],
  ['services/steer.ts', 'activities/campaign/campaign', true, true],
  ['services/steer.ts', 'api/app', true, true],
  ['store/lists/lists.ts', 'services/steer', true, true],
  ['api/app.ts', 'services/steer', false, false],
  ['api/app.ts', 'activities/engine', true, true],
  ['activities/campaign/campaign.ts', 'api/app', true, true],
  ['api/app.ts', 'workflows/campaign/campaign', false, true],
  ['api/app.ts', 'cli/start', false, true],
  ['cli/start.ts', 'test/support/api/api', false, true],
])('%s importing %s (as a type: %s) is forbidden: %s', (from, to, typeOnly, forbidden) => {
  expect(isForbidden({ from, to, typeOnly })).toBe(forbidden);
});

test('files do not import each other in a circle, types included', () => {
  const graph = new Map(sources.map((path) => [path, importsOf(path).map(({ to }) => `${to}.ts`)]));
  expect(circlesOf(graph)).toEqual([]);
});

test.each([
  [{ a: ['b'], b: ['c'], c: [] }, []],
  [{ a: ['b'], b: ['c', 'd'], c: ['a'], d: [] }, [['a', 'b', 'c']]],
  [
    { a: ['b'], b: ['a'], c: ['d', 'a'], d: ['c'] },
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
])('the circles of %j are %j', (graph, circles) => {
  expect(circlesOf(new Map(Object.entries<string[]>(graph)))).toEqual(circles);
});

test('only the app registers dialects, and dialects reach the store through native routes alone', () => {
  const ofProduct = imports.filter(({ from }) => !from.startsWith('test/'));
  const into = ofProduct.filter(({ from, to }) => to.startsWith('api/dialects/') && !from.startsWith('api/dialects/'));
  expect([...new Set(into.map(({ from }) => from))].sort()).toEqual(['api/app.ts', 'api/openapi.ts']);
  const around = ofProduct.filter(({ from, to, typeOnly }) => {
    return from.startsWith('api/dialects/') && /^(?:store|workflows|web)\//.test(to) && !typeOnly;
  });
  expect(around.map(written)).toEqual([]);
});

test('no file is longer than 250 lines', () => {
  expect(sources.filter((path) => textOf(path).split('\n').length > 251)).toEqual([]);
});

test(`no source folder holds more than ${MOST_LOOSE_FILES} files beside its folders`, () => {
  const counts = new Map<string, number>();
  for (const path of sources.filter((source) => layerOf(source) !== 'test')) {
    counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  }
  expect([...counts].filter(([, count]) => count > MOST_LOOSE_FILES)).toEqual([]);
});

test('domain imports no package, workflows only Temporal’s', () => {
  const packages = (path: string) =>
    [...textOf(path).matchAll(/^import\s+(?!type\s)[^'"]*from\s+'([^.'][^']*)'/gm)].map((hit) => hit[1]);
  const inDomain = sources.filter((path) => path.startsWith('domain/')).flatMap(packages);
  const inWorkflows = sources.filter((path) => path.startsWith('workflows/')).flatMap(packages);
  expect(inDomain).toEqual([]);
  expect(new Set(inWorkflows)).toEqual(new Set(['@temporalio/workflow', '@temporalio/common']));
});

test('the environment is read in config.ts, the clock in clock.ts', () => {
  // Tests, benches and chaos runs look at the product from outside.
  const product = sources.filter((path) => !['test', 'bench', 'chaos'].includes(layerOf(path)));
  const readsEnvironment = product.filter((path) => path !== 'config.ts' && textOf(path).includes('process.env'));
  // Workflows have Temporal's own clock: deterministic, and skipped in tests.
  const clocked = product.filter((path) => path !== 'clock.ts' && !path.startsWith('workflows/'));
  const readsClock = clocked.filter((path) => /Date\.now\(|new Date\(\)|performance\.now\(/.test(textOf(path)));
  expect(readsEnvironment).toEqual([]);
  expect(readsClock).toEqual([]);
});

test('files and folders are named after what they hold, not after its kind', () => {
  const byKind = /(^|\/)(utils?|helpers?|common|types|interfaces|misc|shared)(\/|\.ts$)/;
  expect(tracked.filter((path) => byKind.test(path))).toEqual([]);
});

test('paths named in the documents exist', () => {
  const missing = tracked
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) => namedPaths(path).map((named) => ({ path, named })))
    .filter(({ named }) => !exists(named));
  expect(missing.map(({ path, named }) => `${path}: ${named}`)).toEqual([]);
});

/** Code spans that look like files of ours, and relative links. */
function namedPaths(path: string): string[] {
  const layers = [...Object.keys(MAY_IMPORT), ...ROOTS, 'docs'].join('|');
  const spans = [...textOf(path).matchAll(new RegExp(`\`((?:${layers})/[\\w./-]*\\w)\``, 'g'))];
  const links = [...textOf(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)[^)]*\)/g)].map((hit) =>
    relative('.', join(dirname(path), hit[1] ?? '')),
  );
  return [...spans.map((hit) => hit[1] ?? ''), ...links];
}

test('documents and sections that code cites exist', () => {
  const cited = sources
    .filter((path) => path !== 'test/architecture.test.ts')
    .flatMap((path) => citationsIn(textOf(path)).map((citation) => ({ path, citation })));
  const missing = cited.filter(({ citation }) => !isThere(citation));
  expect(missing.map(({ path, citation }) => `${path}: ${citation.page} "${citation.section ?? ''}"`)).toEqual([]);
});

interface Citation {
  readonly page: string;
  readonly section?: string;
}

/** `docs/….md`, alone or with sections in quotes behind it: `docs/architecture/protocol.md "Work on a page" and "Rounds"`. */
function citationsIn(text: string): Citation[] {
  return [...text.matchAll(/\b(docs\/[\w/.-]+\.md)((?:,? (?:and )?"[^"\n]+")*)/g)].flatMap(
    ([, page = '', quoted = '']) => {
      const sections = [...quoted.matchAll(/"([^"]+)"/g)].map(([, section = '']) => ({ page, section }));
      return sections.length > 0 ? sections : [{ page }];
    },
  );
}

function isThere({ page, section }: Citation): boolean {
  if (!exists(page)) return false;
  const headings = textOf(page).matchAll(/^#+ (.+)$/gm);
  return section === undefined || [...headings].some(([, heading = '']) => heading === section);
}

test.each([
  ['see docs/a.md', [{ page: 'docs/a.md' }]],
  [
    '(docs/a.md "One", "Two")',
    [
      { page: 'docs/a.md', section: 'One' },
      { page: 'docs/a.md', section: 'Two' },
    ],
  ],
  [
    'docs/a.md "One" and "Two".',
    [
      { page: 'docs/a.md', section: 'One' },
      { page: 'docs/a.md', section: 'Two' },
    ],
  ],
])('the comment %j cites %j', (text, citations) => {
  expect(citationsIn(text)).toEqual(citations);
});
