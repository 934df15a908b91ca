import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../domain/errors.js';

/** A strong ETag: the revision of the row that is shown. */
export function setETag(reply: FastifyReply, { revision }: { readonly revision: number | string }): void {
  reply.header('etag', `"${revision}"`);
}

/** `If-Match`: whoever read another revision changes nothing (RFC 9110 §13.1.1). Without it the last writer wins. */
export function demandRevision(request: FastifyRequest, { revision }: { readonly revision: number }): void {
  demandETag(request.headers['if-match'], revision);
}

export function demandETag(given: string | undefined, revision: number | string): void {
  if (given === undefined || given.trim() === '*') return;
  if (!given.split(',').some((tag) => tag.trim() === `"${revision}"`)) throw new Failure('revision_mismatch');
}
