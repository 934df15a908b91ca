import { Counter, Histogram, type Registry } from 'prom-client';
import type { Fate } from '../../domain/delivery/outcome.js';
import type { MessageAttempt } from '../../domain/message/message.js';
import type { SmtpStep } from '../../mail/smtp/settings.js';

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
