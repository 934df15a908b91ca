import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { keyOf } from '../hooks/idempotency.js';
import { preferredType, varyByAccept } from '../preferred-type.js';
import { sendMailAsPage } from '../public/untrusted-mail.js';
import { Data } from '../schema/envelope.js';
import { type PreviewResponse, PreviewView } from '../schema/preview.js';

/** The response of a preview: JSON, or the mail as a page where `Accept` prefers `text/html`. */
export const PREVIEW = {
  description: 'The preview; with `Accept: text/html` the mail alone, as a page.',
  content: { 'application/json': { schema: Data(PreviewView) }, 'text/html': { schema: Type.String() } },
};

/** Responses under an Idempotency-Key are JSON: they are stored and replayed as JSON. */
export function sendPreview(request: FastifyRequest, reply: FastifyReply, preview: PreviewResponse) {
  reply.header('vary', varyByAccept(reply.getHeader('vary')));
  const type = preferredType(request.headers.accept, ['application/json', 'text/html']);
  if (type === 'text/html' && keyOf(request) === undefined) return sendMailAsPage(reply, preview.html);
  return { data: preview };
}
