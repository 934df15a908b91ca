import type { Static } from 'typebox';
import type { FieldRules } from '../../../domain/subscriber/custom-field.js';
import type { SubscriberRequest } from '../../../domain/subscriber/subscriber.js';
import { parseMailbox } from '../../../mail/address.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { referencedList } from '../../references.js';
import { refusals } from '../../schema/envelope.js';
import type { Deps } from '../../wiring.js';
import { fitAttributes } from './attributes.js';
import { BatchResult, SubscriberBatch } from './schema.js';

const EXAMPLES_SHOWN = 5;

export function subscriberBatches(app: Api, deps: Deps): void {
  app.post(
    '/subscribers/batch',
    {
      schema: {
        tags: ['Subscribers'],
        summary: 'Batch upsert subscribers',
        body: SubscriberBatch,
        response: { 200: BatchResult, ...refusals },
      },
    },
    async (request) => {
      const account = accountOf(request);
      const list = (await referencedList(deps, account, request.body.list_id))._id;
      const { valid, invalid } = validated(request.body.subscribers, await deps.customFields.rules(account));
      const result = await deps.subscribers.addBatch({ account, list, source: 'batch', requests: valid });
      const refused = [...invalid, ...result.refused.map((index) => valid[index]?.email ?? '')];
      const received = request.body.subscribers.length;
      const { created, updated, unchanged, reactivated } = result;
      return {
        data: {
          list_id: list,
          created,
          updated: updated + unchanged,
          reactivated,
          invalid: refused.length,
          skipped_over_cap: result.overCapacity.length,
          invalid_examples: refused.slice(0, EXAMPLES_SHOWN),
        },
        meta: { received, processed: received - refused.length - result.overCapacity.length },
      };
    },
  );
}

/** Splits rows into valid ones, with a mailable address and fitting attributes, and the addresses of the others. */
function validated(rows: Static<typeof SubscriberBatch>['subscribers'], rules: FieldRules) {
  const valid: SubscriberRequest[] = [];
  const invalid: string[] = [];
  for (const { email, ...fields } of rows) {
    const address = typeof email === 'string' ? parseMailbox(email) : undefined;
    const person = fitAttributes(fields, rules);
    if (address === undefined || 'faults' in person) invalid.push(exampleOf(email));
    else valid.push({ ...person, email: address.shown, email_key: address.identity });
  }
  return { valid, invalid };
}

function exampleOf(email: unknown): string {
  return (typeof email === 'string' ? email : (JSON.stringify(email) ?? '')).slice(0, 254);
}
