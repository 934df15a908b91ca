import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type RehearsalEnvironment, rehearsalEnvironment } from '../../cli/rehearse/environment.js';
import { rehearsal } from '../../cli/rehearse/rehearse.js';
import { readConfig } from '../../config.js';
import { newApproval } from '../../domain/campaign/approval.js';
import { readCron } from '../../domain/newsletter/cron.js';
import { accounts } from '../../store/accounts/accounts.js';
import { members } from '../../store/accounts/members.js';
import { campaigns } from '../../store/campaigns/campaigns.js';
import { type Newsletter, type NewsletterFields, newsletters } from '../../store/newsletters/newsletters.js';
import { aDraft, aList } from '../support/store/campaigns.js';
import { ownStore } from '../support/store/own-store.js';

const store = ownStore();
let opened: RehearsalEnvironment;
let account: number;

beforeAll(async () => {
  const bundle = async () => ({ codePath: inject('workflowBundle') });
  opened = await rehearsalEnvironment(readConfig(), () => undefined, bundle);
  ({ _id: account } = await accounts(store).ensureFirst());
});
afterAll(() => opened?.close());

async function aNewsletter(over: Partial<NewsletterFields> = {}): Promise<Newsletter> {
  const fields = readCron('0 9 * * 5');
  if (typeof fields === 'string') throw new Error(fields);
  return newsletters(store).create(account, {
    name: 'Acme weekly',
    list_id: await aList(store, account, 3),
    source: { kind: 'data' },
    ...{ cron: '0 9 * * 5', calendars: [fields], zone: 'Europe/Berlin', start_at: null, end_at: null, skip: [] },
    ...{ jitter_seconds: 0, overlap: 'skip', catch_up_seconds: 3_600, lead_seconds: 900 },
    ...{ subject: null, preheader: null, html: '{{ data.a }}', template_id: null, from: null, reply_to: null },
    settings: { rate_per_second: 2, on_uncertain: 'hold', track_opens: false, track_clicks: false, ttl_hours: 24 },
    ...{ approval_hours: null, on_expiry: 'skip', max_recipients: null, min_gap_minutes: null, test_to: [] },
    ...over,
  });
}

async function rehearsed(what: 'campaign' | 'newsletter', id: number, issues = 1, answer: 'yes' | 'none' = 'yes') {
  const lines: string[] = [];
  const options = { issues, answer, zone: 'UTC' };
  const code = await rehearsal(opened, store, { account, what, id, options, print: (line) => lines.push(line) });
  return { code, lines };
}

test('a year of a weekly newsletter: 52 issues, each on Friday at nine in its zone, across both clock changes', async () => {
  const row = await aNewsletter();
  const before = await store.db.listCollections().toArray();
  const { code, lines } = await rehearsed('newsletter', row._id, 52);
  process.stdout.write(`${lines.at(-1)}\n`);
  expect(code).toBe(0);
  const begun = lines.filter((line) => line.endsWith('begins'));
  expect(begun).toHaveLength(52);
  expect(begun.filter((line) => !/^Fri .* 09:00 {2}issue of Acme weekly begins$/.test(line))).toEqual([]);
  const sent = lines.filter((line) => line.endsWith('3 mails at 2 a second: done 2 s later'));
  expect(sent).toHaveLength(52);
  expect(sent.filter((line) => !/ 09:15 /.test(line))).toEqual([]);
  expect(lines.at(-1)).toContain('nothing was sent');
  expect((await store.db.listCollections().toArray()).length).toBe(before.length);
  expect(await campaigns(store).find(account, 1)).toBeNull();
});

test('the timeline names the approvers, and reports an expired approval', async () => {
  const asks = await aNewsletter({ approval_hours: 48 });
  expect((await rehearsed('newsletter', asks._id)).lines.join('\n')).toContain('skipped: no_approvers');
  for (const name of ['Grace', 'Ada']) {
    const email = `${name.toLowerCase()}@acme.example`;
    await members(store).add(account, { name, email, email_key: email, role: 'approver' });
  }
  const row = await aNewsletter({ approval_hours: 48, test_to: ['grace@acme.example'] });
  const yes = (await rehearsed('newsletter', row._id)).lines.join('\n');
  expect(yes).toMatch(
    /grace@acme.example gets it first\n.*waits for Grace, Ada, 48 h at most\n.*approves\n.*sends 3 mails/,
  );
  const none = (await rehearsed('newsletter', row._id, 1, 'none')).lines.join('\n');
  expect(none).toMatch(/waits for Grace, Ada.*\n.*reminds Grace, Ada\n.*the approval has expired/);
  expect(none).not.toContain('sends');
});

test('the pre-send checks use the present audience', async () => {
  const { lines } = await rehearsed('newsletter', (await aNewsletter({ max_recipients: 2 }))._id);
  expect(lines.join('\n')).toContain('skipped: too_many_recipients');
});

test('a campaign is rehearsed as if it were launched now, and its row stays unchanged', async () => {
  const draft = await aDraft(store, 5, { approval: newApproval(24) });
  const { lines } = await rehearsed('campaign', draft._id);
  expect(lines.join('\n')).toMatch(/waits for Grace, Ada, 24 h at most\n.*approves\n.*sends 5 mails, as fast as/);
  expect(await campaigns(store).find(account, draft._id)).toEqual(draft);
  expect((await rehearsed('campaign', 999_999)).code).toBe(1);
});
