import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { html } from '../../domain/html.js';
import type { LinkOwner } from '../../mail/tokens/link-tokens.js';
import { translate } from '../../mail/translate.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';
import type { ReadLink } from './link-reader.js';
import { isFromPage, type PageStyle, pageStyleFor, sendInvalidLink, sendTextPage } from './page.js';
import { ONE_CLICK, PAGE } from './schema.js';

const schema = { tags: ['Public pages'], params: Type.Object({ token: Type.String() }), security: [], response: PAGE };

/**
 * Unsubscribes a recipient. GET only shows a page: scanners follow links. POST is RFC 8058's one click: no cookie, no key,
 * no redirect, and the same response for every repeat.
 */
export function unsubscribe(app: Api, deps: Deps, readLink: ReadLink): void {
  app.get('/u/:token', { schema: { ...schema, summary: 'Show the unsubscribe page' } }, async (request, reply) => {
    const owner = await readLink(request.params.token);
    if (owner === undefined) return sendInvalidLink(deps, request, reply);
    const { list, subscribed } = await subscriptionOf(deps, owner);
    const style = await pageStyleFor(deps, request, list);
    const send = subscribed ? sendQuestion : sendUnsubscribed;
    return send(reply, style, list?.name, request.params.token);
  });

  app.post(
    '/u/:token',
    { schema: { ...schema, summary: 'Unsubscribe (RFC 8058)', response: ONE_CLICK } },
    async (request, reply) => {
      const byPerson = isFromPage(request);
      const owner = await readLink(request.params.token);
      if (owner === undefined)
        return byPerson ? sendInvalidLink(deps, request, reply) : reply.code(404).send(undefined);
      const campaign = owner.campaign === 0 ? {} : { campaign: owner.campaign };
      await deps.subscribers.unsubscribeByLink(owner.subscriber, { by: byPerson ? 'link' : 'one_click', ...campaign });
      if (!byPerson) return reply.code(200).send(undefined);
      const { list } = await subscriptionOf(deps, owner);
      return sendUnsubscribed(reply, await pageStyleFor(deps, request, list), list?.name, request.params.token);
    },
  );
}

async function subscriptionOf({ subscribers, lists }: Deps, { subscriber }: LinkOwner) {
  const row = await subscribers.ofLink(subscriber);
  if (row === null) return { list: undefined, subscribed: false };
  const list = await lists.find(row.account, row.list_id);
  return { list: typeof list === 'object' ? list : undefined, subscribed: row.status === 'active' };
}

function sendQuestion(reply: FastifyReply, style: PageStyle, name: string | undefined, token: string): FastifyReply {
  const button = translate(style.language, 'unsubscribe_button');
  const below = html`<form method="post"><button name="from" value="page">${button}</button></form>
<p class="after"><a href="../p/${token}?lang=${style.language}">${translate(style.language, 'all_preferences')}</a></p>`;
  return sendTextPage(
    reply,
    style,
    { title: 'unsubscribe_title', text: 'unsubscribe_text', below },
    listNameFor(style, name),
  );
}

function sendUnsubscribed(
  reply: FastifyReply,
  style: PageStyle,
  name: string | undefined,
  token: string,
): FastifyReply {
  const below = html`<p><a href="../p/${token}?lang=${style.language}">${translate(style.language, 'all_preferences')}</a></p>`;
  return sendTextPage(
    reply,
    style,
    { title: 'unsubscribed_title', text: 'unsubscribed_text', below },
    listNameFor(style, name),
  );
}

function listNameFor({ language }: PageStyle, list: string | undefined) {
  return { list: list ?? translate(language, 'this_list') };
}
