import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openApiDocument } from '../../cli/reference/api.js';
import { packageRoot } from '../../config.js';
import { SEARCH_ATTRIBUTES } from '../../workers/namespace.js';

const read = (path: string) => readFileSync(join(packageRoot(), path), 'utf8');
const inFolder = (folder: string) => readdirSync(join(packageRoot(), folder)).map((name) => `${folder}/${name}`);
const guides = inFolder('docs/guides');
const GLOSSARY = 'docs/reference/glossary.md';
const handWritten = [
  'README.md',
  'CONTRIBUTING.md',
  ...guides,
  ...inFolder('docs/architecture'),
  ...inFolder('docs/decisions'),
  'docs/reference/conventions.md',
  'docs/reference/dialects.md',
  GLOSSARY,
];

/** Indefinite subjects, in pages written by hand. */
const INDEFINITE = /\b(?:every|some|any|no)body\b|\bwhoever\b/i;

const ADDRESS = 'EVERPOST=http://127.0.0.1:3000';
const FIRST_PARTY = /\$API\b|\blocalhost\b|127\.0\.0\.1:3000/g;

interface Operation {
  readonly tags?: readonly string[];
}

/** The first segment of every registered public route, such as `/u/`. */
async function publicPrefixes(): Promise<string[]> {
  const { paths } = await openApiDocument();
  const routes = Object.entries(paths as Readonly<Record<string, Readonly<Record<string, Operation>>>>);
  const isPublic = (methods: Readonly<Record<string, Operation>>) =>
    Object.values(methods).some(({ tags = [] }) => tags.includes('Public pages'));
  return [...new Set(routes.flatMap(([path, methods]) => (isPublic(methods) ? `/${path.split('/')[1]}/` : [])))].sort();
}

test('the production guide lists the path of every public page, and no other', async () => {
  const rows = read('docs/guides/production.md').matchAll(
    /^\| `(\/\w+\/)` \| (recipients|mail programs|visitors|approvers)\b/gm,
  );
  const listed = Array.from(rows, ([, prefix]) => prefix);
  expect(listed.sort()).toEqual(await publicPrefixes());
});

test('the guide for Temporal Cloud creates the search attributes that workers need, and no other', () => {
  const created = Array.from(read('docs/guides/temporal-cloud.md').matchAll(/--sa (\w+)=Keyword/g), ([, name]) => name);
  expect(created.sort()).toEqual([...SEARCH_ATTRIBUTES]);
});

describe.each(guides)('%s', (path) => {
  const text = read(path);
  const uses = /\$EVERPOST\b|\$KEY\b/.test(text);

  test('defines the variables of its commands before their first use', () => {
    const first = text.search(/\$EVERPOST\b|\$KEY\b/);
    const defined = text.indexOf(`${ADDRESS}\nKEY=evp_…\n`);
    expect(uses ? defined >= 0 && defined < first : defined === -1).toBe(true);
  });

  test('uses one address for the API', () => {
    const others = [...text.replaceAll(ADDRESS, '').matchAll(FIRST_PARTY)].map(([found]) => found);
    expect(others).toEqual(path.endsWith('/client.md') ? ['127.0.0.1:3000'] : []);
  });
});

test.each(handWritten)('%s uses the words of the field', (path) => {
  expect(INDEFINITE.exec(read(path))?.[0]).toBeUndefined();
});

test('the glossary has at most fifteen terms in alphabetical order, and the README links to it', () => {
  const terms = Array.from(read(GLOSSARY).matchAll(/^\| ([a-z ]+) \| [A-Z]/gm), ([, term]) => term);
  expect(terms.length).toBeGreaterThan(0);
  expect(terms.length).toBeLessThanOrEqual(15);
  expect(terms).toEqual(terms.toSorted());
  expect(read('README.md')).toContain(`](${GLOSSARY})`);
});
