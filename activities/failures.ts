import { ApplicationFailure } from '@temporalio/common';
import { FAILURES, Failure } from '../domain/errors.js';

/** A named refusal becomes a failure that is retried only where trying again may help; anything else is an outage or a bug. */
export function asApplicationFailure(error: unknown): unknown {
  if (!(error instanceof Failure)) return error;
  return ApplicationFailure.create({
    type: error.code,
    message: error.message,
    nonRetryable: FAILURES[error.code].permanent,
  });
}
