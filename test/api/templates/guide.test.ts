import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../../config.js';
import { anApi, type TestApi } from '../../support/api.js';
import { readCurl } from '../../support/curl.js';

const GUIDE = readFileSync(join(packageRoot(), 'docs/guides/templates.md'), 'utf8');
const BLOCKS = [...GUIDE.matchAll(/^```sh\n(.*?)^```\n\n```json\n(.*?)^```$/gms)];
const STEPS = BLOCKS.map(([, line = '', shown = '']) => ({ line: line.trim(), shown: JSON.parse(shown) as object }));

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

test('the guide makes a template, tries it and lists it', () => {
  expect(STEPS).toHaveLength(3);
});

test.each(STEPS)('$line', async ({ line, shown }) => {
  const { method, url, ...rest } = readCurl(line.replaceAll('$API', 'http://here/api/v1').replaceAll('$KEY', api.key));
  const answer = await api.call(`${method} ${url.replace('http://here', '')}`, { key: null, ...rest });
  expect(answer.statusCode, answer.body).toBeLessThan(300);
  expect(answer.json()).toMatchObject(shown);
});
