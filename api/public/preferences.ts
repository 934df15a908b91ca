import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { type Html, html } from '../../domain/html.js';
import { masked } from '../../domain/mail/address.js';
import type { LinkOwner } from '../../mail/tokens/link-tokens.js';
import { translate } from '../../mail/translate.js';
import type { List } from '../../store/lists/lists.js';
import type { Subscriber } from '../../store/subscribers/row.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';
import type { ReadLink } from './link-reader.js';
import { noticeOf, type PageStyle, pageStyleFor, sendInvalidLink, sendPage, sendTextPage } from './page.js';
import { formOf, nameIn, PAGE } from './schema.js';

const schema = { tags: ['Public pages'], params: Type.Object({ token: Type.String() }), security: [], response: PAGE };

/** Shows a recipient every subscribed list of the account, and lets them unsubscribe and correct their name. */
export function preferences(app: Api, deps: Deps, readLink: ReadLink): void {
  app.get(
    '/p/:token',
    { schema: { ...schema, summary: 'Show the subscriptions of a recipient' } },
    async (request, reply) => {
      const owner = await readLink(request.params.token);
      if (owner === undefined) return sendInvalidLink(deps, request, reply);
      return sendPreferences(deps, request, reply, owner);
    },
  );

  app.post(
    '/p/:token',
    { schema: { ...schema, summary: 'Change the subscriptions of a recipient' } },
    async (request, reply) => {
      const owner = await readLink(request.params.token);
      if (owner === undefined) return sendInvalidLink(deps, request, reply);
      const done = await applyForm(deps, owner, formOf(request));
      return sendPreferences(deps, request, reply, owner, done);
    },
  );
}

/** The change that the form requested; undefined for an unknown request. */
type FormResult =
  | { readonly kind: 'left_one'; readonly list: number }
  | { readonly kind: 'left_all' | 'name_saved' | 'not_understood' };

async function applyForm(deps: Deps, owner: LinkOwner, form: URLSearchParams): Promise<FormResult> {
  const person = await deps.subscribers.ofLink(owner.subscriber);
  const action = form.get('do');
  if (person === null) return { kind: 'not_understood' };
  const { account, email_key } = person;
  const leaving = { by: 'preferences', ...(owner.campaign > 0 && { campaign: owner.campaign }) } as const;
  if (action === 'leave_all') {
    await deps.subscribers.unsubscribe(account, email_key, undefined, leaving);
    return { kind: 'left_all' };
  }
  const list = Number(form.get('list'));
  if (action === 'leave' && Number.isSafeInteger(list) && list > 0) {
    await deps.subscribers.unsubscribe(account, email_key, list, leaving);
    return { kind: 'left_one', list };
  }
  const [first_name, last_name] = [nameIn(form, 'first_name'), nameIn(form, 'last_name')];
  if (action !== 'name' || first_name === undefined || last_name === undefined) return { kind: 'not_understood' };
  for (const row of await deps.subscribers.onEveryList(account, email_key)) {
    await deps.subscribers.change(account, row._id, { first_name, last_name });
  }
  return { kind: 'name_saved' };
}

async function sendPreferences(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  { subscriber }: LinkOwner,
  done?: FormResult,
): Promise<FastifyReply> {
  const person = await deps.subscribers.ofLink(subscriber);
  const lists = person === null ? [] : await deps.lists.ofAccount(person.account);
  const style = await pageStyleFor(
    deps,
    request,
    lists.find(({ _id }) => _id === person?.list_id),
  );
  if (person === null) return sendTextPage(reply, style, { title: 'gone_title', text: 'gone_text' });
  const rows = await deps.subscribers.onEveryList(person.account, person.email_key);
  const active = rows.filter(({ status }) => status === 'active').map(({ list_id }) => list_id);
  const subscribed = lists.filter(({ _id }) => active.includes(_id));
  const { language } = style;
  const text = translate(language, subscribed.length > 0 ? 'preferences_text' : 'preferences_none', {
    address: masked(person.email),
  });
  const body = html`${done && noticeFor(style, done, lists)}<p>${text}</p>
${subscribed.length > 0 ? leaveForms(style, subscribed) : undefined}${nameForm(style, person)}`;
  const status = done?.kind === 'not_understood' ? 422 : 200;
  return sendPage(reply, status, { ...style, title: translate(language, 'preferences_title'), body });
}

function noticeFor({ language }: PageStyle, done: FormResult, lists: readonly List[]): Html {
  const name = done.kind === 'left_one' ? lists.find(({ _id }) => _id === done.list)?.name : undefined;
  const text = translate(language, done.kind, { list: name ?? translate(language, 'this_list') });
  return noticeOf(text, done.kind === 'not_understood' ? 'bad' : 'good');
}

function leaveForms({ language }: PageStyle, lists: readonly List[]): Html {
  const rows = lists.map(({ _id, name }) => {
    const label = translate(language, 'unsubscribe_from', { list: name });
    return html`<li><span>${name}</span>
<form method="post"><input type="hidden" name="list" value="${_id}">
<button class="quiet small" name="do" value="leave" aria-label="${label}">${translate(language, 'unsubscribe_button')}</button></form></li>
`;
  });
  return html`<ul class="rows">
${rows}</ul>
<form method="post"><button class="quiet" name="do" value="leave_all">${translate(language, 'unsubscribe_all')}</button></form>
`;
}

function nameForm({ language }: PageStyle, { first_name, last_name }: Subscriber): Html {
  return html`<h2>${translate(language, 'your_name')}</h2>
<form method="post">
<label>${translate(language, 'first_name')}<input name="first_name" value="${first_name ?? ''}" maxlength="255" autocomplete="given-name"></label>
<label>${translate(language, 'last_name')}<input name="last_name" value="${last_name ?? ''}" maxlength="255" autocomplete="family-name"></label>
<button name="do" value="name">${translate(language, 'save')}</button>
</form>
`;
}
