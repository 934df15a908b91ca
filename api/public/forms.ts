import type { FastifyRequest } from 'fastify';
import type { Api } from '../api.js';

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
