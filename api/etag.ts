import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../domain/errors.js';

/** A strong ETag: the revision of the row. */
export function setETag(reply: FastifyReply, { revision }: { readonly revision: number | string }): void {
  reply.header('etag', `"${revision}"`);
}

/** `If-Match` (RFC 9110 §13.1.1): a caller that read another revision is refused. Without the header the last write wins. */
export function demandRevision(request: FastifyRequest, { revision }: { readonly revision: number }): void {
  demandETag(request.headers['if-match'], revision);
}

export function demandETag(given: string | undefined, revision: number | string): void {
  if (given === undefined || given.trim() === '*') return;
  if (!given.split(',').some((tag) => tag.trim() === `"${revision}"`)) throw new Failure('revision_mismatch');
}
