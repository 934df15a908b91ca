import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { now } from '../../clock.js';
import { Failure, type FieldErrors } from '../../domain/errors.js';
import { html } from '../../domain/html.js';
import { preferredLanguage } from '../../domain/language.js';
import { visitorOf } from '../../domain/subscriber/confirmation.js';
import { parseMailbox } from '../../mail/address.js';
import { translate } from '../../mail/translate.js';
import { isActive } from '../../store/accounts/accounts.js';
import type { List } from '../../store/lists/lists.js';
import type { Api } from '../api.js';
import { sendFailure } from '../hooks/failures.js';
import { jsonIn } from '../hooks/json-bodies.js';
import { bodyReader } from '../hooks/validation.js';
import { closed, Line } from '../schema/fields.js';
import type { Deps } from '../wiring.js';
import { noticeOf, type PageStyle, pageStyleFor, sendPage, sendTextPage } from './page.js';
import { formOf, nameIn, PAGE, SIGNUP_PAGE } from './schema.js';

const HOUR = 3_600_000;
/** Requests of one visitor for one list per hour. */
const MAX_PER_VISITOR = 20;

const schema = { tags: ['Public pages'], params: Type.Object({ uid: Type.String() }), security: [] };

/**
 * Public sign-up for lists with double opt-in; other lists accept none here. The response and its timing are the same for
 * every address: they must not reveal whether an address is on a list.
 */
export function signup(app: Api, deps: Deps): void {
  app.get(
    '/lists/:uid/signup',
    { schema: { ...schema, summary: 'Show the sign-up page of a list', response: PAGE } },
    async (request, reply) => {
      const list = await joinableList(deps, request.params.uid);
      if (list === undefined) return refuse(deps, request, reply, 'not_found');
      return showForm(reply, await pageStyleFor(deps, request, list), list);
    },
  );

  app.post(
    '/lists/:uid/signup',
    { schema: { ...schema, summary: 'Sign up for a list', response: SIGNUP_PAGE } },
    async (request, reply) => {
      const list = await joinableList(deps, request.params.uid);
      if (list === undefined) return refuse(deps, request, reply, 'not_found');
      const form = signupIn(request);
      const address = parseMailbox(form.email);
      if (address?.ascii !== true || form.invalid) return sendFormAgain(deps, request, reply, list, form);
      if (form.honeypotFilled) return sendAccepted(deps, request, reply, list);
      const visitor = visitorOf(request.ip);
      const recentRequests = await deps.confirmations.countByVisitor(
        list._id,
        visitor,
        new Date(now().getTime() - HOUR),
      );
      if (recentRequests >= MAX_PER_VISITOR) return refuse(deps, request, reply, 'rate_limited', list);
      const { first_name, last_name } = form;
      const subscriber = { email: address.shown, email_key: address.identity, first_name, last_name };
      const { account, _id: list_id } = list;
      const language = languageOf(request, list, form);
      const row = await deps.confirmations.add({
        account,
        list_id,
        requested: subscriber,
        language,
        source: form.source,
        ip: request.ip,
        visitor,
      });
      deps.engine.notifyConfirmation(row);
      return sendAccepted(deps, request, reply, list);
    },
  );
}

/** Public sign-up requires double opt-in, and an account that may send. */
async function joinableList({ lists, accounts }: Deps, uid: string): Promise<List | undefined> {
  const list = /^[0-9a-f]{32}$/.test(uid) ? await lists.ofUid(uid) : null;
  if (list?.double_opt_in !== true) return undefined;
  return isActive(await accounts.status(list.account)) ? list : undefined;
}

function languageOf(request: FastifyRequest, list: List, form: Signup) {
  const { lang } = request.query as { lang?: unknown };
  const requested = form.language ?? (typeof lang === 'string' ? lang : undefined);
  return preferredLanguage({ requested, list: list.language, accepted: request.headers['accept-language'] });
}

async function sendAccepted(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  list: List,
): Promise<FastifyReply> {
  if (wantsJson(request)) return reply.code(202).send({ data: { status: 'asked' } });
  const style = await pageStyleFor(deps, request, list);
  return sendTextPage(reply, style, { status: 202, title: 'confirmation_sent_title', text: 'confirmation_sent_text' });
}

async function refuse(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  why: 'not_found' | 'rate_limited',
  list?: List,
): Promise<FastifyReply> {
  if (why === 'rate_limited') reply.header('retry-after', String(HOUR / 1000));
  if (wantsJson(request)) return sendFailure(new Failure(why), request, reply);
  const style = await pageStyleFor(deps, request, list);
  return why === 'not_found'
    ? sendTextPage(reply, style, { status: 404, title: 'no_signup_title', text: 'no_signup_text' })
    : sendTextPage(reply, style, { status: 429, title: 'too_often_title', text: 'too_often_text' });
}

/** Invalid input: shows the form again. */
async function sendFormAgain(deps: Deps, request: FastifyRequest, reply: FastifyReply, list: List, form: Signup) {
  if (!wantsJson(request)) return showForm(reply, await pageStyleFor(deps, request, list), list, form);
  const sentence = 'The email must be a valid email address.';
  return sendFailure(new Failure('validation_failed', form.errors ?? { email: [sentence] }), request, reply);
}

function showForm(reply: FastifyReply, style: PageStyle, list: List, wrong?: Signup): FastifyReply {
  const { language } = style;
  const optional = `(${translate(language, 'optional')})`;
  const notice = wrong && noticeOf(translate(language, wrong.invalid ? 'not_understood' : 'bad_address'), 'bad');
  const invalid = wrong && { markup: ' aria-invalid="true"' };
  const body = html`${notice}<p>${translate(language, 'signup_text')}</p>
<form method="post">
<label>${translate(language, 'email_address')}<input type="email" name="email" value="${wrong?.email}" required maxlength="254" autocomplete="email"${invalid}></label>
<label>${translate(language, 'first_name')} ${optional}<input name="first_name" value="${wrong?.first_name ?? ''}" maxlength="255" autocomplete="given-name"></label>
<label>${translate(language, 'last_name')} ${optional}<input name="last_name" value="${wrong?.last_name ?? ''}" maxlength="255" autocomplete="family-name"></label>
<div class="trap" aria-hidden="true"><label>${translate(language, 'leave_empty')}<input name="website" tabindex="-1" autocomplete="off"></label></div>
<button name="from" value="page">${translate(language, 'signup_button')}</button>
</form>
`;
  const title = translate(language, 'signup_title', { list: list.name });
  return sendPage(reply, wrong === undefined ? 200 : 422, { ...style, title, body });
}

/** The values that a visitor or a program submitted. */
interface Signup {
  readonly email: string;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly language: string | undefined;
  /** A hidden field: only bots fill it in. */
  readonly honeypotFilled: boolean;
  readonly source: 'form' | 'page';
  /** The request has fields that our form never sends. */
  readonly invalid: boolean;
  readonly errors?: FieldErrors;
}

const SignupBody = Type.Object(
  {
    email: Type.String({ maxLength: 320 }),
    first_name: Type.Optional(Line(255)),
    last_name: Type.Optional(Line(255)),
    language: Type.Optional(Line(16)),
    website: Type.Optional(Line(2_000)),
  },
  closed,
);

interface Fields {
  readonly email: string;
  readonly first_name?: string;
  readonly last_name?: string;
  readonly language?: string;
  readonly website?: string;
}

const read = bodyReader(SignupBody);

/** A program that sends JSON is answered in JSON, all others with pages. */
export function wantsJson({ headers }: FastifyRequest): boolean {
  return /^application\/json\b/i.test(headers['content-type'] ?? '');
}

function signupIn(request: FastifyRequest): Signup {
  return wantsJson(request) ? fromJson(request.body) : fromForm(request);
}

/** Strict, like the rest of the API; throws the Failure that names each invalid field. */
function fromJson(body: unknown): Signup {
  const { email, first_name, last_name, language, website = '' } = read(parsed(body)) as Fields;
  const [first, last] = [first_name?.trim() || null, last_name?.trim() || null];
  const honeypotFilled = website !== '';
  return {
    email: email.trim(),
    first_name: first,
    last_name: last,
    language,
    honeypotFilled,
    source: 'form',
    invalid: false,
  };
}

function parsed(body: unknown): unknown {
  const value = jsonIn(typeof body === 'string' ? body : '');
  if (value === undefined) throw new Failure('malformed_json');
  return value;
}

/** Lenient: a form on a customer's site may have buttons and fields of its own. */
function fromForm(request: FastifyRequest): Signup {
  const form = formOf(request);
  const [first, last] = [nameIn(form, 'first_name'), nameIn(form, 'last_name')];
  return {
    email: (form.get('email') ?? '').trim(),
    first_name: first ?? null,
    last_name: last ?? null,
    language: form.get('language') ?? undefined,
    honeypotFilled: (form.get('website') ?? '') !== '',
    source: form.get('from') === 'page' ? 'page' : 'form',
    invalid: first === undefined || last === undefined,
  };
}
