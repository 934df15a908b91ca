import type { Static } from 'typebox';
import type { FieldRules } from '../../domain/custom-field.js';
import { parseMailbox } from '../../mail/address.js';
import type { SubscriberWish } from '../../store/subscriber-batches.js';
import type { Api } from '../app.js';
import { fitFields } from '../attributes.js';
import { accountOf } from '../auth.js';
import { chosenList } from '../chosen.js';
import type { Deps } from '../deps.js';
import { refusals } from '../schemas/envelope.js';
import { BatchResult, SubscriberBatch } from '../schemas/subscriber.js';

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
      const list = (await chosenList(deps, account, request.body.list_id))._id;
      const { wishes, invalid } = sorted(request.body.subscribers, await deps.customFields.rules(account));
      const tally = await deps.subscribers.addBatch({ account, list, source: 'batch', wishes });
      const refused = [...invalid, ...tally.refused.map((index) => wishes[index]?.email ?? '')];
      const received = request.body.subscribers.length;
      const { created, updated, unchanged, reactivated } = tally;
      return {
        data: {
          list_id: list,
          created,
          updated: updated + unchanged,
          reactivated,
          invalid: refused.length,
          skipped_over_cap: tally.over.length,
          invalid_examples: refused.slice(0, EXAMPLES_SHOWN),
        },
        meta: { received, processed: received - refused.length - tally.over.length },
      };
    },
  );
}

/** Rows with an address that can be mailed and attributes that fit, and what stood in the others. */
function sorted(rows: Static<typeof SubscriberBatch>['subscribers'], rules: FieldRules) {
  const wishes: SubscriberWish[] = [];
  const invalid: string[] = [];
  for (const { email, ...fields } of rows) {
    const address = typeof email === 'string' ? parseMailbox(email) : undefined;
    const person = fitFields(fields, rules);
    if (address === undefined || 'faults' in person) invalid.push(exampleOf(email));
    else wishes.push({ ...person, email: address.shown, email_key: address.identity });
  }
  return { wishes, invalid };
}

function exampleOf(email: unknown): string {
  return (typeof email === 'string' ? email : (JSON.stringify(email) ?? '')).slice(0, 254);
}
