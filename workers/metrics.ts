import { Counter, Histogram, type Registry } from 'prom-client';
import type { LedgerPage } from '../domain/campaign/ledger-page.js';
import type { Fate } from '../domain/delivery/outcome.js';
import type { MessageAttempt } from '../domain/message/message.js';
import type { MessageStep } from '../domain/message/step.js';
import type { SmtpStep } from '../mail/smtp/settings.js';
import type { Ledger } from '../store/campaigns/ledger.js';
import type { MessageProgress } from '../store/messages/progress.js';
import type { Message } from '../store/messages/row.js';

/** Counts mails with this outcome. Never throws. */
export type OutcomeCounter<O extends string> = (outcome: O, count: number) => void;

export type MailMetrics = ReturnType<typeof mailMetrics>;

/** In seconds: a nearby server, a distant one, one that scans each mail, and the timeout of RFC 5321 after the dot. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600];
const MESSAGE: readonly MessageAttempt['outcome'][] = ['sent', 'deferred', 'failed', 'uncertain'];
const CAMPAIGN: readonly Fate['kind'][] = [...MESSAGE, 'skipped'];

/** Outcomes of this process's mails, for Prometheus. No label names an account, an address or a host. */
export function mailMetrics(registry: Registry) {
  const mails = new Counter({
    name: 'everpost_mails_total',
    help: 'Recorded outcomes of mails; a deferred mail gets another one later.',
    labelNames: ['kind', 'outcome'],
    registers: [registry],
  });
  const outcomeCounter = <O extends string>(kind: string, outcomes: readonly O[]): OutcomeCounter<O> => {
    const counts = new Map(outcomes.map((outcome) => [outcome, mails.labels(kind, outcome)]));
    // Prometheus sees no increase in a metric that first appears with its first failure.
    for (const count of counts.values()) count.inc(0);
    return harmless((outcome, count) => counts.get(outcome)?.inc(count));
  };
  const seconds = new Histogram({
    name: 'everpost_smtp_seconds',
    help: 'Time until an SMTP server was ready for mail (connect), and from MAIL to its answer for the mail (mail).',
    labelNames: ['step'],
    buckets: SECONDS,
    registers: [registry],
  });
  const steps = { connect: seconds.labels('connect'), mail: seconds.labels('mail') } satisfies Record<
    SmtpStep,
    unknown
  >;
  for (const step of Object.keys(steps)) seconds.zero({ step });
  return {
    campaign: outcomeCounter('campaign', CAMPAIGN),
    message: outcomeCounter('message', MESSAGE),
    duration: harmless((step: SmtpStep, milliseconds: number) => steps[step].observe(milliseconds / 1_000)),
  };
}

/** An error in the metrics must not lose a mail. */
function harmless<A, B>(observe: (one: A, other: B) => void): (one: A, other: B) => void {
  return (one, other) => {
    try {
      observe(one, other);
    } catch {}
  };
}

/**
 * The ledger, counting the outcomes that each write settles: the recipients of a window, and those that a lost owner left in
 * doubt. Late evidence is not counted: it sends no mail.
 */
export function countedLedger(ledger: Ledger, count: MailMetrics['campaign'] | undefined): Ledger {
  if (count === undefined) return ledger;
  const taken = (page: LedgerPage | undefined): LedgerPage | undefined => {
    if (page !== undefined) count('uncertain', leftInDoubt(page));
    return page;
  };
  return {
    ...ledger,
    take: async (key, token, alive) => taken(await ledger.take(key, token, alive)),
    sweep: async (account, campaign) => taken(await ledger.sweep(account, campaign)),
    advance: async (page, step, alive) => {
      const verdict = await ledger.advance(page, step, alive);
      if (verdict === 'lost') return verdict;
      count('sent', step.settled - page.settled - step.exceptions.length);
      for (const { kind } of step.exceptions) count(kind, 1);
      return verdict;
    },
  };
}

/** The write that takes a page gives its uncertain recipients the same time as the page itself. */
function leftInDoubt({ exceptions, seen }: LedgerPage): number {
  return exceptions.filter(({ class: why, at }) => why === 'owner_lost' && at.getTime() === seen.getTime()).length;
}

/** The same for messages: each entry of a timeline is one outcome, whichever caller writes it. */
export function countedProgress(progress: MessageProgress, count: MailMetrics['message'] | undefined): MessageProgress {
  if (count === undefined) return progress;
  const counted = (write: (row: Message, step: MessageStep) => Promise<Message | null>) => {
    return async (row: Message, step: MessageStep): Promise<Message | null> => {
      const after = await write(row, step);
      if (after !== null) count(step.entry.outcome, 1);
      return after;
    };
  };
  return {
    ...progress,
    takeOver: counted(progress.takeOver),
    expire: counted(progress.expire),
    refuse: counted(progress.refuse),
    postpone: counted(progress.postpone),
    settle: async (row, token, step, alive) => {
      const verdict = await progress.settle(row, token, step, alive);
      if (verdict === 'done') count(step.entry.outcome, 1);
      return verdict;
    },
  };
}
