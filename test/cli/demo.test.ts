import { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEMO_KEY, thingsToTry } from '../../cli/demo.js';
import { listenCommand } from '../../cli/listen/command.js';
import { aList, anApi, aSubscriber, type TestApi } from '../support/api/api.js';
import { aCampaign } from '../support/api/campaigns.js';
import { readCurl } from '../support/api/curl.js';

const ADDRESS = 'http://127.0.0.1:3000';

let api: TestApi;
let key: string;
let campaign: number;
let commands: readonly string[];
beforeAll(async () => {
  api = await anApi({ RATE_LIMIT_PER_MINUTE: '' });
  key = (await api.deps.keys.issue(api.account, 'demo', DEMO_KEY)).secret;
  const list = await aList(api);
  await aSubscriber(api, list, { email: 'reader7@example.test' });
  campaign = await aCampaign(api, list);
  commands = thingsToTry(ADDRESS, key, campaign).map((thing) => thing.split('\n')[1]?.trim() ?? '');
});
afterAll(() => api.close());

test('the things to try are two requests that the API answers', async () => {
  const answers = [];
  for (const line of commands.slice(0, 2)) {
    const { method, url, ...request } = readCurl(line);
    answers.push(await api.call(`${method} ${url.replace(ADDRESS, '')}`, { key: null, ...request }));
  }
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 200]);
  expect(answers[1]?.json().data).toMatchObject({ email: 'reader7@example.test' });
});

test('and a command that forwards events', async () => {
  const [variable, program, script, name, ...words] = commands[2]?.split(' ') ?? [];
  expect([variable, program, script, name]).toEqual([`EVERPOST_API_KEY=${key}`, 'node', 'dist/cli.js', 'listen']);
  const command = new Command('listen');
  listenCommand(command);
  await command.action(() => {}).parseAsync(words, { from: 'user' });
  expect(command.args).toEqual(['http://127.0.0.1:4000/hooks']);
  expect(command.opts()).toMatchObject({ api: ADDRESS, format: 'standard', type: '*' });
});

test('the key of the demo may read its campaign four times a second', async () => {
  const statuses = new Set<number>();
  for (let i = 0; i < 61; i++) statuses.add((await api.call(`GET /api/v1/campaigns/${campaign}`, { key })).statusCode);
  expect([...statuses]).toEqual([200]);
});
