import { draftWriter } from '../ai/drafts.js';
import { languageModel } from '../ai/model.js';
import type { Config } from '../config.js';
import type { Store } from '../store/connect.js';
import { drafts } from '../store/drafts.js';
import { voices } from '../store/voices.js';

/** What drafting needs, put together once a process. No key, no writer; everything else works. */
export function draftParts(store: Store, { openaiApiKey: apiKey, openaiBaseUrl: baseUrl, openaiModel: model }: Config) {
  const writer = apiKey === undefined ? undefined : draftWriter(languageModel({ apiKey, baseUrl, model }));
  return { drafts: drafts(store), voices: voices(store), draftWriter: writer };
}
