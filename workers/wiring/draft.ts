import { draftWriter } from '../../ai/draft-writer.js';
import { languageModel } from '../../ai/model.js';
import type { Config } from '../../config.js';
import { drafts } from '../../store/drafts/drafts.js';
import { voices } from '../../store/drafts/voices.js';
import type { Store } from '../../store/mongo/connect.js';

/** What drafting needs, put together once a process. No key, no writer; everything else works. */
export function draftWiring(
  store: Store,
  { openaiApiKey: apiKey, openaiBaseUrl: baseUrl, openaiModel: model }: Config,
) {
  const writer = apiKey === undefined ? undefined : draftWriter(languageModel({ apiKey, baseUrl, model }));
  return { drafts: drafts(store), voices: voices(store), draftWriter: writer };
}
