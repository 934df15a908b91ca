/** A version of a campaign's text that a language model was asked for. */
export const DRAFT_STATES = ['waiting', 'ready', 'failed', 'cancelled'] as const;
export type DraftState = (typeof DRAFT_STATES)[number];

/**
 * Why there is no text: the model would not, was cut off, gave nothing that can be used; the endpoint refuses us, or could
 * not be reached for as long as we try.
 */
export const DRAFT_REASONS = ['refused', 'truncated', 'unusable', 'rejected', 'unavailable'] as const;
export type DraftReason = (typeof DRAFT_REASONS)[number];

export const DRAFT_SENTENCES: Readonly<Record<DraftReason, string>> = {
  refused: 'The model refused to write it.',
  truncated: 'The text became too long, twice.',
  unusable: 'What the model wrote could not be used, twice.',
  rejected: 'The endpoint of the model refused the request.',
  unavailable: 'The model could not be reached.',
};

/** What a call of the model cost. Recorded for each, whatever came of it. */
export interface ModelCall {
  readonly model: string;
  readonly outcome: string;
  /** Of the instructions; the same words have the same version. */
  readonly prompt_version: string;
  readonly input_tokens: number;
  readonly cached_tokens: number;
  readonly output_tokens: number;
  /** The endpoint did not say what was used: tokens are counted from characters. */
  readonly estimated: boolean;
  readonly latency_ms: number;
  readonly price_version: string;
  /** Millionths of a US dollar; null where the model has no price here. */
  readonly cost_micros: number | null;
  readonly request_id: string | null;
}

export type Tokens = Pick<ModelCall, 'input_tokens' | 'cached_tokens' | 'output_tokens'>;

/** US dollars for a million tokens: sent, sent again and found cached, received. A new table is a new version. */
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

/** A dated name (`gpt-4.1-2025-04-14`) costs what its family costs. A dollar a million is a millionth a token. */
export function costOf(model: string, { input_tokens, cached_tokens, output_tokens }: Tokens): number | null {
  const price = PRICES[model.replace(/-\d{4}-\d{2}-\d{2}$/, '')];
  if (price === undefined) return null;
  const [input, cached, output] = price;
  return Math.round((input_tokens - cached_tokens) * input + cached_tokens * cached + output_tokens * output);
}

/** Milliseconds a refusal for now may ask us to wait; who asks for more is not waited for. */
export const LONGEST_WAIT = 60_000;
