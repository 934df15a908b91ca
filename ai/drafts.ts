import { costOf, type DraftReason, type ModelCall, PRICE_VERSION } from '../domain/draft.js';
import { type DraftText, faultsOf, linksIn } from '../domain/draft-text.js';
import { ANSWER_SCHEMA, readAnswer } from './answer.js';
import type { LanguageModel, Reply, Usage } from './model.js';
import { type Brief, type Earlier, PROMPT_VERSION, turnsFor } from './prompt.js';

/** What one turn came to. `repair`: ask once more and say what was wrong; `unavailable`: the same again, later. */
export type DraftStep =
  | { readonly kind: 'ready'; readonly text: DraftText }
  | ({ readonly kind: 'repair'; readonly reason: DraftReason } & Earlier)
  | { readonly kind: 'failed'; readonly reason: DraftReason; readonly detail: string; readonly said: string | null }
  | { readonly kind: 'unavailable'; readonly why: string; readonly retryAfter?: number }
  | { readonly kind: 'cancelled' };

export interface Turned {
  readonly step: DraftStep;
  readonly call: ModelCall;
}

export type DraftWriter = ReturnType<typeof draftWriter>;

/** Writes drafts: asks, reads, checks. One repair turn is the caller's to grant, so that it survives a crash in between. */
export function draftWriter(model: LanguageModel) {
  return {
    write: async (brief: Brief, earlier: Earlier | null, signal?: AbortSignal): Promise<Turned> => {
      const allowed = allowedLinks(brief);
      const turns = turnsFor({ ...brief, links: allowed }, earlier);
      const { reply, usage } = await model.ask({ turns, schema: ANSWER_SCHEMA, ...(signal && { signal }) });
      const step = stepAfter(reply, { ...brief, links: allowed });
      return { step: secondChance(step, earlier), call: callOf(usage, reply) };
    },
  };
}

/** Links of the account itself: named beside the prompt, in it, or in its voice. Never those of a source. */
function allowedLinks({ prompt, links, voice }: Brief): readonly string[] {
  if (voice.link_policy === 'none') return [];
  return [...new Set([...links, ...linksIn(prompt), ...voice.links.map(({ url }) => url)])];
}

function stepAfter(reply: Reply, brief: Brief): DraftStep {
  switch (reply.kind) {
    case 'answer':
      return stepOfAnswer(reply.text, brief);
    case 'truncated':
      return { kind: 'repair', reason: 'truncated', said: reply.text, faults: ['It was cut off: write less.'] };
    case 'refused':
      return { kind: 'failed', reason: 'refused', detail: reply.says.slice(0, 500), said: null };
    case 'rejected':
      return { kind: 'failed', reason: 'rejected', detail: reply.why, said: null };
    default:
      return reply;
  }
}

function stepOfAnswer(said: string, { prompt, links, fields, voice }: Brief): DraftStep {
  const read = readAnswer(said);
  const words = [prompt, voice.signature ?? ''].join('\n');
  const faults =
    'faults' in read ? read.faults : faultsOf(read.text, { links, words, fields, banned: voice.banned_words });
  if ('text' in read && faults.length === 0) return { kind: 'ready', text: read.text };
  return { kind: 'repair', reason: 'unusable', said, faults };
}

function secondChance(step: DraftStep, earlier: Earlier | null): DraftStep {
  if (step.kind !== 'repair' || earlier === null) return step;
  return { kind: 'failed', reason: step.reason, detail: step.faults.join(' '), said: step.said };
}

function callOf(usage: Usage, reply: Reply): ModelCall {
  const price = { price_version: PRICE_VERSION, cost_micros: costOf(usage.model, usage) };
  return { ...usage, outcome: reply.kind, prompt_version: PROMPT_VERSION, ...price };
}
