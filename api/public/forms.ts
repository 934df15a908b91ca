import type { FastifyRequest } from 'fastify';
import type { Api } from '../api.js';

const BODY_LIMIT = 64 * 1024;

/** A body is kept as text whatever it claims to be: mail programs send one click as a form, as multipart or not at all. */
export function acceptForms(app: Api): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: BODY_LIMIT }, (_request, body, done) => {
    done(null, body);
  });
}

/** The fields of a form as browsers send it. */
export function formOf({ body }: FastifyRequest): URLSearchParams {
  return new URLSearchParams(typeof body === 'string' ? body : '');
}

const LONGEST_NAME = 255;

/** A name from a form: null where the field was left empty, undefined where it is nothing that can be a name. */
export function nameIn(form: URLSearchParams, field: string): string | null | undefined {
  const given = (form.get(field) ?? '').trim();
  if (given.length > LONGEST_NAME || /\p{Cc}/u.test(given)) return undefined;
  return given === '' ? null : given;
}
