import type { FastifyRequest } from 'fastify';
import type { Api } from '../app.js';

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
