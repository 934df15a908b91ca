import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api } from '../../api/api.js';
import { buildApp } from '../../api/app.js';
import { temporalEngine } from '../../api/engine/engine.js';
import { openLog } from '../../api/log.js';
import type { Deps } from '../../api/wiring.js';
import { readConfig } from '../../config.js';
import { DEFAULT_BRAND } from '../../domain/brand/brand.js';
import { newApproval } from '../../domain/campaign/approval.js';
import { openTextTasks } from '../../mail/tasks/text-tasks.js';
import { linkTokens } from '../../mail/tokens/link-tokens.js';
import { startMongo } from '../../servers/mongodb/mongodb.js';
import { openTemplateCache } from '../../services/template-cache.js';
import { campaignProgress } from '../../store/campaigns/progress.js';
import type { Campaign, NewCampaign } from '../../store/campaigns/row.js';
import type { List } from '../../store/lists/lists.js';
import { openStore } from '../../store/mongo/connect.js';
import { stores } from '../../store/stores.js';
import { webClient } from '../../web/client.js';
import type { Screenshot } from './chromium.js';
import { BRAND, letterOf, withDrawnLogo } from './templates.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const ADDRESS = '1 Harbour Road\n4000-123 Porto, Portugal';

/** Every public page, served by the real API over its own database. */
export async function pageScreenshots(): Promise<readonly Screenshot[]> {
  const folder = await mkdtemp(join(tmpdir(), 'everpost-pages-'));
  const config = readConfig({ ...process.env, EVERPOST_SECRET: 'a secret for pictures', LOG_LEVEL: 'silent' });
  const mongo = await startMongo({ config, dataDir: folder, report: () => {} });
  const store = await openStore({ url: mongo.url, database: 'pictures' });
  try {
    const nouns = stores(store, { secret: config.secret ?? '' });
    const log = openLog(config);
    const client = () => Promise.reject(new Error('no picture needs Temporal'));
    const engine = temporalEngine({ client, prefix: 'pictures', publicUrl: 'http://everpost.test', log });
    const deps: Deps = {
      config,
      store,
      engine,
      renderer: openTemplateCache(),
      tasks: openTextTasks(),
      web: webClient({ exceptions: [] }),
      log,
      ...nouns,
    };
    const app = await buildApp(deps);
    const screenshots = await requestedPages(app, deps);
    await Promise.all([app.close(), deps.renderer.close(), deps.tasks.close(), engine.close()]);
    return screenshots;
  } finally {
    await store.close();
    await mongo.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function requestedPages(app: Api, deps: Deps): Promise<Screenshot[]> {
  const { _id: account } = await deps.accounts.open('The Tea Harbour');
  const colors = { ...DEFAULT_BRAND.colors, primary: '#1f7a6b' };
  const brand = { ...DEFAULT_BRAND, name: 'The Tea Harbour', colors, postal_address: ADDRESS };
  await deps.accounts.change(account, { brand });
  const list = await deps.lists.create(account, { name: 'Letters from the harbour', double_opt_in: true });
  const shop = await deps.lists.create(account, { name: 'New leaves in the shop', language: 'de' });
  const wish = { email: 'ada@example.com', email_key: 'ada@example.com', first_name: 'Ada', last_name: 'Lovelace' };
  const joins = [list, shop].map(({ _id }) =>
    deps.subscribers.subscribe({ account, list: _id, source: 'api', ip: null, subscriber: wish }),
  );
  const [joined] = await Promise.all(joins);
  await addReaders(deps, account, list);
  if (joined === undefined || joined.kind === 'too_large') throw new Error('the list has no subscribers');
  const links = linkTokens(await deps.linkKeys.ring());
  const token = links.forRecipient(0, joined.subscriber._id);
  const confirm = `/confirm/${await waiting(deps, account, list._id)}`;
  const signup = `/lists/${list.uid}/signup`;
  const page = async (name: string, url: string, form?: string): Promise<Screenshot> => {
    const asked = form === undefined ? { method: 'GET' as const } : { method: 'POST' as const, payload: form };
    const { body } = await app.inject({ ...asked, url, headers: form === undefined ? {} : FORM });
    return { name: `page-${name}`, html: withDrawnLogo(body) };
  };
  return [
    await page('signup', signup),
    await page('signup-again', `${signup}?lang=fr`, 'email=nobody'),
    await page('signup-asked', signup, 'email=grace%40example.com'),
    await page('confirm', `${confirm}?lang=pt`),
    await page('confirmed', confirm, ''),
    await page('preferences', `/p/${token}`),
    await page('preferences-left', `/p/${token}?lang=es`, `do=leave&list=${shop._id}`),
    await page('unsubscribe', `/u/${token}?lang=de`),
    await page('unsubscribed', `/u/${token}`, 'from=page'),
    await page('not-valid', '/u/forged'),
    await page('confirm-over', `/confirm/${links.forConfirmation(9, 9)}`),
    ...(await furtherPages({ deps, page }, account, list)),
  ];
}

/** A list with enough subscribers for realistic numbers on the pages. */
async function addReaders({ subscribers }: Deps, account: number, { _id: list }: List): Promise<void> {
  for (let n = 0; n < 24; n += 1) {
    const email = `reader${n}@example.com`;
    await subscribers.subscribe({ account, list, source: 'api', ip: null, subscriber: { email, email_key: email } });
  }
}

interface PageContext {
  readonly deps: Deps;
  readonly page: (name: string, url: string, form?: string) => Promise<Screenshot>;
}

/** Pages about a campaign, the refusals of the sign-up form, and pages with a logo. */
async function furtherPages({ deps, page }: PageContext, account: number, list: List): Promise<Screenshot[]> {
  const { view, none } = await sentCampaign(deps, account, list);
  const { waiting: asked, approved, rejected } = await approvalPaths(deps, account, list);
  const signup = `/lists/${list.uid}/signup`;
  const plain = [
    await page('view', view),
    await page('view-none', none),
    await page('approve', asked),
    await page('approved', approved, 'do=approve'),
    await page('rejected', rejected, 'do=reject&comment=Not+yet'),
    await page('signup-none', `/lists/${'0'.repeat(32)}/signup`),
  ];
  // Every sign-up comes from the same IP address.
  for (let n = 0; n < 20; n += 1) await page('often', signup, `email=reader${n}%40example.com`);
  const often = await page('signup-too-often', signup, 'email=grace%40example.com');
  await deps.accounts.change(account, { brand: BRAND });
  const logo = await page('signup-logo', `${signup}?lang=pt`);
  await deps.accounts.change(account, { brand: { ...BRAND, logo: BRAND.logo && { ...BRAND.logo, dark_url: null } } });
  return [...plain, often, logo, await page('signup-logo-by-day', signup)];
}

async function waiting({ confirmations, linkKeys }: Deps, account: number, list_id: number): Promise<string> {
  const requested = { email: 'mary@example.com', email_key: 'mary@example.com' };
  const request = { account, list_id, requested, language: 'en', source: 'page', ip: null, visitor: null } as const;
  const row = await confirmations.open(account, (await confirmations.add(request))._id);
  return linkTokens(await linkKeys.ring()).forConfirmation(row?._id ?? 0, row?.subscriber ?? 0);
}

/** The view-in-browser page of a sent mail, and of one that was never sent. */
async function sentCampaign(deps: Deps, account: number, list: List): Promise<{ view: string; none: string }> {
  const { _id: campaign } = await launched(deps, account, list);
  const { found } = await deps.subscribers.page(account, { list: list._id }, 0, 1);
  const links = linkTokens(await deps.linkKeys.ring());
  const path = (id: number) => `/v/${links.forRecipient(id, found[0]?._id ?? 0)}`;
  return { view: path(campaign), none: path(0) };
}

/** Three campaigns that wait for an approver. */
async function approvalPaths(deps: Deps, account: number, list: List) {
  const fields = { name: 'Grace Hopper', email: 'grace@harbour.example', email_key: 'grace@harbour.example' };
  const member = await deps.members.add(account, { ...fields, role: 'approver' });
  if (member === 'taken') throw new Error('the approver already exists');
  const tokens = linkTokens(await deps.linkKeys.ring());
  const path = async () => {
    const row = await launched(deps, account, list, { approval: newApproval(48) });
    const { _id: campaign, launch, revision, rendered } = row;
    return `/approve/${tokens.forApproval({ campaign, launch, revision, letter: rendered ?? '', member: member._id })}`;
  };
  return { waiting: await path(), approved: await path(), rejected: await path() };
}

const CONTENT = {
  subject: 'We open a second shop, and the kettle is on',
  preheader: 'Quay Street, from Monday on',
  reply_to: null,
};

/** Launches a campaign and renders it as its workflow does. */
async function launched(deps: Deps, account: number, list: List, over: Partial<NewCampaign> = {}): Promise<Campaign> {
  const html = await letterOf('announcement');
  const draft = await deps.campaigns.create({
    ...CONTENT,
    _id: await deps.counters.block('campaigns'),
    account,
    list_id: list._id,
    creation_method: 'html',
    settings: { rate_per_second: null, on_uncertain: 'hold', track_opens: true, track_clicks: true, ttl_hours: 24 },
    name: 'We open a second shop',
    template_id: null,
    html,
    text: null,
    from: null,
    ...over,
  });
  const row = await deps.campaigns.launch(draft);
  if (row === null) throw new Error('the campaign was not launched');
  const from = { name: 'The Tea Harbour', email: 'news@harbour.example' };
  const rendered = await deps.contents.saveLetter(account, { ...CONTENT, html, text: '', from, list: list.name });
  const { _id: campaign, launch, revision } = row;
  await campaignProgress(deps.store).recordRendered({ account, campaign, launch }, revision, { rendered });
  return { ...row, rendered };
}
