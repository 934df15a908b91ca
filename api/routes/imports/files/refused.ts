import { Failure } from '../../../../domain/errors.js';

/** A refusal of an upload, with a sentence for each fault. */
export function refused(field: string, ...sentences: readonly string[]): Failure {
  return new Failure('validation_failed', { [field]: sentences });
}
