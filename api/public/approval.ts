import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { LetterContent } from '../../domain/campaign/campaign.js';
import { type Html, html } from '../../domain/html.js';
import type { Language } from '../../domain/language.js';
import { inboxLines, sendingSummary, wholeDocument } from '../../mail/system/approval.js';
import { type ApprovalLink, linkTokens } from '../../mail/tokens/link-tokens.js';
import { translate } from '../../mail/translate.js';
import { approverPreview } from '../../services/letters/preview-letter.js';
import type { Member } from '../../store/accounts/members.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';
import { pageStyleFor, sendInvalidLink, sendPage, sendTextPage } from './page.js';
import { formOf, PAGE } from './schema.js';

const schema = { tags: ['Public pages'], params: Type.Object({ token: Type.String() }), security: [], response: PAGE };
const LONGEST_COMMENT = 2_000;

/** The mail is untrusted content: it has no origin, runs no script and submits no form. */
const LETTER_POLICY =
  "sandbox; default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/** The approver's page. GET only shows it: scanners follow links. The first answer counts, for this text only. */
export function approval(app: Api, deps: Deps): void {
  app.get('/approve/:token', { schema: { ...schema, summary: 'Show the approval page' } }, async (request, reply) => {
    const link = await linkIn(deps, request.params.token);
    if (link === undefined) return sendInvalidLink(deps, request, reply);
    return sendApprovalPage(deps, request, reply, link);
  });

  app.post('/approve/:token', { schema: { ...schema, summary: 'Approve or reject' } }, async (request, reply) => {
    const link = await linkIn(deps, request.params.token);
    if (link === undefined) return sendInvalidLink(deps, request, reply);
    await applyDecision(deps, link, formOf(request));
    return sendApprovalPage(deps, request, reply, link);
  });

  app.get(
    '/approve/:token/letter',
    { schema: { ...schema, summary: 'Show the mail to approve' } },
    async (request, reply) => {
      const link = await linkIn(deps, request.params.token);
      const found = link && (await approvalRequestBehind(deps, link));
      if (found === undefined) return sendInvalidLink(deps, request, reply);
      return reply
        .headers({
          'content-security-policy': LETTER_POLICY,
          'referrer-policy': 'no-referrer',
          'cache-control': 'no-store',
          'x-robots-tag': 'noindex',
          'x-content-type-options': 'nosniff',
        })
        .type('text/html; charset=utf-8')
        .serializer((markup: string) => markup)
        .send(wholeDocument((await approverPreview(deps, found.row.account, found.letter, found.member)).html));
    },
  );
}

async function linkIn({ linkKeys }: Deps, token: string): Promise<ApprovalLink | undefined> {
  return linkTokens(await linkKeys.ring()).readApproval(token);
}

interface ApprovalRequest {
  readonly row: Campaign;
  readonly letter: LetterContent;
  readonly member: Member;
}

/** The campaign as it was when approval was requested, for a current approver; undefined after any change. */
async function approvalRequestBehind(
  { campaigns, contents, members }: Deps,
  link: ApprovalLink,
): Promise<ApprovalRequest | undefined> {
  const row = await campaigns.ofLink(link.campaign);
  if (row === null || row.launch !== link.launch || row.revision !== link.revision) return undefined;
  if (row.rendered == null || !row.rendered.startsWith(link.letter)) return undefined;
  const member = await members.find(row.account, link.member);
  if (typeof member === 'string' || member.role !== 'approver') return undefined;
  return { row, member, letter: await contents.letter(row.account, row.rendered) };
}

async function applyDecision(deps: Deps, link: ApprovalLink, form: URLSearchParams): Promise<void> {
  const found = await approvalRequestBehind(deps, link);
  const decision = form.get('do');
  if (found?.row.state !== 'awaiting_approval' || (decision !== 'approve' && decision !== 'reject')) return;
  const comment = (form.get('comment') ?? '').trim().slice(0, LONGEST_COMMENT) || null;
  const after = await deps.campaigns[decision](found.row, { member: found.member._id, comment });
  if (after !== null) deps.engine.notifyCampaign(after);
}

interface ShownRequest extends ApprovalRequest {
  readonly preview: { readonly subject: string; readonly preheader: string | null };
}

async function sendApprovalPage(deps: Deps, request: FastifyRequest, reply: FastifyReply, link: ApprovalLink) {
  const found = await approvalRequestBehind(deps, link);
  const list = found && (await deps.lists.find(found.row.account, found.row.list_id));
  const style = await pageStyleFor(deps, request, typeof list === 'object' ? list : undefined);
  const { response } = found?.row.approval ?? {};
  if (found?.row.state === 'awaiting_approval' && typeof list === 'object') {
    const people = await deps.subscribers.countSendable(found.row.account, list._id);
    const title = translate(style.language, 'approve_title');
    const token = (request.params as { token: string }).token;
    const preview = await approverPreview(deps, found.row.account, found.letter, found.member);
    const body = decisionForm(style.language, { ...found, preview }, people, token);
    return sendPage(reply, 200, { ...style, title, body, wide: true });
  }
  const isThis = response?.launch === link.launch && response.revision === link.revision;
  if (found !== undefined && isThis && response.decision === 'approved')
    return sendTextPage(reply, style, { title: 'approved_title', text: 'approved_text' });
  if (found !== undefined && isThis && response.decision === 'rejected')
    return sendTextPage(reply, style, { title: 'rejected_title', text: 'rejected_text' });
  return sendTextPage(reply, style, { status: 410, title: 'approval_closed_title', text: 'approval_closed_text' });
}

function decisionForm(language: Language, found: ShownRequest, people: number, token: string): Html {
  const { row, letter, preview } = found;
  const summary = sendingSummary(language, { list: letter.list, people, sendAt: row.scheduled_at });
  const lines = inboxLines(language, preview, letter.from).map(
    ([name, value], i) => html`${i === 0 ? undefined : html`<br>`}${name}: <strong>${value}</strong>`,
  );
  return html`<p>${summary}</p>
<p>${lines}</p>
<p><a href="${token}/letter" target="_blank" rel="noopener">${translate(language, 'approve_see')}</a></p>
<form method="post">
<label>${translate(language, 'approve_comment')}<textarea name="comment" maxlength="${LONGEST_COMMENT}"></textarea></label>
<button name="do" value="approve">${translate(language, 'approve_button')}</button>
<button class="quiet" name="do" value="reject">${translate(language, 'reject_button')}</button>
</form>
`;
}
