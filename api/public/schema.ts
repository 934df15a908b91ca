import { type TSchema, Type } from 'typebox';
import { Refusal, refusals } from '../schema/envelope.js';

function textResponse(type: string, description: string) {
  return { description, content: { [type]: { schema: Type.String() } } };
}

/** Whoever follows a link that is not valid is told so on a page; programs that asked for JSON get the envelope. */
const refusalPage = { description: 'A page that says what is wrong.', content: pageOr(Refusal) };

function pageOr(schema: TSchema) {
  return { 'text/html': { schema: Type.String() }, 'application/json': { schema } };
}

/** What a public page answers. */
export const PAGE = { 200: textResponse('text/html', 'The page.'), '4xx': refusalPage, '5xx': refusalPage } as const;

/** Mail programs get an empty answer (RFC 8058), people a page. */
export const ONE_CLICK = {
  200: Type.Unsafe<undefined>({ type: 'null', description: 'Done.' }),
  '4xx': Type.Unsafe<undefined>({ type: 'null', description: 'The link is not ours.' }),
  '5xx': refusalPage,
} as const;

/** A page, or for programs that ask for JSON the same in few words. */
export const SIGNUP_PAGE = {
  ...PAGE,
  202: {
    description: 'The person is asked by mail.',
    content: pageOr(Type.Object({ data: Type.Object({ status: Type.Literal('asked') }) })),
  },
} as const;

export const LINK = {
  302: Type.Unsafe<undefined>({ type: 'null', description: 'On to where the link leads.' }),
  '4xx': refusalPage,
  '5xx': refusalPage,
} as const;

export const PIXEL = {
  200: textResponse('image/gif', 'One transparent point, whatever was asked for.'),
  ...refusals,
} as const;
