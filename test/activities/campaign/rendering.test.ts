import { afterAll, expect, test } from 'vitest';
import { DEFAULT_BRAND } from '../../../domain/brand/brand.js';
import { newApproval } from '../../../domain/campaign/approval.js';
import { accounts } from '../../../store/accounts/accounts.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { campaignProgress } from '../../../store/campaigns/progress.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { contents } from '../../../store/messages/contents.js';
import { renderingFixture } from '../../support/activities/rendering-fixture.js';
import { rendererWithLongTimeout } from '../../support/mail/rendering.js';
import { steered } from '../../support/store/campaigns.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const threads = rendererWithLongTimeout();
afterAll(() => threads.close());

const { parts, launched, found } = renderingFixture(store, threads);

async function bodyOf(row: Campaign): Promise<string> {
  const { plan } = await parts().letters.of(row);
  const bytes = plan.map((piece) => (typeof piece === 'number' ? '' : piece.toString()));
  return bytes.join('').replace(/=\r\n/g, '').replace(/=3D/g, '=');
}

test('a fragment is rendered once at launch: later changes of brand and template do not affect its mails', async () => {
  const { accounts, renderContent } = parts();
  const { row, input } = await launched();
  await accounts.change(row.account, { brand: { ...DEFAULT_BRAND, name: 'First', postal_address: '1 Harbour Road' } });
  expect(await renderContent(input)).toBe('rendered');
  const first = await found(row);
  await accounts.change(row.account, { brand: { ...DEFAULT_BRAND, name: 'Second', postal_address: '2 Harbour Road' } });
  expect(await renderContent(input)).toBe('rendered');
  expect((await found(row)).rendered).toBe(first.rendered);
  const body = await bodyOf(await found(row));
  expect(body).toContain('1 Harbour Road');
  expect(body).not.toContain('2 Harbour Road');
  expect(body).toContain('role="presentation"');
});

test('sender, reply address and the name of the list are fixed with the letter', async () => {
  const { renderContent, letters, lists } = parts();
  const { row, input } = await launched({ from: null });
  const before = { from: { name: 'Old', email: 'old@example.test' }, reply_to: 'old@example.test', subject: null };
  await lists.change(row.account, row.list_id, { name: 'Old name', defaults: before });
  await renderContent(input);
  const after = { from: { name: 'New', email: 'new@example.test' }, reply_to: 'new@example.test', subject: null };
  await lists.change(row.account, row.list_id, { name: 'New name', defaults: after });
  const body = await bodyOf(await found(row));
  expect(body).toMatch(/List-Id: "?Old name"?\r\n <.*>\r\n/);
  expect(body).toContain('From: Old <old@example.test>\r\nReply-To: old@example.test');
  expect(body).not.toMatch(/New name|new@/);
  expect(await letters.senderOf(await found(row))).toEqual(before.from);
});

test('an edit during the rendering needs another rendering', async () => {
  const { renderContent } = parts();
  const { row, input } = await launched({ approval: newApproval(72) });
  const edited = steered(await campaigns(store).edit(row, { subject: 'Another' }));
  await campaignProgress(store).recordRendered(input, row.revision, { rendered: 'a hash of the old one' });
  expect((await found(row)).rendered).toBeNull();
  await renderContent(input);
  const pinned = await found(row);
  expect(await contents(store).letter(row.account, pinned.rendered ?? '')).toMatchObject({ subject: 'Another' });
  expect(await campaigns(store).approve(edited, { member: null, comment: null })).toBeNull();
  expect(await campaigns(store).approve(pinned, { member: null, comment: null })).toMatchObject({ state: 'freezing' });
});

test('content that may not be sent requests no approval until it is corrected and resumed', async () => {
  const { renderContent } = parts();
  const { row, input } = await launched({ approval: newApproval(72), html: '<p><a href="pricing">Prices</a></p>' });
  expect(await renderContent(input)).toBe('refused');
  const paused = await found(row);
  expect(paused).toMatchObject({ state: 'paused', reason: 'content_blocked', rendered: null });
  expect(paused.findings).toContainEqual({ code: 'link_broken', where: 'pricing' });
  expect(steered(await campaigns(store).resume(paused))).toMatchObject({ state: 'awaiting_approval', rendered: null });
});

test('a rendered letter that cannot be compiled is told apart from an outage', async () => {
  const { letters, contents } = parts();
  const { row } = await launched();
  const from = { name: null, email: 'news@example.test' };
  const faulty = { subject: 'x', preheader: null, html: '{% if a %}', text: 'x', from, reply_to: null, list: 'l' };
  const rendered = await contents.saveLetter(row.account, faulty);
  const fault = { name: 'UnsendableLetter', message: expect.stringContaining('html: tag {% if a %} not closed') };
  await expect(letters.of({ ...row, rendered })).rejects.toMatchObject(fault);
});

test('another launch is rendered again', async () => {
  const { renderContent } = parts();
  const { row, input } = await launched();
  await renderContent(input);
  const cancelled = steered(await campaigns(store).cancel(await found(row)));
  const again = steered(await campaigns(store).launch(cancelled));
  expect(again.rendered).toBeNull();
});

test('a whole document without a template is sent as it is', async () => {
  const { renderContent } = parts();
  const html =
    '<!doctype html><html lang="de"><head><title>Mein</title></head><body><p>Hallo {{ first_name }}</p></body></html>';
  const { row, input } = await launched({ html });
  expect(await renderContent(input)).toBe('rendered');
  const body = await bodyOf(await found(row));
  expect(body).toContain('<title>Mein</title>');
  expect(body).not.toContain('ep-content');
});

/** A template of the account; it may be published and removed. */
async function aTemplate(account: number, published: boolean, removed = false): Promise<number> {
  const { templates: rows } = parts();
  const content = {
    subject: null,
    preheader: null,
    format: 'html',
    source: '<b>own</b>{{ content }}',
    text: null,
  } as const;
  const fields = {
    name: 'Own',
    identifier: null,
    category: 'custom',
    default_language: 'en',
    contents: { en: content },
  };
  const draft = await rows.create(account, fields);
  if (draft === 'taken') throw new Error('taken');
  const row = published ? await rows.publish(draft) : draft;
  if (row === null || (removed && !(await rows.remove(row))))
    throw new Error('a concurrent write changed the template');
  return row._id;
}

test.each([
  ['has no published version', false, false],
  ['was removed', true, true],
])('a named template that %s pauses the campaign, and no other design is used', async (_, published, removed) => {
  const { renderContent } = parts();
  const template_id = await aTemplate((await accounts(store).ensureFirst())._id, published, removed);
  const { row, input } = await launched({ template_id });
  expect(await renderContent(input)).toBe('refused');
  const unsent = { state: 'paused', reason: 'template_not_published', rendered: null, round: -1 };
  expect(await found(row)).toMatchObject(unsent);
});

test('a campaign that was paused for its template is rendered in it once it is published and resumed', async () => {
  const { renderContent, templates: rows } = parts();
  const template_id = await aTemplate((await accounts(store).ensureFirst())._id, false);
  const { row, input } = await launched({ template_id });
  await renderContent(input);
  const draft = await rows.find(row.account, template_id);
  if (typeof draft === 'object') await rows.publish(draft);
  steered(await campaigns(store).resume(await found(row)));
  expect(await renderContent(input)).toBe('rendered');
  expect(await found(row)).toMatchObject({ rendered_template: template_id });
  expect(await bodyOf(await found(row))).toContain('<b>own</b>');
});

test('the first default template replaces a default of the account that was removed', async () => {
  const { renderContent, accounts } = parts();
  const { row, input } = await launched();
  const default_template = await aTemplate(row.account, true, true);
  await accounts.change(row.account, { default_template });
  expect(await renderContent(input)).toBe('rendered');
  await accounts.change(row.account, { default_template: null });
  expect(await found(row)).toMatchObject({ rendered_template: 1 });
  expect(await bodyOf(await found(row))).not.toContain('<b>own</b>');
});

test('content that may not be sent pauses the campaign before any mail, with the reason', async () => {
  const { renderContent, accounts } = parts();
  const { row, input } = await launched();
  await accounts.change(row.account, { brand: { ...DEFAULT_BRAND, font: 'serif', postal_address: null } });
  expect(await renderContent(input)).toBe('refused');
  expect(await found(row)).toMatchObject({ state: 'paused', reason: 'content_blocked', round: -1 });
  await accounts.change(row.account, { brand: { ...DEFAULT_BRAND, postal_address: '1 Harbour Road' } });
  steered(await campaigns(store).resume(await found(row)));
  expect(await renderContent(input)).toBe('rendered');
});
