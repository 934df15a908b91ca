import type { FastifyReply } from 'fastify';
import { PRIVATE_HEADERS } from './page.js';

/** The mail is untrusted markup under our domain: it runs no script, submits no form and has no origin. */
const POLICY = [
  'sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation',
  "default-src 'none'",
  'img-src http: https: data:',
  "style-src 'unsafe-inline' http: https:",
  'font-src http: https: data:',
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Sends the HTML of a mail as a page. */
export function sendMailAsPage(reply: FastifyReply, html: string): FastifyReply {
  return reply
    .headers({ ...PRIVATE_HEADERS, 'content-security-policy': POLICY })
    .type('text/html; charset=utf-8')
    .serializer((markup: string) => markup)
    .send(html);
}
