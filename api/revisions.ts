import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../domain/errors.js';

/** A strong ETag: the revision of the row that is shown. */
export function tagged(reply: FastifyReply, { revision }: { readonly revision: number }): void {
  reply.header('etag', `"${revision}"`);
}

/** `If-Match`: whoever read another revision changes nothing (RFC 9110 §13.1.1). Without it the last writer wins. */
export function demandRevision(request: FastifyRequest, { revision }: { readonly revision: number }): void {
  const given = request.headers['if-match'];
  if (given === undefined || given.trim() === '*') return;
  if (!given.split(',').some((tag) => tag.trim() === `"${revision}"`)) throw new Failure('revision_mismatch');
}
