import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { now } from '../../clock.js';
import { endOfMonth, monthOf } from '../../domain/account/plan.js';
import { FAILURES, Failure, type FailureCode } from '../../domain/errors.js';
import type { Owned } from '../../store/mongo/ownership.js';
import { outcomeIsUnknown } from '../../store/mongo/unknown-outcome.js';
import type { Api } from '../api.js';
import { methodsAt } from './known-routes.js';

/** Fastify's own errors that the caller caused, by their stable codes. */
const FRAMEWORK_CODES: Readonly<Record<string, FailureCode>> = {
  FST_ERR_BAD_URL: 'malformed_path',
  FST_ERR_MAX_PARAM_LENGTH: 'uri_too_long',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_REQ_FILE_TOO_LARGE: 'payload_too_large',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'unsupported_media_type',
};

type SendFailure = (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/** Turns every failure into a response; a dialect formats it in its own way. */
export function translateFailures(app: Api, send: SendFailure = sendFailure): void {
  app.setErrorHandler((error: FastifyError | Failure, request, reply) => send(error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const methods = methodsAt(app, request.url.replace(/\?.*$/s, ''));
    if (methods.length === 0) return send(new Failure('not_found'), request, reply);
    reply.header('allow', methods.join(', '));
    return send(new Failure('method_not_allowed'), request, reply);
  });
}

/** Refusals that last until the quotas of the month are reset. */
const MONTHLY: ReadonlySet<FailureCode> = new Set(['quota_exceeded', 'ai_quota_exceeded', 'request_quota_exceeded']);

function untilNextMonth(): string {
  const end = endOfMonth(monthOf(now()));
  return String(Math.ceil((end.getTime() - now().getTime()) / 1_000));
}

function logFailure(error: unknown, { log, method, routeOptions }: FastifyRequest): void {
  const route = routeOptions.url ?? 'unknown';
  log.error({ err: error, method, route }, 'a request failed and was answered with 500; the caller may repeat it');
}

/** Sets the status. Logs failures of the server and hides their details. */
export function applyFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): Failure {
  const failure = failureOf(error);
  const { status } = FAILURES[failure.code];
  if (status === 500) logFailure(error, request);
  if (!reply.hasHeader('retry-after')) {
    if (status === 503) reply.header('retry-after', '5');
    if (status === 429) reply.header('retry-after', MONTHLY.has(failure.code) ? untilNextMonth() : '60');
  }
  reply.code(status);
  return failure;
}

/** Answers in the standard envelope. */
export function sendFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = applyFailure(error, request, reply);
  return reply.type('application/json; charset=utf-8').serializer(JSON.stringify).send(errorEnvelope(failure));
}

export function errorEnvelope({ code, message, errors, details }: Failure) {
  return { error: { code, message, ...(errors && { errors }), ...(details && { details }) } };
}

const UNREADABLE_CODES: Readonly<Record<string, FailureCode>> = {
  HPE_HEADER_OVERFLOW: 'uri_too_long',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Answers bytes that Node cannot parse as a request in the same envelope; there is no reply object yet. */
export function answerUnreadableRequest(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const known = UNREADABLE_CODES[error.code ?? ''] ?? 'bad_request';
  const { code, message } = new Failure(known);
  const { status } = FAILURES[code];
  const body = JSON.stringify({ error: { code, message } });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** Unwraps a row read for the caller's account: 404 where it does not exist, 403 where it belongs to another account. */
export function demandOwned<T extends object>(found: Owned<T>): T {
  if (found === 'missing') throw new Failure('not_found');
  if (found === 'foreign') throw new Failure('forbidden');
  return found;
}

/** The same for a change: done, or refused by name. */
export function demandDone(result: 'done' | 'missing' | 'foreign' | 'in_use'): void {
  if (result === 'in_use') throw new Failure('list_in_use');
  if (result !== 'done') demandOwned(result);
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof Error)) return new Failure('internal_error');
  const { code, statusCode } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : FRAMEWORK_CODES[code];
  if (known !== undefined) return new Failure(known);
  // The store is unreachable: the outcome of a write is unknown.
  if (outcomeIsUnknown(error)) return new Failure('unavailable');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new Failure('bad_request', undefined, STATUS_CODES[statusCode]);
  }
  return new Failure('internal_error');
}
