import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { LetterContent } from '../../domain/campaign.js';
import { type Html, html } from '../../domain/html.js';
import type { Language } from '../../domain/language.js';
import { askedOf, saidOf } from '../../mail/approval.js';
import { type ApprovalLink, approvalTokens } from '../../mail/approval-token.js';
import { previewFor } from '../../mail/preview.js';
import { say } from '../../mail/wording.js';
import type { Campaign } from '../../store/campaigns.js';
import type { Member } from '../../store/members.js';
import type { Api } from '../app.js';
import type { Deps } from '../deps.js';
import { PAGE } from '../schemas/pages.js';
import { formOf } from './forms.js';
import { sendPage } from './page.js';
import { lookFor, sayOnPage, sendForged } from './visit.js';

const schema = { tags: ['Public pages'], params: Type.Object({ token: Type.String() }), security: [], response: PAGE };
const LONGEST_COMMENT = 2_000;

/** A mail is not ours to trust: it has no origin, runs nothing, and sends no form. */
const LETTER_POLICY =
  "sandbox; default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/** Where an approver answers. GET only ever shows: scanners follow links. The first answer counts, for this text alone. */
export function approval(app: Api, deps: Deps): void {
  app.get('/approve/:token', { schema: { ...schema, summary: 'Ask an approver' } }, async (request, reply) => {
    const link = await linkIn(deps, request.params.token);
    if (link === undefined) return sendForged(deps, request, reply);
    return answerPage(deps, request, reply, link);
  });

  app.post('/approve/:token', { schema: { ...schema, summary: 'Approve or reject' } }, async (request, reply) => {
    const link = await linkIn(deps, request.params.token);
    if (link === undefined) return sendForged(deps, request, reply);
    await obey(deps, link, formOf(request));
    return answerPage(deps, request, reply, link);
  });

  app.get(
    '/approve/:token/letter',
    { schema: { ...schema, summary: 'The mail in question' } },
    async (request, reply) => {
      const link = await linkIn(deps, request.params.token);
      const found = link && (await foundBy(deps, link));
      if (found === undefined) return sendForged(deps, request, reply);
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
        .send(previewOf(found).html);
    },
  );
}

async function linkIn({ secrets }: Deps, token: string): Promise<ApprovalLink | undefined> {
  return approvalTokens(await secrets.ring()).read(token);
}

interface Found {
  readonly row: Campaign;
  readonly letter: LetterContent;
  readonly member: Member;
}

/** The campaign as it was when this was asked, for somebody who is still asked; undefined for anything that came later. */
async function foundBy({ campaigns, contents, members }: Deps, link: ApprovalLink): Promise<Found | undefined> {
  const row = await campaigns.ofLink(link.campaign);
  if (row === null || row.launch !== link.launch || row.revision !== link.revision) return undefined;
  if (row.rendered == null || !row.rendered.startsWith(link.letter)) return undefined;
  const member = await members.find(row.account, link.member);
  if (typeof member === 'string' || member.role !== 'approver') return undefined;
  return { row, member, letter: await contents.letter(row.account, row.rendered) };
}

async function obey(deps: Deps, link: ApprovalLink, form: URLSearchParams): Promise<void> {
  const found = await foundBy(deps, link);
  const wish = form.get('do');
  if (found?.row.state !== 'awaiting_approval' || (wish !== 'approve' && wish !== 'reject')) return;
  const comment = (form.get('comment') ?? '').trim().slice(0, LONGEST_COMMENT) || null;
  const after = await deps.campaigns[wish](found.row, { by: found.member._id, comment });
  if (after !== null) deps.engine.wakeCampaign(after);
}

function previewOf({ letter, member }: Found) {
  const [first_name = '', ...rest] = member.name.split(' ');
  return previewFor(letter, { email: member.email, first_name, last_name: rest.join(' ') });
}

async function answerPage(deps: Deps, request: FastifyRequest, reply: FastifyReply, link: ApprovalLink) {
  const found = await foundBy(deps, link);
  const list = found && (await deps.lists.find(found.row.account, found.row.list_id));
  const look = await lookFor(deps, request, typeof list === 'object' ? list : undefined);
  const { answer } = found?.row.approval ?? {};
  if (found?.row.state === 'awaiting_approval' && typeof list === 'object') {
    const people = await deps.subscribers.countSendable(found.row.account, list._id);
    const title = say(look.language, 'approve_title');
    const token = (request.params as { token: string }).token;
    const body = question(look.language, found, people, token);
    return sendPage(reply, 200, { ...look, title, body, wide: true });
  }
  const isThis = answer?.launch === link.launch && answer.revision === link.revision;
  if (found !== undefined && isThis && answer.decision === 'approved')
    return sayOnPage(reply, look, { title: 'approved_title', text: 'approved_text' });
  if (found !== undefined && isThis && answer.decision === 'rejected')
    return sayOnPage(reply, look, { title: 'rejected_title', text: 'rejected_text' });
  return sayOnPage(reply, look, { status: 410, title: 'asked_over_title', text: 'asked_over_text' });
}

function question(language: Language, found: Found, people: number, token: string): Html {
  const { row, letter } = found;
  const asked = askedOf(language, { list: letter.list, people, sendAt: row.scheduled_at });
  const lines = saidOf(language, previewOf(found), letter.from).map(
    ([name, value], i) => html`${i === 0 ? undefined : html`<br>`}${name}: <strong>${value}</strong>`,
  );
  return html`<p>${asked}</p>
<p>${lines}</p>
<p><a href="${token}/letter" target="_blank" rel="noopener">${say(language, 'approve_see')}</a></p>
<form method="post">
<label>${say(language, 'approve_comment')}<textarea name="comment" maxlength="${LONGEST_COMMENT}"></textarea></label>
<button name="do" value="approve">${say(language, 'approve_button')}</button>
<button class="quiet" name="do" value="reject">${say(language, 'reject_button')}</button>
</form>
`;
}
