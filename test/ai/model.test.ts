import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LanguageModel, languageModel } from '../../ai/model.js';
import {
  aPage,
  fails,
  hangsUp,
  type ModelServer,
  modelServer,
  refuses,
  type ScriptedReply,
  says,
  silence,
  unfinished,
} from '../support/scripted/model-server.js';
import { until } from '../support/until.js';

let server: ModelServer;
let model: LanguageModel;
beforeAll(async () => {
  server = await modelServer();
  model = languageModel({ apiKey: 'sk-test', baseUrl: server.url, model: 'gpt-4.1-mini' });
});
afterAll(() => server.close());

const QUESTION = {
  messages: [
    { role: 'system', content: 'Write.' },
    { role: 'user', content: 'About tea.' },
  ],
  schema: { name: 'newsletter', schema: { type: 'object' } },
} as const;

async function completed(line: ScriptedReply, of: LanguageModel = model) {
  server.script(line);
  return of.complete(QUESTION);
}

test('the request has the documented shape and the key, and is sent once', async () => {
  await completed(says('{}'));
  expect(server.asked).toEqual([
    {
      authorization: 'Bearer sk-test',
      body: {
        model: 'gpt-4.1-mini',
        messages: QUESTION.messages,
        max_completion_tokens: 6_000,
        response_format: { type: 'json_schema', json_schema: { ...QUESTION.schema, strict: true } },
      },
    },
  ]);
});

test('an answer has its usage and the request id of the provider', async () => {
  const { reply, usage } = await completed(says('{"a":1}', { model: 'gpt-4.1-mini-2025-04-14' }));
  expect(reply).toEqual({ kind: 'answer', text: '{"a":1}' });
  expect(usage).toEqual({
    model: 'gpt-4.1-mini-2025-04-14',
    input_tokens: 800,
    cached_tokens: 300,
    output_tokens: 200,
    estimated: false,
    latency_ms: expect.any(Number),
    request_id: 'req_test',
  });
});

test('usage that an endpoint does not report is estimated', async () => {
  const { usage } = await completed(says('12345678', { usage: null }));
  expect(usage).toMatchObject({ input_tokens: 4, output_tokens: 2, estimated: true });
});

describe('failures are values', () => {
  test.each([
    ['a refusal', refuses('I cannot help with that.'), { kind: 'refused', message: 'I cannot help with that.' }],
    ['a content filter', says('', { finish_reason: 'content_filter' }), { kind: 'refused' }],
    ['an answer cut off', says('{"subj', { finish_reason: 'length' }), { kind: 'truncated', text: '{"subj' }],
    ['a rate limit with its delay', fails(429, { 'retry-after': '7' }), { kind: 'unavailable', retryAfter: 7_000 }],
    [
      'a rate limit with a delay in milliseconds',
      fails(429, { 'retry-after-ms': '250' }),
      { kind: 'unavailable', retryAfter: 250 },
    ],
    [
      'a spent budget',
      fails(429, {}, 'insufficient_quota'),
      { kind: 'rejected', why: 'status 429, insufficient_quota' },
    ],
    ['a wrong key', fails(401), { kind: 'rejected', why: 'status 401' }],
    ['an unknown model', fails(404, {}, 'model_not_found'), { kind: 'rejected', why: 'status 404, model_not_found' }],
    ['an outage', fails(503), { kind: 'unavailable', why: 'status 503' }],
    ['a page instead', aPage, { kind: 'unavailable', why: 'not an answer of a model' }],
    ['a broken connection', hangsUp, { kind: 'unavailable', why: 'no connection' }],
  ])('%s', async (_what, line, reply) => {
    expect((await completed(line)).reply).toMatchObject(reply);
    expect(server.asked).toHaveLength(1);
  });

  test.each([
    ['silence', silence],
    ['a body that never ends', unfinished],
  ])('%s runs out of time', async (_what, line) => {
    const hasty = languageModel({ apiKey: 'k', baseUrl: server.url, model: 'm', timeout: 150 });
    expect((await completed(line, hasty)).reply).toEqual({ kind: 'unavailable', why: 'no answer in time' });
  });
});

test.each([
  ['silence', silence],
  ['a body that never ends', unfinished],
])('a cancelled request ends at once, also during %s', async (_what, line) => {
  const calledOff = new AbortController();
  server.script((response, asked) => {
    line(response, asked);
    calledOff.abort();
  });
  const { reply } = await model.complete({ ...QUESTION, signal: calledOff.signal });
  expect(reply).toEqual({ kind: 'cancelled' });
  await until(() => server.waiting() === 0);
});
