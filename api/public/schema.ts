import type { FastifyRequest } from 'fastify';
import { type TSchema, Type } from 'typebox';
import type { Api } from '../api.js';
import { Refusal, refusals } from '../schema/envelope.js';

function textResponse(type: string, description: string) {
  return { description, content: { [type]: { schema: Type.String() } } };
}

/** An invalid link is answered with a page; programs that ask for JSON get the envelope. */
const refusalPage = { description: 'A page with the error.', content: pageOr(Refusal) };

/** A page, or JSON for programs that ask for it. */
export function pageOr(schema: TSchema) {
  return { 'text/html': { schema: Type.String() }, 'application/json': { schema } };
}

/** The responses of a public page. */
export const PAGE = { 200: textResponse('text/html', 'The page.'), '4xx': refusalPage, '5xx': refusalPage } as const;

/** Mail programs get an empty response (RFC 8058), browsers a page. */
export const ONE_CLICK = {
  200: Type.Unsafe<undefined>({ type: 'null', description: 'Done.' }),
  '4xx': Type.Unsafe<undefined>({ type: 'null', description: 'The link is invalid.' }),
  '5xx': refusalPage,
} as const;

/** A page, or a short JSON response for programs that ask for it. */
export const SIGNUP_PAGE = {
  ...PAGE,
  202: {
    description: 'A confirmation mail is sent.',
    content: pageOr(Type.Object({ data: Type.Object({ status: Type.Literal('asked') }) })),
  },
} as const;

export const LINK = {
  302: Type.Unsafe<undefined>({ type: 'null', description: 'Redirects to the destination of the link.' }),
  '4xx': refusalPage,
  '5xx': refusalPage,
} as const;

export const PIXEL = {
  200: textResponse('image/gif', 'One transparent pixel for every request.'),
  ...refusals,
} as const;

const BODY_LIMIT = 64 * 1024;

/** Reads a body as text whatever its media type: mail programs send the one click as a form, as multipart or without a type. */
export function acceptForms(app: Api): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: BODY_LIMIT }, (_request, body, done) => {
    done(null, body);
  });
}

/** The fields of a form as a browser submits it. */
export function formOf({ body }: FastifyRequest): URLSearchParams {
  return new URLSearchParams(typeof body === 'string' ? body : '');
}

const LONGEST_NAME = 255;

/** A name from a form: null where the field was empty, undefined where the value cannot be a name. */
export function nameIn(form: URLSearchParams, field: string): string | null | undefined {
  const given = (form.get(field) ?? '').trim();
  if (given.length > LONGEST_NAME || /\p{Cc}/u.test(given)) return undefined;
  return given === '' ? null : given;
}
