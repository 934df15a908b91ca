import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../config.js';
import { anApi, type TestApi } from '../support/api.js';
import { readCurl } from '../support/curl.js';

interface Block {
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of the guide, in order. */
const BLOCKS: readonly Block[] = [
  ...readFileSync(join(packageRoot(), 'docs/guides/getting-started.md'), 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms),
].map(([, language = '', text = '']) => ({ language, text }));

/** Each curl line, and the answer that the guide shows right below it. */
const STEPS = BLOCKS.flatMap(({ language, text }, at) => {
  const shown = BLOCKS[at + 1];
  if (language !== 'sh') return [];
  return [{ line: text.trim(), shown: shown?.language === 'json' ? (JSON.parse(shown.text) as object) : undefined }];
});
const CSV = BLOCKS.find(({ language }) => language === 'csv')?.text ?? '';

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

test('the guide goes from a list to an import', () => {
  expect(STEPS.length).toBe(9);
  expect(CSV.split('\n').length).toBeGreaterThan(2);
});

test.each(STEPS)('$line', async ({ line, shown }) => {
  const filled = line
    .replaceAll('$API', 'http://here/api/v1')
    .replaceAll('$KEY', api.key)
    .replace('--data-binary @people.csv', `-d '${CSV}'`);
  const { method, url, ...rest } = readCurl(filled);
  const answer = await api.call(`${method} ${url.replace('http://here', '')}`, { key: null, ...rest });
  expect(answer.statusCode, answer.body).toBeLessThan(300);
  if (shown !== undefined) expect(answer.json()).toMatchObject(shown);
});
