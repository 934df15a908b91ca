import { type FieldRules, fitted } from '../domain/custom-field.js';
import { Failure } from '../domain/errors.js';
import type { SubscriberFields } from '../domain/subscriber.js';
import type { Deps } from './deps.js';
import { MOST_ERRORS } from './sentences.js';

/** The person a caller describes, with attributes as the account's fields keep them; refuses what does not fit, by name. */
export async function withFields<T extends SubscriberFields>(
  { customFields }: Pick<Deps, 'customFields'>,
  account: number,
  person: T,
): Promise<T> {
  if (person.attributes === undefined) return person;
  const fit = fitFields(person, await customFields.rules(account));
  if (!('faults' in fit)) return fit;
  const faults = fit.faults.slice(0, MOST_ERRORS);
  throw new Failure(
    'validation_failed',
    Object.fromEntries(faults.map(({ name, sentence }) => [`attributes.${name}`, [sentence]])),
  );
}

/** The same for one of many, whose faults are told elsewhere. */
export function fitFields<T extends SubscriberFields>(person: T, rules: FieldRules) {
  if (person.attributes === undefined) return person;
  const fit = fitted(person.attributes, rules);
  return fit.kind === 'faults' ? { faults: fit.faults } : { ...person, attributes: fit.attributes };
}
