import { STATUS_CODES } from 'node:http';
import type { Failure } from '../../../domain/errors.js';
import type { SuppressionReason } from '../../../store/suppressions/suppressions.js';
import type { RefusalResponse } from '../dialect.js';

/** The status and message of the document for each native code. */
const DOCUMENTED: Readonly<Record<string, readonly [status: number, message: string]>> = {
  attachment_unreadable: [400, 'Attachments parse failed'],
  attachment_repeated: [400, 'Attachments parse failed'],
  attachments_too_large: [400, 'Attachments size more than allowed'],
  payload_too_large: [400, 'Attachments size more than allowed'],
  attachment_type_forbidden: [400, 'Attachments type forbidden'],
  not_renderable: [400, 'HTML template is not valid'],
  template_too_complex: [400, 'HTML template is not valid'],
  unauthenticated: [401, 'Invalid API key'],
  quota_exceeded: [402, 'Not enough resources on the user balance'],
  request_quota_exceeded: [402, 'Not enough resources on the user balance'],
  key_revoked: [403, 'API key is not active'],
  key_expired: [403, 'API key is not active'],
  key_unknown: [404, 'ExternalMailApiKey not found'],
  domain_not_verified: [404, 'User Domain not found'],
  template_not_found: [404, 'TemplateMailUser not found by id'],
  recipient_opted_out: [422, 'Email receiver unsubscribed from this API key mails'],
  template_not_published: [422, 'Template not found by templateId'],
  internal_error: [500, 'Internal server error'],
  unavailable: [503, 'Email processing service is temporarily unavailable'],
};

/** The message of the document for each reason of a suppression. */
export const SUPPRESSED: Readonly<Record<SuppressionReason, string>> = {
  complaint: 'Email receiver complained from this API key mails',
  bounce: "Email receiver doesn't exist",
  manual: 'Email receiver unavailable',
  erased: 'Email receiver unavailable',
};

/** The answer to every validation failure. */
const VALIDATION_STATUSES: Readonly<Record<number, number>> = { 413: 400, 414: 400, 415: 400, 422: 400 };

/** `{statusCode, message, error}`, with the message of the document where it has one. */
export function toRefusal(failure: Failure, native: number): RefusalResponse {
  const [status, message] = DOCUMENTED[failure.code] ?? [statusOf(failure, native), sentenceOf(failure)];
  return { status, body: { statusCode: status, message, error: STATUS_CODES[status] ?? 'Error' } };
}

function statusOf({ code }: Failure, native: number): number {
  return code === 'recipient_suppressed' ? 422 : (VALIDATION_STATUSES[native] ?? native);
}

function sentenceOf({ message, errors = {} }: Failure): string {
  return Object.values(errors).flat().join(' ') || message;
}
