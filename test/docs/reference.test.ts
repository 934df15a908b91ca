import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { referencePages } from '../../cli/reference/pages.js';
import { packageRoot } from '../../config.js';

const pages = await referencePages();
const read = (path: string) => readFileSync(join(packageRoot(), path), 'utf8');

test.each(pages)('$path is what the code says; `npm run docs` writes it anew', ({ path, text }) => {
  expect(read(path)).toBe(text);
});

test('a page that calls itself generated is one that is', () => {
  const names = readdirSync(join(packageRoot(), 'docs/reference')).map((name) => `docs/reference/${name}`);
  const generated = names.filter((path) => read(path).includes('<!-- Generated'));
  expect(generated.sort()).toEqual(pages.map(({ path }) => path).sort());
});

test('the API page has every route under its noun', () => {
  const api = pages.find(({ path }) => path.endsWith('/api.md'))?.text ?? '';
  expect(api).toContain('| POST | `/api/v1/campaigns/{id}/retry` |');
  expect(api).not.toContain('## Others');
});

test('the table of states has the cell that users ask about most', () => {
  const states = pages.find(({ path }) => path.endsWith('/states.md'))?.text ?? '';
  expect(states).toMatch(/^\| `paused` \| `sending` \| `not_editable` \| · \| `cannot_delete` /m);
});
