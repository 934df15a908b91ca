import { Type } from 'typebox';
import { html } from '../../domain/html.js';
import { translate } from '../../mail/translate.js';
import type { Message } from '../../store/messages/row.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';
import type { ReadMessageLink } from './link-reader.js';
import { isFromPage, type PageStyle, pageStyleFor, sendInvalidLink, sendTextPage } from './page.js';
import { ONE_CLICK, PAGE } from './schema.js';

const schema = { tags: ['Public pages'], params: Type.Object({ token: Type.String() }), security: [] };

/** Lets the recipient of a message opt out of mails of its API key; as with lists, GET only shows a page. */
export function optOut(app: Api, deps: Deps, readLink: ReadMessageLink): void {
  const rowOf = async (token: string): Promise<Message | undefined> => {
    const owner = await readLink(token);
    const row = owner === undefined ? 'missing' : await deps.messages.owned(owner.account, owner.message);
    return typeof row === 'object' && row.leaves_key !== undefined ? row : undefined;
  };

  app.get(
    '/u/m/:token',
    { schema: { ...schema, summary: 'Show the opt-out page of a key', response: PAGE } },
    async (request, reply) => {
      const row = await rowOf(request.params.token);
      if (row === undefined) return sendInvalidLink(deps, request, reply);
      const style = await pageStyleFor(deps, request);
      const button = translate(style.language, 'unsubscribe_button');
      const below = html`<form method="post"><button name="from" value="page">${button}</button></form>`;
      return sendTextPage(
        reply,
        style,
        { title: 'unsubscribe_title', text: 'unsubscribe_text', below },
        listNameFor(row),
      );
    },
  );

  app.post(
    '/u/m/:token',
    { schema: { ...schema, summary: 'Opt out of mails of a key (RFC 8058)', response: ONE_CLICK } },
    async (request, reply) => {
      const byPerson = isFromPage(request);
      const row = await rowOf(request.params.token);
      if (row?.leaves_key === undefined)
        return byPerson ? sendInvalidLink(deps, request, reply) : reply.code(404).send(undefined);
      await deps.optOuts.add(row.account, row.leaves_key, row.to_key);
      await publishOptOut(deps, row, row.leaves_key);
      if (!byPerson) return reply.code(200).send(undefined);
      const style: PageStyle = await pageStyleFor(deps, request);
      return sendTextPage(reply, style, { title: 'unsubscribed_title', text: 'unsubscribed_text' }, listNameFor(row));
    },
  );
}

async function publishOptOut({ events }: Deps, { _id, account }: Message, key: number): Promise<void> {
  const data = { message: _id, key };
  await events.append([{ _id: `message:${_id}:unsubscribed`, account, type: 'message.unsubscribed', data }]);
}

function listNameFor({ from_domain }: Message) {
  return { list: from_domain };
}
