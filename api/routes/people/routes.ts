import type { Static } from 'typebox';
import { now } from '../../../clock.js';
import { Failure } from '../../../domain/errors.js';
import { parseMailbox } from '../../../mail/address.js';
import { demandPermittedLists, type KeyRestrictions } from '../../../services/key-permissions.js';
import { readPerson } from '../../../services/person/person.js';
import { type AskedAbout, whyCampaign, whyMessage } from '../../../services/person/why.js';
import type { Api } from '../../api.js';
import { principalOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { Data, refusals } from '../../schema/envelope.js';
import type { Deps } from '../../wiring.js';
import { PersonPath, type PersonResponse, PersonSearch, PersonView } from './schema.js';
import { personView } from './view.js';

/** One address over all lists, campaigns and messages of the account. */
export function people(app: Api, deps: Deps): void {
  app.get(
    '/people/:email',
    {
      schema: {
        tags: ['Subscribers'],
        summary: 'Retrieve a person by address: lists, suppression, the last mails, and why',
        params: PersonPath,
        querystring: PersonSearch,
        response: { 200: Data(PersonView), ...refusals },
      },
    },
    async (request) => {
      const { account, keySettings } = principalOf(request);
      const { limit, ...asked } = request.query;
      const emailKey = identity(request.params.email);
      const query = { account, emailKey, onlyLists: keySettings.lists, limit };
      const person = await readPerson(deps, query, now());
      if (person === undefined) throw new Failure('unknown_address');
      const about = { emailKey, suppression: person.suppression };
      return { data: personView(emailKey, person, await answerTo(deps, { account, keySettings, asked }, about)) };
    },
  );
}

interface Question {
  readonly account: number;
  readonly keySettings: KeyRestrictions;
  readonly asked: Pick<Static<typeof PersonSearch>, 'campaign' | 'message'>;
}

async function answerTo(
  deps: Deps,
  { account, keySettings, asked: { campaign, message } }: Question,
  about: AskedAbout,
): Promise<PersonResponse['why']> {
  if (campaign !== undefined && message !== undefined) {
    throw new Failure('validation_failed', { message: ['Ask about a campaign or a message, not both at once.'] });
  }
  if (campaign !== undefined) {
    const row = demandOwned(await deps.campaigns.owned(account, campaign));
    demandPermittedLists(keySettings, [row.list_id]);
    return { campaign_id: row._id, message_id: null, ...(await whyCampaign(deps, row, about)) };
  }
  if (message === undefined) return null;
  demandPermittedLists(keySettings, 'whole_account');
  const row = demandOwned(await deps.messages.owned(account, message.toLowerCase()));
  if (row.to_key !== about.emailKey) {
    throw new Failure('validation_failed', { message: ['The message was sent to another address.'] });
  }
  return { campaign_id: null, message_id: row._id, ...(await whyMessage(deps, row, now())) };
}

function identity(email: string): string {
  const address = parseMailbox(email);
  if (address !== undefined) return address.identity;
  throw new Failure('validation_failed', { email: ['The email must be a valid email address.'] });
}
