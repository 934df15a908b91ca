import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { html } from '../../domain/html.js';
import type { LinkOwner } from '../../mail/tokens.js';
import { say } from '../../mail/wording.js';
import type { Api } from '../app.js';
import type { Deps } from '../deps.js';
import { ONE_CLICK, PAGE } from '../schemas/pages.js';
import type { ReadLink } from './link-reader.js';
import { isFromPage, type Look, lookFor, sayOnPage, sendForged } from './visit.js';

const schema = { tags: ['Public pages'], params: Type.Object({ token: Type.String() }), security: [], response: PAGE };

/**
 * Where a recipient leaves. GET only ever shows a page: scanners follow links. POST is RFC 8058's one click: no cookie,
 * no key, no redirect, the same answer however often it comes.
 */
export function unsubscribe(app: Api, deps: Deps, readLink: ReadLink): void {
  app.get('/u/:token', { schema: { ...schema, summary: 'Ask before unsubscribing' } }, async (request, reply) => {
    const owner = await readLink(request.params.token);
    if (owner === undefined) return sendForged(deps, request, reply);
    const { list, subscribed } = await subscriptionOf(deps, owner);
    const look = await lookFor(deps, request, list);
    const answer = subscribed ? sayQuestion : sayFarewell;
    return answer(reply, look, list?.name, request.params.token);
  });

  app.post(
    '/u/:token',
    { schema: { ...schema, summary: 'Unsubscribe (RFC 8058)', response: ONE_CLICK } },
    async (request, reply) => {
      const byPerson = isFromPage(request);
      const owner = await readLink(request.params.token);
      if (owner === undefined) return byPerson ? sendForged(deps, request, reply) : reply.code(404).send(undefined);
      const campaign = owner.campaign === 0 ? {} : { campaign: owner.campaign };
      await deps.subscribers.leaveByLink(owner.subscriber, { by: byPerson ? 'link' : 'one_click', ...campaign });
      if (!byPerson) return reply.code(200).send(undefined);
      const { list } = await subscriptionOf(deps, owner);
      return sayFarewell(reply, await lookFor(deps, request, list), list?.name, request.params.token);
    },
  );
}

async function subscriptionOf({ subscribers, lists }: Deps, { subscriber }: LinkOwner) {
  const row = await subscribers.ofLink(subscriber);
  if (row === null) return { list: undefined, subscribed: false };
  const list = await lists.find(row.account, row.list_id);
  return { list: typeof list === 'object' ? list : undefined, subscribed: row.status === 'active' };
}

function sayQuestion(reply: FastifyReply, look: Look, name: string | undefined, token: string): FastifyReply {
  const button = say(look.language, 'unsubscribe_button');
  const below = html`<form method="post"><button name="from" value="page">${button}</button></form>
<p class="after"><a href="../p/${token}?lang=${look.language}">${say(look.language, 'all_preferences')}</a></p>`;
  return sayOnPage(reply, look, { title: 'unsubscribe_title', text: 'unsubscribe_text', below }, named(look, name));
}

function sayFarewell(reply: FastifyReply, look: Look, name: string | undefined, token: string): FastifyReply {
  const below = html`<p><a href="../p/${token}?lang=${look.language}">${say(look.language, 'all_preferences')}</a></p>`;
  return sayOnPage(reply, look, { title: 'unsubscribed_title', text: 'unsubscribed_text', below }, named(look, name));
}

function named({ language }: Look, list: string | undefined) {
  return { list: list ?? say(language, 'this_list') };
}
