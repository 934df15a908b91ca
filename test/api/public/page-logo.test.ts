import { afterAll, beforeAll, expect, test } from 'vitest';
import { aList, anApi, type TestApi } from '../../support/api/api.js';

let api: TestApi;
let path: string;
beforeAll(async () => {
  api = await anApi();
  const list = await aList(api, { double_opt_in: true });
  path = new URL((await api.call(`GET /api/v1/lists/${list}`)).json().data.signup_url).pathname;
});
afterAll(() => api.close());

const LIGHT = 'https://acme.example/logo.png';
const DARK = 'https://acme.example/night.png?v=2';

/** A page of an account with this logo: its markup and its allowed images. */
async function underLogo(logo: object) {
  await api.call('PUT /api/v1/account/brand', {
    payload: { name: 'Acme', logo: { url: LIGHT, alt: 'Acme', ...logo } },
  });
  const { body, headers } = await api.call(`GET ${path}`, { key: null });
  return { body, images: /img-src ([^;]*)/.exec(String(headers['content-security-policy']))?.[1] };
}

test('in dark mode a page shows the dark logo, and it may load these two images only', async () => {
  const { body, images } = await underLogo({ dark_url: DARK });
  expect(body).toContain(
    `<source srcset="${DARK}" media="(prefers-color-scheme: dark)"><img src="${LIGHT}" alt="Acme">`,
  );
  expect(images).toBe(`${LIGHT} https://acme.example/night.png`);
});

test('a logo without a dark variant gets a light background', async () => {
  const { body, images } = await underLogo({});
  expect(body).toContain(`<img class="by-day" src="${LIGHT}" alt="Acme">`);
  expect(images).toBe(LIGHT);
});
