import type { Deps } from '../../api/wiring.js';
import { newApproval } from '../../domain/campaign/approval.js';
import { linkTokens } from '../../mail/tokens/link-tokens.js';
import { campaignProgress } from '../../store/campaigns/progress.js';
import type { Campaign, NewCampaign } from '../../store/campaigns/row.js';
import type { List } from '../../store/lists/lists.js';
import { letterOf } from './templates.js';

/** The view-in-browser page of a sent mail, and of one that was never sent. */
export async function sentCampaign(deps: Deps, account: number, list: List): Promise<{ view: string; none: string }> {
  const { _id: campaign } = await launched(deps, account, list);
  const { found } = await deps.subscribers.page(account, { list: list._id }, 0, 1);
  const links = linkTokens(await deps.linkKeys.ring());
  const path = (id: number) => `/v/${links.forRecipient(id, found[0]?._id ?? 0)}`;
  return { view: path(campaign), none: path(0) };
}

/** Three campaigns that wait for an approver. */
export async function approvalPaths(deps: Deps, account: number, list: List) {
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
