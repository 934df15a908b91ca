import { readable } from '../timestamp.js';

/** Why a message, a campaign or an issue does not move, as sentences. */
export const WAITING_REASONS = {
  schedule: 'Its sending time has not come.',
  approval: 'An approver has not answered yet.',
  source: 'The source of the newsletter has returned no content yet.',
  retry: 'A mail server has deferred it; it is tried again.',
  transport: 'No mail can be handed to the mail server.',
  rate: 'A rate limit, of the account, of a transport or of the mail server, is used up.',
  quota: 'A quota, of the plan or of the mail server, is used up.',
  queue: 'Other mail is sent before it.',
  worker: 'No worker is working on it.',
  paused: 'It is paused and goes on after a request.',
} as const;
export type WaitingReason = keyof typeof WAITING_REASONS;

export interface Waiting {
  readonly reason: WaitingReason;
  readonly since: Date;
  /** When it goes on, or is tried again, by itself; null: after a request, or the time is not known. */
  readonly next_try: Date | null;
  /** One or two sentences without addresses; may contain the last reply of a mail server. */
  readonly detail: string;
}

/** What is due for longer than this is late, milliseconds; a step of a running installation takes less. */
const LATE_AFTER = 10_000;

export function isLate(due: Date, now: Date, slack = LATE_AFTER): boolean {
  return now.getTime() - due.getTime() > slack;
}

/** `…: last reply`, where there is one. */
export function withReply(sentence: string, reply: string | null | undefined): string {
  return reply == null || reply === '' ? sentence : `${sentence} Last reply: ${reply}`;
}

/** `Waiting since … (transport): … Next try on ….` */
export function waitingSentence({ reason, since, next_try, detail }: Waiting): string {
  const next = next_try === null ? '' : ` Next try on ${readable(next_try)}.`;
  const end = /[.!?]$/.test(detail) ? '' : '.';
  return `Waiting since ${readable(since)} (${reason}): ${detail}${end}${next}`;
}

/** Its worker has written nothing for half a lease; at `next_try` another one does what `then` says. */
export function silentWorker(seen: Date, next_try: Date, then: string): Waiting {
  const detail = `The worker that sends it has been silent since ${seen.toISOString()}; then another one ${then}.`;
  return { reason: 'worker', since: seen, next_try, detail };
}

/** The transport of mail that waits, as the processes that use it find it. */
export interface WaitingRoute {
  /** `The transport Relay` */
  readonly name: string;
  /** Every running process that uses it finds it in trouble. */
  readonly isInTrouble: boolean;
  /** Some running process finds it in trouble. */
  readonly hasTrouble: boolean;
  /** Some running process has mail in flight on it. */
  readonly isBusy: boolean;
  readonly since: Date | null;
  readonly next_try: Date | null;
  readonly accepted_at: Date | null;
  readonly state: string;
  readonly reply: string | null;
}

/** A token bucket without a token. */
export interface UsedUpRate {
  /** `account:1`, `transport:3` */
  readonly key: string;
  readonly perSecond: number;
  /** Milliseconds until the next token. */
  readonly wait: number;
}

const STATES: Readonly<Record<string, string>> = {
  down: 'cannot be reached',
  refusing_logins: 'refuses the login',
  rate_limited: 'limits the mail that it takes',
};

/** The trouble of the routes of an account; undefined where mail can leave by one of them. */
export function routeTrouble(routes: readonly WaitingRoute[]): Omit<Waiting, 'since'> | undefined {
  if (routes.length === 0) {
    return { reason: 'transport', next_try: null, detail: 'No transport of the account is enabled for this mail.' };
  }
  if (!routes.every(({ isInTrouble }) => isInTrouble)) return undefined;
  return troubleOf(routes);
}

/** The same where some processes can send, and others cannot. */
export function partialTrouble(routes: readonly WaitingRoute[]): Omit<Waiting, 'since'> | undefined {
  const troubled = routes.filter(({ hasTrouble }) => hasTrouble);
  return troubled.length === 0 ? undefined : troubleOf(troubled);
}

function troubleOf(routes: readonly WaitingRoute[]): Omit<Waiting, 'since'> {
  const [first] = routes;
  const times = routes.flatMap(({ next_try }) => next_try ?? []).map(Number);
  const next_try = times.length === 0 ? null : new Date(Math.min(...times));
  const isRate = routes.every(({ state }) => state === 'rate_limited');
  const state = STATES[first?.state ?? ''] ?? 'cannot be reached';
  const sentence = `${first?.name} ${state} since ${first?.since?.toISOString()}.`;
  return { reason: isRate ? 'rate' : 'transport', next_try, detail: withReply(sentence, first?.reply) };
}

export function rateSentence({ key, perSecond }: Omit<UsedUpRate, 'wait'>): string {
  return `${OWNERS[key.split(':')[0] ?? ''] ?? 'A limit'} allows ${perSecond} mails a second.`;
}

const OWNERS: Readonly<Record<string, string>> = {
  account: 'The account',
  transport: 'The transport',
  campaign: 'The campaign',
};
