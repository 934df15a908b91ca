import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { now } from '../../clock.js';
import { masked } from '../../domain/address.js';
import { html } from '../../domain/html.js';
import { say } from '../../mail/wording.js';
import type { Confirmation } from '../../store/confirmation/row.js';
import type { Api } from '../app.js';
import type { Deps } from '../deps.js';
import { PAGE } from '../schemas/pages.js';
import type { ReadConfirmation } from './link-reader.js';
import { lookFor, sayOnPage, sendForged } from './visit.js';

const schema = { tags: ['Public pages'], params: Type.Object({ token: Type.String() }), security: [], response: PAGE };

/** Where somebody says yes. GET only ever asks: scanners follow links, and their visit is nobody's word. */
export function confirm(app: Api, deps: Deps, readConfirmation: ReadConfirmation): void {
  app.get('/confirm/:token', { schema: { ...schema, summary: 'Ask whether to subscribe' } }, async (request, reply) => {
    const asked = await readConfirmation(request.params.token);
    if (asked === undefined) return sendForged(deps, request, reply);
    const row = await deps.confirmations.ofLink(asked.confirmation, asked.subscriber);
    return answer(deps, request, reply, row, await standingOf(deps, row));
  });

  app.post('/confirm/:token', { schema: { ...schema, summary: 'Confirm a subscription' } }, async (request, reply) => {
    const asked = await readConfirmation(request.params.token);
    if (asked === undefined) return sendForged(deps, request, reply);
    const standing = await deps.confirmations.confirm(asked.confirmation, asked.subscriber, request.ip);
    const row = await deps.confirmations.ofLink(asked.confirmation, asked.subscriber);
    if (row !== null) deps.engine.wakeConfirmation(row);
    return answer(deps, request, reply, row, standing);
  });
}

type Standing = 'asked' | 'confirmed' | 'over';

async function standingOf({ subscribers }: Deps, row: Confirmation | null): Promise<Standing> {
  if (row?.state === 'open') return row.expires_at > now() ? 'asked' : 'over';
  const person = row?.state === 'confirmed' ? await subscribers.ofLink(row.subscriber ?? 0) : null;
  return person?.status === 'active' ? 'confirmed' : 'over';
}

async function answer(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  row: Confirmation | null,
  standing: Standing,
): Promise<FastifyReply> {
  const found = row === null ? undefined : await deps.lists.find(row.account, row.list_id);
  const list = typeof found === 'object' ? found : undefined;
  const person = row === null ? null : await deps.subscribers.ofLink(row.subscriber ?? 0);
  const look = await lookFor(deps, request, list, row?.language);
  if (list === undefined || person === null || standing === 'over') {
    const link = html`<p><a href="../lists/${list?.uid}/signup">${say(look.language, 'signup_button')}</a></p>`;
    const below = list?.double_opt_in === true ? link : undefined;
    return sayOnPage(reply, look, { status: 410, title: 'over_title', text: 'over_text', below });
  }
  const words = { list: list.name, address: masked(person.email) };
  if (standing === 'confirmed') {
    return sayOnPage(reply, look, { title: 'confirmed_title', text: 'confirmed_text' }, words);
  }
  const below = html`<form method="post"><button>${say(look.language, 'confirm_button')}</button></form>`;
  return sayOnPage(reply, look, { title: 'confirm_title', text: 'confirm_text', below }, words);
}
