import {
  costOf,
  type DraftReason,
  type DraftText,
  faultsOf,
  linksIn,
  type ModelCall,
  PRICE_VERSION,
} from '../domain/draft/draft.js';
import { DRAFT_SCHEMA, parseDraft } from './draft-schema.js';
import type { LanguageModel, ModelReply, Usage } from './model.js';
import { type DraftBrief, messagesFor, PROMPT_VERSION, type PreviousOutput } from './prompt.js';

/** The result of one turn. `repair`: ask again and list the faults. `unavailable`: repeat the same request later. */
export type DraftStep =
  | { readonly kind: 'ready'; readonly text: DraftText }
  | ({ readonly kind: 'repair'; readonly reason: DraftReason } & PreviousOutput)
  | { readonly kind: 'failed'; readonly reason: DraftReason; readonly detail: string; readonly content: string | null }
  | { readonly kind: 'unavailable'; readonly why: string; readonly retryAfter?: number }
  | { readonly kind: 'cancelled' };

export interface WrittenDraft {
  readonly step: DraftStep;
  readonly call: ModelCall;
}

export type DraftWriter = ReturnType<typeof draftWriter>;

/**
 * Writes drafts: calls the model, parses and checks its output. The caller runs the one repair turn, so that it survives
 * a crash.
 */
export function draftWriter(model: LanguageModel) {
  return {
    write: async (brief: DraftBrief, earlier: PreviousOutput | null, signal?: AbortSignal): Promise<WrittenDraft> => {
      const allowed = allowedLinks(brief);
      const messages = messagesFor({ ...brief, links: allowed }, earlier);
      const { reply, usage } = await model.complete({ messages, schema: DRAFT_SCHEMA, ...(signal && { signal }) });
      const step = stepAfter(reply, { ...brief, links: allowed });
      return { step: limitToOneRepair(step, earlier), call: callOf(usage, reply) };
    },
  };
}

/** Links of the account: given with the prompt, in it, or in the voice. Links of a source are not allowed. */
function allowedLinks({ prompt, links, voice }: DraftBrief): readonly string[] {
  if (voice.link_policy === 'none') return [];
  return [...new Set([...links, ...linksIn(prompt), ...voice.links.map(({ url }) => url)])];
}

function stepAfter(reply: ModelReply, brief: DraftBrief): DraftStep {
  switch (reply.kind) {
    case 'answer':
      return stepOfOutput(reply.text, brief);
    case 'truncated':
      return { kind: 'repair', reason: 'truncated', content: reply.text, faults: ['It was cut off: write less.'] };
    case 'refused':
      return { kind: 'failed', reason: 'refused', detail: reply.message.slice(0, 500), content: null };
    case 'rejected':
      return { kind: 'failed', reason: 'rejected', detail: reply.why, content: null };
    default:
      return reply;
  }
}

function stepOfOutput(content: string, { prompt, links, fields, voice }: DraftBrief): DraftStep {
  const read = parseDraft(content);
  const words = [prompt, voice.signature ?? ''].join('\n');
  const faults =
    'faults' in read ? read.faults : faultsOf(read.text, { links, words, fields, banned: voice.banned_words });
  if ('text' in read && faults.length === 0) return { kind: 'ready', text: read.text };
  return { kind: 'repair', reason: 'unusable', content, faults };
}

function limitToOneRepair(step: DraftStep, earlier: PreviousOutput | null): DraftStep {
  if (step.kind !== 'repair' || earlier === null) return step;
  return { kind: 'failed', reason: step.reason, detail: step.faults.join(' '), content: step.content };
}

function callOf(usage: Usage, reply: ModelReply): ModelCall {
  const price = { price_version: PRICE_VERSION, cost_micros: costOf(usage.model, usage) };
  return { ...usage, outcome: reply.kind, prompt_version: PROMPT_VERSION, ...price };
}
