import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_BRAND } from '../../../../domain/brand/brand.js';
import { anApi, type TestApi } from '../../../support/api/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

const put = async (payload: object) => {
  const answer = await api.call('PUT /api/v1/account/brand', { payload });
  return { status: answer.statusCode, ...answer.json() };
};
const get = async () => (await api.call('GET /api/v1/account/brand')).json().data;

test('an account without a brand shows the default', async () => {
  expect(await get()).toEqual({ ...DEFAULT_BRAND });
});

test('a brand is replaced as a whole: absent fields get their defaults', async () => {
  const logo = { url: 'https://acme.example/logo.png', alt: 'Acme' };
  const first = await put({ name: 'Acme', logo, postal_address: '1 Harbour Road\nPorto', colors: { primary: '#c00' } });
  expect(first.data).toMatchObject({
    name: 'Acme',
    logo: { ...logo, width: 140, dark_url: null },
    colors: { ...DEFAULT_BRAND.colors, primary: '#c00' },
    postal_address: '1 Harbour Road\nPorto',
  });
  expect(await get()).toEqual(first.data);
  expect((await put({ language: 'pt-BR' })).data).toEqual({ ...DEFAULT_BRAND, language: 'pt-BR' });
});

test('URLs without https and illegible colours are refused by name, and change nothing', async () => {
  const before = await get();
  const social = [{ network: 'github', url: 'http://github.com/acme' }];
  const { status, error } = await put({ website: 'javascript:alert(1)', social, colors: { text: '#aaaaaa' } });
  expect([status, Object.keys(error.errors).sort()]).toEqual([422, ['colors.text', 'social.0.url', 'website']]);
  expect(error.errors['colors.text'][0]).toContain('4.5:1');
  const shape = await put({ colors: { text: 'red' }, font: 'comic', fonts: [] });
  expect(Object.keys(shape.error.errors).sort()).toEqual(['colors.text', 'font', 'fonts']);
  expect(await get()).toEqual(before);
});
