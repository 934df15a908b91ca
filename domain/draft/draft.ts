/** The states of a draft: one version of a campaign's text, written by a language model. */
export const DRAFT_STATES = ['waiting', 'ready', 'failed', 'cancelled'] as const;
export type DraftState = (typeof DRAFT_STATES)[number];

/**
 * Why there is no text: the model refused, its answer was cut off, its answer could not be used; the endpoint refused the
 * request, or could not be reached before the retries ended.
 */
export const DRAFT_REASONS = ['refused', 'truncated', 'unusable', 'rejected', 'unavailable'] as const;
export type DraftReason = (typeof DRAFT_REASONS)[number];

export const DRAFT_SENTENCES: Readonly<Record<DraftReason, string>> = {
  refused: 'The model refused to write it.',
  truncated: 'The text became too long, twice.',
  unusable: 'The text of the model could not be used, twice.',
  rejected: 'The endpoint of the model refused the request.',
  unavailable: 'The model could not be reached.',
};

/** Tokens and price of one call of the model. Recorded for every call, also for one that failed. */
export interface ModelCall {
  readonly model: string;
  readonly outcome: string;
  /** Version of the instructions; equal instructions have the same version. */
  readonly prompt_version: string;
  readonly input_tokens: number;
  readonly cached_tokens: number;
  readonly output_tokens: number;
  /** The endpoint reported no usage: tokens are estimated from characters. */
  readonly estimated: boolean;
  readonly latency_ms: number;
  readonly price_version: string;
  /** Millionths of a US dollar; null where the model has no price here. */
  readonly cost_micros: number | null;
  readonly request_id: string | null;
}

export type Tokens = Pick<ModelCall, 'input_tokens' | 'cached_tokens' | 'output_tokens'>;

/** US dollars for a million tokens: input, cached input, output. A new table is a new version. */
export const PRICE_VERSION = '2026-11';
const PRICES: Readonly<Record<string, readonly [input: number, cached: number, output: number]>> = {
  'gpt-4o': [2.5, 1.25, 10],
  'gpt-4o-mini': [0.15, 0.075, 0.6],
  'gpt-4.1': [2, 0.5, 8],
  'gpt-4.1-mini': [0.4, 0.1, 1.6],
  'gpt-4.1-nano': [0.1, 0.025, 0.4],
  'gpt-5': [1.25, 0.125, 10],
  'gpt-5-mini': [0.25, 0.025, 2],
  'gpt-5-nano': [0.05, 0.005, 0.4],
};

/** A dated name (`gpt-4.1-2025-04-14`) has the price of its family. A dollar per million tokens is a millionth per token. */
export function costOf(model: string, { input_tokens, cached_tokens, output_tokens }: Tokens): number | null {
  const price = PRICES[model.replace(/-\d{4}-\d{2}-\d{2}$/, '')];
  if (price === undefined) return null;
  const [input, cached, output] = price;
  return Math.round((input_tokens - cached_tokens) * input + cached_tokens * cached + output_tokens * output);
}

/** The longest wait in milliseconds that a temporary refusal may request; a draft that would wait longer fails. */
export const LONGEST_WAIT = 60_000;
