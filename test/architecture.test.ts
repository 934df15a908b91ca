import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root })
  .toString()
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));
const sources = tracked.filter((path) => path.endsWith('.ts') && !path.startsWith('client/'));
const text = (path: string) => readFileSync(join(root, path), 'utf8');

/** Which floor may import which (DESIGN section 2); a floor may always import itself. `a/b` allows one file or folder. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  store: ['domain', 'clock', 'config', 'mail/tokens/link-tokens'],
  mail: ['domain', 'clock', 'content/translations'],
  ai: ['domain', 'clock'],
  web: ['domain', 'clock'],
  services: ['domain', 'store', 'mail', 'ai', 'web', 'clock', 'config'],
  workflows: ['domain'],
  activities: [
    'services',
    'domain',
    'store',
    'mail',
    'ai',
    'web',
    'clock',
    'config',
    'workflows/messages',
    'workflows/names',
  ],
  api: ['services', 'domain', 'store', 'mail', 'web', 'config', 'clock', 'workflows/messages', 'workflows/names'],
  workers: [
    'activities',
    'services',
    'store',
    'mail',
    'ai',
    'web',
    'domain',
    'config',
    'clock',
    'workflows/messages',
    'workflows/names',
  ],
  servers: ['domain', 'config', 'clock'],
  content: [],
  clock: [],
  config: [],
};
/** Roots: they may import everything and nobody imports them. */
const ROOTS = ['cli', 'bench', 'test', 'vitest.config'];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function importsOf(path: string): Import[] {
  const found = text(path).matchAll(/^(?:import|export)\s+(type\s)?[^'"]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/gm);
  return [...found].map(([, type, specifier, dynamic]) => ({
    from: path,
    to: normalize(join(dirname(path), specifier ?? dynamic ?? '')).replace(/\.js$/, ''),
    typeOnly: type !== undefined,
  }));
}

function layerOf(path: string): string {
  return path.split('/')[0]?.replace(/\.ts$/, '') ?? '';
}

function isForbidden({ from, to, typeOnly }: Import): boolean {
  const layer = layerOf(from);
  if (ROOTS.includes(layer)) return !from.startsWith('test') && layerOf(to) === 'test';
  if (layerOf(to) === layer) return false;
  // Workflows know activities as types only.
  if (layer === 'workflows' && layerOf(to) === 'activities') return !typeOnly;
  return !(MAY_IMPORT[layer] ?? []).some((allowed) => to === allowed || to.startsWith(`${allowed}/`));
}

test('imports go down the stairs only', () => {
  const forbidden = sources.flatMap(importsOf).filter(isForbidden);
  expect(forbidden.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
});

test('dialects translate: nobody but the table of contents knows them, and they know no other way to the store than native routes', () => {
  const imports = sources.filter((path) => !path.startsWith('test/')).flatMap(importsOf);
  const into = imports.filter(({ from, to }) => to.startsWith('api/dialects/') && !from.startsWith('api/dialects/'));
  expect([...new Set(into.map(({ from }) => from))].sort()).toEqual(['api/app.ts', 'api/openapi.ts']);
  const written = imports.filter(({ from, to, typeOnly }) => {
    return from.startsWith('api/dialects/') && /^(?:store|workflows|web)\//.test(to) && !typeOnly;
  });
  expect(written.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
});

test.each([
  ['store/lists/lists.ts', 'api/app', false, true],
  ['store/lists/lists.ts', 'domain/campaign/ledger-page', false, false],
  ['workflows/campaign/campaign.ts', 'activities/campaign/campaign', false, true],
  ['workflows/campaign/campaign.ts', 'activities/campaign/campaign', true, false],
  ['api/app.ts', 'workflows/campaign/campaign', false, true],
  ['api/app.ts', 'cli/start', false, true],
  ['cli/start.ts', 'test/support/api/api', false, true],
])('%s importing %s (as a type: %s) is forbidden: %s', (from, to, typeOnly, forbidden) => {
  expect(isForbidden({ from, to, typeOnly })).toBe(forbidden);
});

test('no file is longer than 250 lines', () => {
  const long = sources.filter((path) => text(path).split('\n').length > 251);
  expect(long).toEqual([]);
});

test('domain imports no package, workflows only Temporal’s', () => {
  const packages = (path: string) =>
    [...text(path).matchAll(/^import\s+(?!type\s)[^'"]*from\s+'([^.'][^']*)'/gm)].map((hit) => hit[1]);
  const inDomain = sources.filter((path) => path.startsWith('domain/')).flatMap(packages);
  const inWorkflows = sources.filter((path) => path.startsWith('workflows/')).flatMap(packages);
  expect(inDomain).toEqual([]);
  expect(new Set(inWorkflows)).toEqual(new Set(['@temporalio/workflow', '@temporalio/common']));
});

test('the environment is read in config.ts, the clock in clock.ts', () => {
  const product = sources.filter((path) => !path.startsWith('test/') && !path.startsWith('bench/'));
  const readsEnvironment = product.filter((path) => path !== 'config.ts' && text(path).includes('process.env'));
  // Workflows have Temporal's own clock: deterministic, and skipped in tests.
  const clocked = product.filter((path) => path !== 'clock.ts' && !path.startsWith('workflows/'));
  const readsClock = clocked.filter((path) => /Date\.now\(|new Date\(\)|performance\.now\(/.test(text(path)));
  expect(readsEnvironment).toEqual([]);
  expect(readsClock).toEqual([]);
});

test('no drawer: nothing is named after its kind', () => {
  const drawers = tracked.filter((path) =>
    /(^|\/)(utils?|helpers?|common|types|interfaces|misc|shared)(\/|\.ts$)/.test(path),
  );
  expect(drawers).toEqual([]);
});

test('paths named in the documents exist', () => {
  const documents = tracked.filter((path) => path.endsWith('.md'));
  const missing = documents.flatMap((path) =>
    namedPaths(path)
      .filter((named) => !existsSync(join(root, named)))
      .map((named) => `${path}: ${named}`),
  );
  expect(missing).toEqual([]);
});

/** Code spans that look like files of ours, and relative links. */
function namedPaths(path: string): string[] {
  const layers = [...Object.keys(MAY_IMPORT), 'cli', 'bench', 'test', 'docs', 'content'].join('|');
  const spans = [...text(path).matchAll(new RegExp(`\`((?:${layers})/[\\w./-]*\\w)\``, 'g'))].map(
    (hit) => hit[1] ?? '',
  );
  const links = [...text(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)[^)]*\)/g)].map((hit) =>
    relative(root, join(root, dirname(path), hit[1] ?? '')),
  );
  return [...spans, ...links];
}
