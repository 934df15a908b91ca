import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Failure, type FieldErrors } from '../../domain/errors.js';
import { jsonIn } from '../hooks/json-bodies.js';
import { bodyReader } from '../hooks/validation/validation.js';
import { closed, Line } from '../schema/fields.js';
import { formOf, nameIn } from './forms.js';

/** The values that a visitor or a program submitted. */
export interface Signup {
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

export function signupIn(request: FastifyRequest): Signup {
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
