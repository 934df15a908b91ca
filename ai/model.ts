import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import { monotonic } from '../clock.js';
import type { Tokens } from '../domain/draft/draft.js';

export interface ModelSettings {
  readonly apiKey: string;
  readonly baseUrl: string;
  readonly model: string;
  /** Milliseconds for one call. */
  readonly timeout?: number;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ModelRequest {
  readonly messages: readonly ChatMessage[];
  /** Name and JSON Schema of the answer. Some endpoints ignore it, so the caller checks the answer. */
  readonly schema: { readonly name: string; readonly schema: Record<string, unknown> };
  readonly signal?: AbortSignal;
}

/**
 * The result of a call. The caller may retry after `unavailable`, and waits `retryAfter` milliseconds if the endpoint
 * gives them.
 */
export type ModelReply =
  | { readonly kind: 'answer'; readonly text: string }
  | { readonly kind: 'truncated'; readonly text: string }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'rejected'; readonly why: string }
  | { readonly kind: 'unavailable'; readonly why: string; readonly retryAfter?: number }
  | { readonly kind: 'cancelled' };

/** The tokens and time of a call; tokens are estimated if the endpoint does not report them. */
export interface Usage extends Tokens {
  readonly model: string;
  readonly estimated: boolean;
  readonly latency_ms: number;
  readonly request_id: string | null;
}

export interface ModelResult {
  readonly reply: ModelReply;
  readonly usage: Usage;
}

export type LanguageModel = ReturnType<typeof languageModel>;

const CALL_TIMEOUT = 50_000;
const MOST_OUTPUT_TOKENS = 6_000;

/**
 * A client of one OpenAI-compatible endpoint. Sends each request once, never retries by itself, and returns failures as
 * values.
 */
export function languageModel({ apiKey, baseUrl, model, timeout = CALL_TIMEOUT }: ModelSettings) {
  const client = new OpenAI({
    apiKey,
    baseURL: baseUrl,
    maxRetries: 0,
    timeout: timeout,
    // Only `config.ts` reads the environment.
    organization: null,
    project: null,
    logLevel: 'off',
  });

  return {
    complete: async ({ messages, schema, signal }: ModelRequest): Promise<ModelResult> => {
      const startedAt = monotonic();
      const latency_ms = () => Math.round(monotonic() - startedAt);
      // The client's own time limit ends with the headers; this one also covers a slow body.
      const late = AbortSignal.timeout(timeout);
      const either = signal === undefined ? late : AbortSignal.any([late, signal]);
      try {
        const completion = await client.chat.completions.create(
          {
            model,
            messages: messages.map(({ role, content }) => ({ role, content })),
            max_completion_tokens: MOST_OUTPUT_TOKENS,
            response_format: { type: 'json_schema', json_schema: { ...schema, strict: true } },
          },
          { signal: either },
        );
        const reply = replyIn(completion);
        return { reply, usage: { ...usageIn(completion, model, messages, reply), latency_ms: latency_ms() } };
      } catch (error) {
        const reply: ModelReply = signal?.aborted ? { kind: 'cancelled' } : failureIn(error, late.aborted);
        const request_id = error instanceof APIError ? (error.requestID ?? null) : null;
        return { reply, usage: { ...estimate(model, messages, reply), latency_ms: latency_ms(), request_id } };
      }
    },
  };
}

type Completion = OpenAI.Chat.ChatCompletion & { readonly _request_id?: string | null };

/** Checks the shape of the answer, because proxies may answer with their own pages. */
function replyIn(completion: Completion): ModelReply {
  const choice = (completion as Partial<Completion> | null)?.choices?.[0];
  const message = choice?.message;
  if (choice === undefined || message === undefined) return { kind: 'unavailable', why: 'not an answer of a model' };
  if (typeof message.refusal === 'string' && message.refusal !== '')
    return { kind: 'refused', message: message.refusal };
  if (choice.finish_reason === 'content_filter') return { kind: 'refused', message: 'stopped by a content filter' };
  const text = typeof message.content === 'string' ? message.content : '';
  return { kind: choice.finish_reason === 'length' ? 'truncated' : 'answer', text };
}

function usageIn(completion: Completion, requestedModel: string, messages: readonly ChatMessage[], reply: ModelReply) {
  const { usage, model = requestedModel } = completion as Partial<Completion>;
  const request_id = completion._request_id ?? null;
  if (usage == null) return { ...estimate(model, messages, reply), request_id };
  return {
    model,
    input_tokens: usage.prompt_tokens,
    cached_tokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
    output_tokens: usage.completion_tokens,
    estimated: false,
    request_id,
  };
}

/** Estimates four characters per token. A request that did not reach the model used none. */
function estimate(model: string, messages: readonly ChatMessage[], reply: ModelReply) {
  const used = reply.kind === 'answer' || reply.kind === 'truncated';
  const sent = messages.reduce((sum, { content }) => sum + content.length, 0);
  const received = used ? reply.text.length : 0;
  const tokens = (characters: number) => Math.ceil(characters / 4);
  return {
    model,
    input_tokens: used ? tokens(sent) : 0,
    cached_tokens: 0,
    output_tokens: tokens(received),
    estimated: true,
    request_id: null as string | null,
  };
}

/** Statuses after which the same request may succeed. */
const RETRYABLE_STATUSES = [408, 409, 429];

function failureIn(error: unknown, late: boolean): ModelReply {
  if (late || error instanceof APIUserAbortError) return { kind: 'unavailable', why: 'no answer in time' };
  if (error instanceof APIConnectionError) return { kind: 'unavailable', why: 'no connection' };
  if (!(error instanceof APIError)) return { kind: 'unavailable', why: 'not an answer of a model' };
  const status = Number(error.status);
  // A spent budget is also status 429, and a retry does not help.
  const spent = error.code === 'insufficient_quota';
  const why = `status ${status}${error.code ? `, ${error.code}` : ''}`;
  if (spent || !(RETRYABLE_STATUSES.includes(status) || status >= 500)) return { kind: 'rejected', why };
  const retryAfter = requestedDelay(error.headers);
  return { kind: 'unavailable', why, ...(retryAfter !== undefined && { retryAfter }) };
}

/** Milliseconds from `Retry-After-Ms` or `Retry-After` in seconds. Dates are ignored. */
function requestedDelay(headers: Headers | undefined): number | undefined {
  const ms = Number(headers?.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const seconds = Number(headers?.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
}
