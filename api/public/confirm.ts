import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { now } from '../../clock.js';
import { html } from '../../domain/html.js';
import { masked } from '../../domain/mail/address.js';
import { translate } from '../../mail/translate.js';
import type { Confirmation } from '../../store/confirmations/row.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';
import type { ReadConfirmation } from './link-reader.js';
import { pageStyleFor, sendInvalidLink, sendTextPage } from './page.js';
import { PAGE } from './schema.js';

const schema = { tags: ['Public pages'], params: Type.Object({ token: Type.String() }), security: [], response: PAGE };

/** Confirms a subscription. GET only shows a page: scanners follow links, and their visits confirm nothing. */
export function confirm(app: Api, deps: Deps, readConfirmation: ReadConfirmation): void {
  app.get(
    '/confirm/:token',
    { schema: { ...schema, summary: 'Show the confirmation page' } },
    async (request, reply) => {
      const confirmable = await readConfirmation(request.params.token);
      if (confirmable === undefined) return sendInvalidLink(deps, request, reply);
      const row = await deps.confirmations.ofLink(confirmable.confirmation, confirmable.subscriber);
      return sendState(deps, request, reply, row, await linkStateOf(deps, row));
    },
  );

  app.post('/confirm/:token', { schema: { ...schema, summary: 'Confirm a subscription' } }, async (request, reply) => {
    const confirmable = await readConfirmation(request.params.token);
    if (confirmable === undefined) return sendInvalidLink(deps, request, reply);
    const state = await deps.confirmations.confirm(confirmable.confirmation, confirmable.subscriber, request.ip);
    const row = await deps.confirmations.ofLink(confirmable.confirmation, confirmable.subscriber);
    if (row !== null) deps.engine.notifyConfirmation(row);
    return sendState(deps, request, reply, row, state);
  });
}

type LinkState = 'open' | 'confirmed' | 'over';

async function linkStateOf({ subscribers }: Deps, row: Confirmation | null): Promise<LinkState> {
  if (row?.state === 'open') return row.expires_at > now() ? 'open' : 'over';
  const person = row?.state === 'confirmed' ? await subscribers.ofLink(row.subscriber ?? 0) : null;
  return person?.status === 'active' ? 'confirmed' : 'over';
}

async function sendState(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  row: Confirmation | null,
  state: LinkState,
): Promise<FastifyReply> {
  const found = row === null ? undefined : await deps.lists.find(row.account, row.list_id);
  const list = typeof found === 'object' ? found : undefined;
  const person = row === null ? null : await deps.subscribers.ofLink(row.subscriber ?? 0);
  const style = await pageStyleFor(deps, request, list, row?.language);
  if (list === undefined || person === null || state === 'over') {
    const link = html`<p><a href="../lists/${list?.uid}/signup">${translate(style.language, 'signup_button')}</a></p>`;
    const below = list?.double_opt_in === true ? link : undefined;
    return sendTextPage(reply, style, { status: 410, title: 'link_expired_title', text: 'link_expired_text', below });
  }
  const words = { list: list.name, address: masked(person.email) };
  if (state === 'confirmed') {
    return sendTextPage(reply, style, { title: 'confirmed_title', text: 'confirmed_text' }, words);
  }
  const below = html`<form method="post"><button>${translate(style.language, 'confirm_button')}</button></form>`;
  return sendTextPage(reply, style, { title: 'confirm_title', text: 'confirm_text', below }, words);
}
