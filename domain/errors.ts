import { MOST_LEVELS } from './json.js';

/**
 * Every error code with its HTTP status, its sentence, and whether the failure is permanent: repeating the same request
 * fails again. `api/hooks/failures.ts` and `activities/failures.ts` translate them; there are no other codes.
 */
export const FAILURES = {
  malformed_json: { status: 400, permanent: true, message: 'The body is not valid JSON.' },
  malformed_path: { status: 400, permanent: true, message: 'The address of the request is not valid.' },
  bad_request: { status: 400, permanent: true, message: 'The request is not valid.' },
  invalid_idempotency_key: {
    status: 400,
    permanent: true,
    message: 'Idempotency-Key must have 1 to 255 visible characters.',
  },
  unauthenticated: { status: 401, permanent: true, message: 'The API key is missing or not valid.' },
  key_unknown: { status: 401, permanent: true, message: 'There is no such API key.' },
  key_revoked: { status: 401, permanent: true, message: 'The API key has been revoked.' },
  key_expired: { status: 401, permanent: true, message: 'The API key has expired.' },
  ai_not_available: { status: 402, permanent: true, message: 'Drafting by AI is not configured; pass html.' },
  subscriber_limit_reached: { status: 402, permanent: true, message: 'The plan allows no more subscribers.' },
  campaign_limit_reached: { status: 402, permanent: true, message: 'The plan allows no more campaigns.' },
  sender_limit_reached: { status: 402, permanent: true, message: 'The plan allows no more domains.' },
  client_limit_reached: { status: 402, permanent: true, message: 'The plan allows no more clients.' },
  forbidden: { status: 403, permanent: true, message: 'This resource belongs to another account.' },
  receiver_not_a_member: {
    status: 403,
    permanent: true,
    message: 'Drafts and tests go to members of the account only; see POST /account/members.',
  },
  forged_report: {
    status: 403,
    permanent: true,
    message: 'The signature of this report is not valid, too old, or was used before.',
  },
  account_suspended: { status: 403, permanent: false, message: 'The account is suspended.' },
  clients_not_allowed: { status: 403, permanent: true, message: 'This account may not have clients.' },
  missing_scope: { status: 403, permanent: true, message: 'The API key does not have the scope this needs.' },
  key_restricted: { status: 403, permanent: true, message: 'The API key is restricted to other lists or domains.' },
  unknown_address: {
    status: 404,
    permanent: true,
    message: 'No list, message or suppression of this account has this address.',
  },
  not_found: { status: 404, permanent: true, message: 'There is nothing here.' },
  method_not_allowed: { status: 405, permanent: true, message: 'This path exists, but not with this method.' },
  already_sent: { status: 409, permanent: true, message: 'The campaign has already been sent.' },
  already_sending: { status: 409, permanent: true, message: 'The campaign is already being sent.' },
  busy: { status: 409, permanent: false, message: 'The campaign is being drafted; try again when it is ready.' },
  cannot_delete: { status: 409, permanent: true, message: 'Mails of this campaign were sent: it is kept as history.' },
  list_in_use: { status: 409, permanent: true, message: 'A campaign of this list is being sent; cancel it first.' },
  not_editable: { status: 409, permanent: true, message: 'The campaign can no longer be changed in this way.' },
  not_awaiting_approval: { status: 409, permanent: true, message: 'The campaign does not wait for approval.' },
  not_sending: { status: 409, permanent: true, message: 'The campaign is not being sent.' },
  not_paused: { status: 409, permanent: true, message: 'The campaign is not paused.' },
  not_sent: { status: 409, permanent: true, message: 'The campaign has not been sent yet.' },
  changed_meanwhile: { status: 409, permanent: true, message: 'The content has changed since; read it again.' },
  draft_not_ready: { status: 409, permanent: true, message: 'This draft has no text that could be chosen.' },
  too_early: { status: 409, permanent: false, message: 'The campaign closed too recently to be retried.' },
  nothing_to_retry: {
    status: 409,
    permanent: true,
    message: 'No recipient of this campaign has the requested status.',
  },
  recipient_suppressed: { status: 409, permanent: true, message: 'This address is suppressed and gets no mail.' },
  recipient_opted_out: {
    status: 409,
    permanent: true,
    message: 'The recipient has opted out of mails that are sent with this API key.',
  },
  not_cancellable: { status: 409, permanent: true, message: 'The message already has a final state.' },
  being_sent: { status: 409, permanent: false, message: 'The message is being sent at this moment.' },
  field_exists: { status: 409, permanent: true, message: 'A field with this name already exists.' },
  not_a_time: { status: 422, permanent: true, message: 'The newsletter has no issue at this time.' },
  no_data_expected: {
    status: 409,
    permanent: true,
    message: 'The issues of this newsletter are not made from pushed data.',
  },
  already_a_member: { status: 409, permanent: true, message: 'A member with this address already exists.' },
  template_read_only: {
    status: 409,
    permanent: true,
    message: 'This template is the same for all accounts; copy it to change it.',
  },
  template_in_use: {
    status: 409,
    permanent: true,
    message: 'A newsletter, or a campaign that is not sent yet, uses this template.',
  },
  identifier_taken: { status: 409, permanent: true, message: 'Another template has this identifier.' },
  key_ended: { status: 409, permanent: true, message: 'The key no longer works: it cannot be exchanged.' },
  key_rotating: { status: 409, permanent: true, message: 'The key has a successor already; validate or revoke it.' },
  not_a_successor: { status: 409, permanent: true, message: 'The key does not replace another one.' },
  client_busy: {
    status: 409,
    permanent: false,
    message: 'A campaign or message of this client is still in progress; cancel it or wait for its end.',
  },
  domain_taken: { status: 409, permanent: true, message: 'Another account has verified this domain.' },
  in_flight: {
    status: 409,
    permanent: false,
    message: 'A request with this Idempotency-Key is still being processed.',
  },
  secret_already_shown: {
    status: 409,
    permanent: true,
    message: 'The response for this Idempotency-Key contained a secret that is shown only once.',
  },
  sealed_elsewhere: {
    status: 409,
    permanent: true,
    message: 'The password was encrypted with another EVERPOST_SECRET; set the url again.',
  },
  revision_mismatch: {
    status: 412,
    permanent: true,
    message: 'The resource has changed since you read it: If-Match names another revision.',
  },
  request_timeout: { status: 408, permanent: false, message: 'The request was not received in time.' },
  payload_too_large: { status: 413, permanent: true, message: 'The body is larger than this path accepts.' },
  uri_too_long: { status: 414, permanent: true, message: 'The address is too long.' },
  unsupported_media_type: { status: 415, permanent: true, message: 'Send application/json.' },
  validation_failed: { status: 422, permanent: true, message: 'One or more fields are invalid.' },
  json_too_deep: { status: 422, permanent: true, message: `JSON may be nested at most ${MOST_LEVELS} levels deep.` },
  attachment_type_forbidden: { status: 422, permanent: true, message: 'A file of this kind may not be attached.' },
  attachments_too_large: { status: 422, permanent: true, message: 'The attachments are too large.' },
  attachment_unreadable: { status: 422, permanent: true, message: 'An attachment could not be decoded.' },
  attachment_repeated: { status: 422, permanent: true, message: 'Two attachments have the same name.' },
  domain_not_verified: {
    status: 422,
    permanent: true,
    message: 'The domain of the sender is not verified for this account.',
  },
  not_renderable: { status: 422, permanent: true, message: 'The content cannot be rendered.' },
  template_too_complex: { status: 422, permanent: true, message: 'The template is too complex; see errors.' },
  content_blocked: { status: 422, permanent: true, message: 'The check of the content found errors; see errors.' },
  template_not_found: { status: 422, permanent: true, message: 'There is no such template.' },
  missing_variables: {
    status: 422,
    permanent: true,
    message: 'The context lacks variables of the template; see errors.',
  },
  template_not_published: {
    status: 422,
    permanent: true,
    message: 'The template has no published version, or was removed.',
  },
  no_approvers: {
    status: 422,
    permanent: true,
    message: 'No member of the account is an approver; see POST /account/members.',
  },
  no_recipients: { status: 422, permanent: true, message: 'The list has no subscriber who may get mail.' },
  idempotency_key_reused: {
    status: 422,
    permanent: true,
    message: 'This Idempotency-Key was used with another request.',
  },
  quota_exceeded: { status: 429, permanent: false, message: 'The plan has too few emails left this month.' },
  ai_quota_exceeded: { status: 429, permanent: false, message: 'The plan has no drafts by AI left this month.' },
  request_quota_exceeded: { status: 429, permanent: false, message: 'The plan has no requests left this month.' },
  rate_limited: { status: 429, permanent: false, message: 'Too many requests; see Retry-After.' },
  internal_error: { status: 500, permanent: false, message: 'The server failed to process the request.' },
  ai_failed: { status: 502, permanent: false, message: 'The draft could not be written; the campaign is kept.' },
  overloaded: { status: 503, permanent: false, message: 'The server is overloaded; see Retry-After.' },
  unavailable: {
    status: 503,
    permanent: false,
    message: 'The server is starting or stopping, or cannot reach its database.',
  },
} as const satisfies Record<string, { status: number; permanent: boolean; message: string }>;

export type FailureCode = keyof typeof FAILURES;

/** The content causes the failure: repeating it fails again until its author changes it. */
export function isUnrenderable(error: unknown): error is Failure {
  return error instanceof Failure && (error.code === 'not_renderable' || error.code === 'template_too_complex');
}

/** Field name → errors; the shape of `errors` in a response. */
export type FieldErrors = Readonly<Record<string, readonly string[]>>;

export type FailureDetails = Readonly<Record<string, string | number | null>>;

/** An error with a code. Each interface (HTTP, activities) translates it once. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly errors: FieldErrors | undefined;
  /** Further data for programs: ids and codes. */
  readonly details: FailureDetails | undefined;
  constructor(
    code: FailureCode,
    errors?: FieldErrors,
    message: string = FAILURES[code].message,
    details?: FailureDetails,
  ) {
    super(message);
    this.code = code;
    this.errors = errors;
    this.details = details;
  }
}

/** Throws `validation_failed` with these errors, if there are any. */
export function demandNoFaults(faults: FieldErrors): void {
  if (Object.keys(faults).length > 0) throw new Failure('validation_failed', faults);
}
