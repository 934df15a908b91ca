import type { Static } from 'typebox';
import { now } from '../../../clock.js';
import type { Approval } from '../../../domain/campaign/approval.js';
import { demandNoFaults, Failure, type FieldErrors } from '../../../domain/errors.js';
import { givenTime } from '../../../domain/timestamp.js';
import type {
  CampaignChange,
  CampaignContent,
  CampaignSettings,
  NewCampaign as Fresh,
} from '../../../store/campaigns/row.js';
import type { List } from '../../../store/lists/lists.js';
import type { Deps } from '../../wiring.js';
import { requestedApproval } from './approval.js';
import type { CampaignPatch, NewCampaign } from './schema.js';

type New = Static<typeof NewCampaign>;
type Patch = Static<typeof CampaignPatch>;

export const DEFAULT_SETTINGS: CampaignSettings = {
  rate_per_second: null,
  on_uncertain: 'hold',
  track_opens: true,
  track_clicks: true,
  ttl_hours: 72,
};

/** The body with its `content` as `html`: a campaign shows its HTML under that name. */
export function withHtml<B extends { readonly html?: string; readonly content?: string }>({ content, ...body }: B) {
  if (content === undefined) return body;
  if (body.html === undefined) return { ...body, html: content };
  throw new Failure('validation_failed', { content: ['The content is another name of html: give one of them.'] });
}

/** The content of a new campaign. Throws a failure that lists each invalid field. */
export function newContent(
  body: New,
  list: List,
  liquidFaults: FieldErrors,
): Pick<Fresh, keyof CampaignContent | 'settings' | 'creation_method'> {
  // The model writes the subject where the request has none.
  const subject = body.subject || (body.ai === undefined && list.defaults.subject) || '';
  const html = body.html ?? '';
  demandNoFaults({
    ...(subject === '' && body.ai === undefined && { subject: ['The subject field is required.'] }),
    ...bodyFaults(body),
    ...liquidFaults,
  });
  return {
    name: body.name || subject,
    template_id: body.template_id ?? null,
    subject,
    preheader: body.preheader ?? null,
    html,
    text: body.text ?? null,
    from: senderOf(body.from) ?? null,
    reply_to: body.reply_to ?? null,
    settings: { ...DEFAULT_SETTINGS, ...body.settings },
    creation_method: body.ai === undefined ? 'html' : 'ai',
  };
}

/** The content after a patch. */
export function changedContent(
  body: Patch,
  liquidFaults: FieldErrors,
  before: CampaignSettings & { readonly name: string; readonly subject: string },
  approvalBefore?: Approval | null,
): CampaignChange {
  demandNoFaults(liquidFaults);
  const { settings, scheduled_at, from, name, approval: _approval, approval_expires_hours: _hours, ...others } = body;
  const approval = requestedApproval(body, approvalBefore);
  const { subject, name: former, ...current } = before;
  // A campaign whose draft failed has no name yet.
  const named = name === undefined && former === '' ? body.subject : name;
  return {
    ...others,
    ...(approval !== undefined && { approval }),
    ...(named !== undefined && { name: named || body.subject || subject }),
    ...(from !== undefined && { from: senderOf(from) ?? null }),
    ...(settings !== undefined && { settings: { ...current, ...settings } }),
    ...(scheduled_at !== undefined && { scheduled_at: futureTime(scheduled_at) }),
  };
}

/** Parses a time in the future. Throws a failure for `scheduled_at` otherwise. */
export function futureTime(text: string): Date {
  const at = givenTime(text);
  if (at > now()) return at;
  throw new Failure('validation_failed', { scheduled_at: ['The scheduled_at must be in the future.'] });
}

function bodyFaults({ html, ai }: New): FieldErrors {
  if (html === undefined && ai === undefined) return { html: ['The html field is required when ai is not present.'] };
  if (html !== undefined && ai !== undefined) return { html: ['The html field cannot be used together with ai.'] };
  return {};
}

type Texts = Pick<Patch, 'preheader' | 'html' | 'text'> & { readonly subject?: string | null };

/** The faults of the Liquid in a request. */
export async function liquidFaultsOf(
  { tasks }: Pick<Deps, 'tasks'>,
  account: number,
  { subject, preheader, html, text }: Texts,
): Promise<FieldErrors> {
  return tasks.check(account, {
    subject: subject ?? null,
    preheader: preheader ?? null,
    html: html ?? null,
    text: text ?? null,
  });
}

function senderOf(from: New['from']): CampaignContent['from'] | undefined {
  return from && { name: from.name ?? null, email: from.email };
}
