import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { portOf } from '../servers/port-of.js';

/** What the language model was asked, as the wire has it. */
interface ModelRequest {
  readonly authorization: string | undefined;
  readonly body: {
    readonly model: string;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly response_format: { readonly type: string; readonly json_schema: { readonly strict: boolean } };
  };
}

/** How it answers one request. */
export type ScriptedReply = (response: ServerResponse, requests: ModelRequest) => void;

export type ModelServer = Awaited<ReturnType<typeof modelServer>>;

/** A language model that says what a test wants it to say, over the real wire format; the last line repeats. */
export async function modelServer(...script: ScriptedReply[]) {
  let replies = script;
  const requests: ModelRequest[] = [];
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
    void bodyOf(request).then((text) => {
      requests.push({ authorization: request.headers.authorization, body: JSON.parse(text) as ModelRequest['body'] });
      const reply = replies.length > 1 ? replies.shift() : replies[0];
      const last = requests.at(-1);
      if (reply === undefined || last === undefined) throw new Error('the model has no line to say');
      reply(response, last);
    });
  });
  server.listen(0, '127.0.0.1');
  return {
    url: `http://127.0.0.1:${await portOf(server)}/v1`,
    asked: requests,
    /** Connections that wait for an answer. */
    waiting: () => open.size,
    /** From now on these lines, and nothing was asked yet. */
    script: (...next: ScriptedReply[]) => {
      replies = next;
      requests.length = 0;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

interface Extra {
  readonly finish_reason?: string;
  readonly refusal?: string;
  readonly usage?: object | null;
  readonly model?: string;
}

const USAGE = {
  prompt_tokens: 800,
  completion_tokens: 200,
  total_tokens: 1_000,
  prompt_tokens_details: { cached_tokens: 300 },
};

/** An ordinary answer: an object is said as JSON, a string as it is. */
export function says(
  content: unknown,
  { finish_reason = 'stop', refusal, usage = USAGE, model }: Extra = {},
): ScriptedReply {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return (response, { body }) => {
    const message = { role: 'assistant', content: refusal === undefined ? text : null, refusal: refusal ?? null };
    response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'req_test' });
    const choices = [{ index: 0, finish_reason, message, logprobs: null }];
    const about = { id: 'chatcmpl-1', object: 'chat.completion', created: 1_790_000_000, model: model ?? body.model };
    response.end(JSON.stringify({ ...about, choices, ...(usage !== null && { usage }) }));
  };
}

export const refuses = (refusal: string): ScriptedReply => says('', { refusal });

/** An error in the endpoint's own envelope. */
export function fails(status: number, headers: Record<string, string> = {}, code: string | null = null): ScriptedReply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ error: { message: 'no', type: 'error', param: null, code } }));
  };
}

/** Not a model at all, but a page in front of it. */
export const aPage: ScriptedReply = (response) => {
  response.writeHead(200, { 'content-type': 'text/html' });
  response.end('<!doctype html><title>Sign in</title>');
};

/** Says nothing for ever. */
export const silence: ScriptedReply = () => undefined;

/** Begins an answer and never ends it. */
export const unfinished: ScriptedReply = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"id":');
};

/** The connection breaks. */
export const hangsUp: ScriptedReply = (response) => void response.destroy();

/** A draft as a model writes it: it mentions what the prompts of our tests give. */
export function aDraftAnswer(over: object = {}) {
  return {
    subject: 'Our new pricing tiers',
    preheader: 'Plus a free 14-day trial.',
    blocks: [
      { type: 'paragraph', text: 'Hello {{ first_name | default: "there" }}, we have **new pricing tiers**.' },
      { type: 'list', items: ['Starter', 'Team'], ordered: false },
      { type: 'button', label: 'See the tiers', url: 'https://acme.example/pricing' },
    ],
    ...over,
  };
}
