import { afterAll, beforeAll, expect, test } from 'vitest';
import { preferredType } from '../../../api/preferred-type.js';
import { anApi, type TestApi } from '../../support/api/api.js';

const OWN = { temporalUi: 'http://127.0.0.1:8233', inboxUrl: 'http://127.0.0.1:8025', outages: () => [] };
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

let api: TestApi;
beforeAll(async () => {
  api = await anApi({ PUBLIC_URL: 'https://mail.acme.example' }, { ownServers: OWN });
});
afterAll(() => api.close());

const opened = (accept?: string, from = api) =>
  from.call('GET /', { key: null, headers: accept === undefined ? {} : { accept } });

test('the page at / needs no key, has the addresses, and each of its own links works', async () => {
  const page = await opened(BROWSER);
  expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.headers['vary']).toBe('Accept');
  expect(page.body).toContain('<code>https://mail.acme.example/api/v1</code>');
  const links = Array.from(page.body.matchAll(/href="([^"]+)"/g), ([, href = '']) => href);
  expect(links).toEqual(['docs', 'openapi.json', OWN.temporalUi, OWN.inboxUrl]);
  for (const link of links.slice(0, 2)) {
    expect((await api.call(`GET /${link}`, { key: null })).statusCode, link).toBeLessThan(400);
  }
});

test('programs that prefer JSON get the addresses as JSON', async () => {
  const answer = await opened('application/json');
  expect(answer.headers['vary']).toBe('Accept');
  expect(answer.json()).toEqual({
    data: {
      api: 'https://mail.acme.example/api/v1',
      docs: 'https://mail.acme.example/docs',
      openapi: 'https://mail.acme.example/openapi.json',
      temporal_ui: OWN.temporalUi,
      inbox: OWN.inboxUrl,
    },
  });
});

test('servers that this process has not started are not shown', async () => {
  const alone = await anApi({ CORS_ORIGINS: 'https://app.acme.example' });
  const answer = await opened('application/json', alone);
  expect(Object.keys(answer.json().data)).toEqual(['api', 'docs', 'openapi']);
  expect(answer.headers['vary']).toBe('Origin, Accept');
  expect((await opened(undefined, alone)).body).not.toMatch(/Temporal|Inbox/);
  await alone.close();
});

test.each([
  [undefined, 'text/html'],
  ['*/*', 'text/html'],
  [BROWSER, 'text/html'],
  ['application/json', 'application/json'],
  ['application/json, text/plain, */*', 'text/html'],
  ['Application/JSON;q=1, text/*;q=0.5', 'application/json'],
  ['text/html;q=0.1, */*;q=0.5', 'application/json'],
  ['text/html;level=1;q=0', 'text/html'],
  ['text/html;q=x, application/json;q=0.1', 'application/json'],
  ['image/png', 'text/html'],
] as const)('with Accept %j the response is %s', (accept, type) => {
  expect(preferredType(accept, ['text/html', 'application/json'])).toBe(type);
});
