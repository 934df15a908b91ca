import { Type } from 'typebox';
import { html } from '../../domain/html.js';
import { say } from '../../mail/wording.js';
import type { Message } from '../../store/messages-row.js';
import type { Api } from '../app.js';
import type { Deps } from '../deps.js';
import { ONE_CLICK, PAGE } from '../schemas/pages.js';
import type { ReadMessageLink } from './link-reader.js';
import { isFromPage, type Look, lookFor, sayOnPage, sendForged } from './visit.js';

const schema = { tags: ['Public pages'], params: Type.Object({ token: Type.String() }), security: [] };

/** Where the recipient of a message leaves the mails of the API key it was sent with; as with lists, GET only shows a page. */
export function optOut(app: Api, deps: Deps, readLink: ReadMessageLink): void {
  const rowOf = async (token: string): Promise<Message | undefined> => {
    const owner = await readLink(token);
    const row = owner === undefined ? 'missing' : await deps.messages.owned(owner.account, owner.message);
    return typeof row === 'object' && row.leaves_key !== undefined ? row : undefined;
  };

  app.get(
    '/u/m/:token',
    { schema: { ...schema, summary: 'Ask before leaving mails of a key', response: PAGE } },
    async (request, reply) => {
      const row = await rowOf(request.params.token);
      if (row === undefined) return sendForged(deps, request, reply);
      const look = await lookFor(deps, request);
      const button = say(look.language, 'unsubscribe_button');
      const below = html`<form method="post"><button name="from" value="page">${button}</button></form>`;
      return sayOnPage(reply, look, { title: 'unsubscribe_title', text: 'unsubscribe_text', below }, named(row));
    },
  );

  app.post(
    '/u/m/:token',
    { schema: { ...schema, summary: 'Leave mails of a key (RFC 8058)', response: ONE_CLICK } },
    async (request, reply) => {
      const byPerson = isFromPage(request);
      const row = await rowOf(request.params.token);
      if (row?.leaves_key === undefined)
        return byPerson ? sendForged(deps, request, reply) : reply.code(404).send(undefined);
      await deps.optOuts.add(row.account, row.leaves_key, row.to_key);
      await tell(deps, row, row.leaves_key);
      if (!byPerson) return reply.code(200).send(undefined);
      const look: Look = await lookFor(deps, request);
      return sayOnPage(reply, look, { title: 'unsubscribed_title', text: 'unsubscribed_text' }, named(row));
    },
  );
}

async function tell({ events }: Deps, { _id, account }: Message, key: number): Promise<void> {
  const data = { message: _id, key };
  await events.append([{ _id: `message:${_id}:unsubscribed`, account, type: 'message.unsubscribed', data }]);
}

function named({ from_domain }: Message) {
  return { list: from_domain };
}
