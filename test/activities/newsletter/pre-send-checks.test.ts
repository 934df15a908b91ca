import { afterAll, beforeAll, expect, test } from 'vitest';
import { preSendChecks } from '../../../activities/newsletter/pre-send-checks.js';
import { anApi, type TestApi } from '../../support/api/api.js';
import { aTemplate } from '../../support/api/templates.js';
import { aDraft } from '../../support/store/campaigns.js';
import { aNewsletter } from '../../support/store/newsletters.js';

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

/** The result of the checks for an issue in this template. */
async function checked(template_id: number | null, html?: string) {
  const campaign = await aDraft(api.store, 1, { template_id, ...(html !== undefined && { html }) });
  const newsletter = await aNewsletter(api.store, { list_id: campaign.list_id, template_id });
  return preSendChecks({ ...api.deps, engine: { startMessage: async () => undefined } }, newsletter, campaign);
}

test('an issue whose template is not published is stopped until it is published', async () => {
  const { id } = await aTemplate(api, { contents: { en: { html: '<b>own</b>{{ content }}' } } });
  expect(await checked(id)).toEqual({ kind: 'stopped', reason: 'template_not_published', detail: null });
  await api.call(`POST /api/v1/templates/${id}/publish`, { payload: {} });
  const passed = await checked(id);
  expect(passed).toMatchObject({ kind: 'passed', recipientCount: 1 });
  expect('rendered' in passed && passed.rendered.html).toContain('<b>own</b>');
});

test('an issue with errors in its content is stopped, and the detail names them', async () => {
  const stopped = await checked(null, '<p><a href="pricing">Prices</a></p>');
  expect(stopped).toMatchObject({ kind: 'stopped', reason: 'content_blocked' });
  expect('detail' in stopped && stopped.detail).toContain('link_broken: ');
});
