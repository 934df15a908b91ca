import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CampaignState } from '../../../../domain/campaign/campaign.js';
import type { Campaign } from '../../../../store/campaigns/row.js';
import { anApi, type TestApi } from '../../../support/api/api.js';
import {
  aCampaign,
  aListWithSubscriber,
  forceCampaign,
  LETTER,
  recordingCampaignEngine,
  rowOf,
} from '../../../support/api/campaigns.js';
import { anException, aPage, insertPages } from '../../../support/store/ledger-pages.js';

const engine = recordingCampaignEngine();
const IN_A_MONTH = '2126-05-22T13:00:00Z';
const LONG_AGO = new Date('2026-01-01T00:00:00Z');
let api: TestApi;
let list: number;

beforeAll(async () => {
  api = await anApi({}, { engine });
  list = await aListWithSubscriber(api);
});
afterAll(() => api.close());

const ACTIONS = {
  patch_content: ['PATCH', '', { subject: 'Another' }],
  patch_settings: ['PATCH', '', { settings: { ttl_hours: 5 } }],
  delete: ['DELETE', '', undefined],
  send: ['POST', '/send', {}],
  send_later: ['POST', '/send', { scheduled_at: IN_A_MONTH }],
  schedule: ['POST', '/schedule', { scheduled_at: IN_A_MONTH }],
  unschedule: ['POST', '/schedule', { scheduled_at: null }],
  pause: ['POST', '/pause', undefined],
  resume: ['POST', '/resume', undefined],
  cancel: ['POST', '/cancel', undefined],
  rate: ['POST', '/rate', { per_second: 50 }],
  retry: ['POST', '/retry', { status: 'failed' }],
} as const;
type Action = keyof typeof ACTIONS;

interface Case {
  readonly row: Partial<Campaign> & { readonly state: CampaignState };
  /** Recipients claimed on the one page of round 0; without it there is no page. */
  readonly claimed?: number;
  readonly status: string;
  /** The state after each action, `gone`, or the code of the refusal. */
  readonly leads: Readonly<Record<Action, string>>;
}

const OPEN = {
  patch_content: 'draft',
  patch_settings: 'draft',
  delete: 'gone',
  send: 'freezing',
  send_later: 'scheduled',
  schedule: 'scheduled',
  unschedule: 'draft',
  pause: '409 not_sending',
  resume: '409 not_paused',
  cancel: '409 not_sending',
  rate: 'draft',
  retry: '409 not_sent',
};
const LIVE = {
  patch_content: '409 not_editable',
  patch_settings: 'sending',
  delete: '409 cannot_delete',
  send: '409 already_sending',
  send_later: '409 already_sending',
  schedule: '409 already_sending',
  unschedule: '409 already_sending',
  pause: 'paused',
  resume: 'sending',
  cancel: 'cancelled',
  rate: 'sending',
  retry: '409 already_sending',
};
const CLOSED = {
  patch_content: '409 not_editable',
  patch_settings: '409 not_editable',
  delete: '409 cannot_delete',
  send: '409 already_sent',
  send_later: '409 already_sent',
  schedule: '409 already_sent',
  unschedule: '409 already_sent',
  pause: '409 not_sending',
  resume: '409 not_paused',
  cancel: '409 already_sent',
  rate: '409 not_sending',
  retry: 'sending',
};
const all = (of: typeof OPEN, state: string, but: Partial<typeof OPEN> = {}) =>
  Object.fromEntries(
    Object.entries(of).map(([action, then]) => [
      action,
      but[action as Action] ?? (['draft', 'sending'].includes(then) && action !== 'retry' ? state : then),
    ]),
  ) as typeof OPEN;

const RUNNING = { round: 0, launch: 1, launched_at: LONG_AGO };
const ENDED = { ...RUNNING, closed_at: LONG_AGO };
const WAITING = { launch: 1, scheduled_at: new Date(IN_A_MONTH) };

const TABLE: Readonly<Record<string, Case>> = {
  draft: { row: { state: 'draft' }, status: 'draft', leads: OPEN },
  drafting: {
    row: { state: 'drafting' },
    status: 'draft',
    leads: {
      ...Object.fromEntries(Object.keys(OPEN).map((action) => [action, '409 busy'])),
      delete: 'gone',
      pause: '409 not_sending',
      resume: '409 not_paused',
      cancel: 'draft',
      rate: 'drafting',
      retry: '409 not_sent',
    } as typeof OPEN,
  },
  awaiting_approval: {
    row: { state: 'awaiting_approval' },
    status: 'draft',
    leads: all(OPEN, 'awaiting_approval', { cancel: 'draft' }),
  },
  scheduled: {
    row: { state: 'scheduled', ...WAITING },
    status: 'scheduled',
    leads: all(OPEN, 'scheduled', { unschedule: 'draft', cancel: 'draft' }),
  },
  freezing: {
    row: { state: 'freezing', launch: 1 },
    status: 'sending',
    leads: all(LIVE, 'freezing'),
  },
  sending: { row: { state: 'sending', ...RUNNING }, claimed: 1, status: 'sending', leads: LIVE },
  'paused while sending': {
    row: { state: 'paused', ...RUNNING },
    claimed: 1,
    status: 'sending',
    leads: all(LIVE, 'paused', { resume: 'sending' }),
  },
  'paused in its freeze': {
    row: { state: 'paused', launch: 1, launched_at: LONG_AGO },
    status: 'sending',
    leads: all(LIVE, 'paused', { resume: 'freezing' }),
  },
  'cancelled, nothing sent': {
    row: { state: 'cancelled', ...ENDED },
    claimed: 0,
    status: 'draft',
    leads: all(OPEN, 'cancelled', { cancel: 'cancelled' }),
  },
  'cancelled, some sent': {
    row: { state: 'cancelled', ...ENDED },
    claimed: 1,
    status: 'sent',
    leads: all(CLOSED, 'cancelled', { cancel: 'cancelled' }),
  },
  sent: { row: { state: 'sent', ...ENDED }, claimed: 1, status: 'sent', leads: CLOSED },
  failed: { row: { state: 'failed', ...ENDED }, claimed: 1, status: 'failed', leads: CLOSED },
};

async function aCampaignIn({ row, claimed }: Case): Promise<number> {
  const id = await aCampaign(api, list);
  await forceCampaign(api, id, row);
  if (claimed !== undefined) {
    const exceptions = claimed > 0 ? [anException({ i: 0, kind: 'failed' })] : [];
    const page = { account: api.account, campaign: id, ids: [1], claimed, settled: claimed, exceptions: exceptions };
    await insertPages(api.store, [aPage({ ...page, done: row.closed_at !== undefined })]);
  }
  return id;
}

describe.each(Object.keys(TABLE))('a campaign that is %s', (name) => {
  const one = TABLE[name] as Case;

  test(`is shown as ${one.status}`, async () => {
    const { data } = (await api.call(`GET /api/v1/campaigns/${await aCampaignIn(one)}`)).json();
    expect([data.status, data.state]).toEqual([one.status, one.row.state]);
  });

  test.each(Object.entries(one.leads))('%s → %s', async (action, then) => {
    const id = await aCampaignIn(one);
    const before = await rowOf(api, id);
    engine.notified.length = 0;
    const [method, path, payload] = ACTIONS[action as Action];
    const answer = await api.call(`${method} /api/v1/campaigns/${id}${path}`, payload && { payload });
    const body = answer.statusCode === 204 ? undefined : answer.json();
    const after = await rowOf(api, id);
    if (then === 'gone') {
      expect([answer.statusCode, after]).toEqual([204, null]);
    } else if (then.startsWith('409')) {
      expect(`${answer.statusCode} ${body.error?.code}`).toBe(then);
      expect(after).toEqual(before);
      expect(engine.notified).toEqual([]);
    } else {
      expect([answer.statusCode, body.data?.state, after?.state]).toEqual([200, then, then]);
      expect(body.data).toMatchObject({ id, list_id: list });
    }
    if (answer.statusCode === 200 && !action.startsWith('patch')) expect(engine.notified).toEqual([id]);
  });
});

test('a patch of the content is seen at once and is another revision; a scheduled campaign sends it', async () => {
  const id = await aCampaignIn(TABLE['scheduled'] as Case);
  const payload = {
    subject: 'New {{first_name}}',
    scheduled_at: '2127-01-01T00:00:00+02:00',
    settings: { ttl_hours: 9 },
  };
  const { data } = (await api.call(`PATCH /api/v1/campaigns/${id}`, { payload })).json();
  expect(data).toMatchObject({
    subject: 'New {{first_name}}',
    scheduled_at: '2126-12-31T22:00:00+00:00',
    content: LETTER.html,
  });
  expect(data.settings).toMatchObject({ ttl_hours: 9, on_uncertain: 'hold' });
  expect(await rowOf(api, id)).toMatchObject({ revision: 2, pinned: 2, want: { v: 1 }, state: 'scheduled' });
});
