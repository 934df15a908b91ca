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

const DAY = 'https://acme.example/logo.png';
const NIGHT = 'https://acme.example/night.png?v=2';

/** A page of an account with this logo: its markup, and what may be loaded for it. */
async function underLogo(logo: object) {
  await api.call('PUT /api/v1/account/brand', { payload: { name: 'Acme', logo: { url: DAY, alt: 'Acme', ...logo } } });
  const { body, headers } = await api.call(`GET ${path}`, { key: null });
  return { body, images: /img-src ([^;]*)/.exec(String(headers['content-security-policy']))?.[1] };
}

test('by night a page shows the logo that is made for it, and may load the two and nothing else', async () => {
  const { body, images } = await underLogo({ dark_url: NIGHT });
  expect(body).toContain(
    `<source srcset="${NIGHT}" media="(prefers-color-scheme: dark)"><img src="${DAY}" alt="Acme">`,
  );
  expect(images).toBe(`${DAY} https://acme.example/night.png`);
});

test('a logo without one is shown on something light', async () => {
  const { body, images } = await underLogo({});
  expect(body).toContain(`<img class="by-day" src="${DAY}" alt="Acme">`);
  expect(images).toBe(DAY);
});
