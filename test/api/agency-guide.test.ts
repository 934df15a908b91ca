import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../config.js';
import { anApi, type TestApi } from '../support/api.js';
import { readCurl } from '../support/curl.js';

const BLOCKS = [
  ...readFileSync(join(packageRoot(), 'docs/guides/agencies.md'), 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms),
].map(([, language = '', text = '']) => ({ language, text }));

/** Each curl line, and the answer that the guide shows right below it. */
const STEPS = BLOCKS.flatMap(({ language, text }, at) => {
  const shown = BLOCKS[at + 1];
  if (language !== 'sh') return [];
  return [{ line: text.trim(), shown: shown?.language === 'json' ? (JSON.parse(shown.text) as object) : undefined }];
});

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

test('the guide goes from adding a client to closing it', () => {
  expect(STEPS).toHaveLength(10);
});

test.each(STEPS)('$line', async ({ line, shown }) => {
  const filled = line.replaceAll('$API', 'http://here/api/v1').replaceAll('$KEY', api.key);
  const { method, url, ...rest } = readCurl(filled);
  const answer = await api.call(`${method} ${url.replace('http://here', '')}`, { key: null, ...rest });
  expect(answer.statusCode, answer.body).toBeLessThan(300);
  if (shown !== undefined) expect(answer.json()).toMatchObject(shown);
});
