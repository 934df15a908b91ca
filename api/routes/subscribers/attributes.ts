import { Failure } from '../../../domain/errors.js';
import { checkAttributes, type FieldRules } from '../../../domain/subscriber/custom-field.js';
import type { SubscriberFields } from '../../../domain/subscriber/subscriber.js';
import { MAX_ERRORS } from '../../hooks/validation/messages.js';
import type { Deps } from '../../wiring.js';

/**
 * Converts the attributes to the types of the account's fields. Throws a failure that names each attribute that does not
 * fit.
 */
export async function withValidAttributes<T extends SubscriberFields>(
  { customFields }: Pick<Deps, 'customFields'>,
  account: number,
  person: T,
): Promise<T> {
  if (person.attributes === undefined) return person;
  const fit = fitAttributes(person, await customFields.rules(account));
  if (!('faults' in fit)) return fit;
  const faults = fit.faults.slice(0, MAX_ERRORS);
  throw new Failure(
    'validation_failed',
    Object.fromEntries(faults.map(({ name, sentence }) => [`attributes.${name}`, [sentence]])),
  );
}

/** The same for one subscriber of a batch; returns the faults instead of throwing. */
export function fitAttributes<T extends SubscriberFields>(person: T, rules: FieldRules) {
  if (person.attributes === undefined) return person;
  const fit = checkAttributes(person.attributes, rules);
  return fit.kind === 'faults' ? { faults: fit.faults } : { ...person, attributes: fit.attributes };
}
