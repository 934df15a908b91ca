import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { Data, refusals } from '../../schema/envelope.js';
import type { Deps } from '../../wiring.js';
import { NewVoice, newVoice, VoiceView, voiceView } from './schema.js';

const tags = ['Account'];
const ONE = { 200: Data(VoiceView), ...refusals };

/** The brand voice: style rules for drafts by AI. */
export function voice(app: Api, { voices }: Pick<Deps, 'voices'>): void {
  app.get(
    '/account/voice',
    { schema: { tags, summary: 'Retrieve the brand voice', response: ONE } },
    async (request) => ({ data: voiceView(await voices.current(accountOf(request))) }),
  );

  app.put(
    '/account/voice',
    { schema: { tags, summary: 'Set the brand voice', body: NewVoice, response: ONE } },
    async (request) => ({ data: voiceView(await voices.set(accountOf(request), newVoice(request.body))) }),
  );
}
