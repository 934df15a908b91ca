import type { FaultName } from './names.js';

/** One paragraph of docs/reference/reliability.md for each fault. */
interface FaultText {
  /** What the run does. */
  readonly fault: string;
  /** What Everpost does about it. */
  readonly happens: string;
  /** What an operator sees. */
  readonly seen: string;
  /** What an operator has to do. */
  readonly next: string;
}

const RECIPIENTS = '`GET /campaigns/{id}/recipients?status=uncertain`';
const ITSELF = 'Nothing.';
const DROPPED = 'For some seconds the receiver breaks off one in fifty connections';
const REFUSED = 'For some seconds the receiver answers one in ten mails with';

/** In the order of the page. */
export const CATALOGUE: Readonly<Record<FaultName, FaultText>> = {
  worker_killed: {
    fault: 'SIGKILL of one of two workers, which is started again after a second.',
    happens:
      'Other workers notice the silent worker and take its pages and messages. What it had claimed and not settled is uncertain.',
    seen: `At most four mails for each of its connections are uncertain: ${RECIPIENTS}.`,
    next: 'Retry the uncertain recipients, or leave them.',
  },
  worker_frozen: {
    fault: 'SIGSTOP of a worker for some seconds, then SIGCONT.',
    happens:
      'A short pause changes nothing. After a longer one its pages belong to others: it sends nothing more of them.',
    seen: 'As after SIGKILL, if the pause was longer than a worker may be silent.',
    next: 'As after SIGKILL.',
  },
  api_killed: {
    fault: 'SIGKILL of one of two APIs.',
    happens: 'Accepted requests are in MongoDB; the sweep starts workflows that have not begun.',
    seen: 'Open requests fail. Callers repeat them with the same `Idempotency-Key`, at any API.',
    next: ITSELF,
  },
  api_frozen: {
    fault: 'SIGSTOP of an API for some seconds, then SIGCONT.',
    happens: 'The same. Its requests are answered when it goes on.',
    seen: 'Slow or failed requests at this API.',
    next: ITSELF,
  },
  mongodb_primary_killed: {
    fault: 'SIGKILL of the primary of three members, which is started again later.',
    happens:
      'Sending pauses until another member is primary, about ten seconds. Claims are re-issued: nothing becomes uncertain.',
    seen: '`/ready` and requests answer 503 meanwhile; `503` names the id of a message whose fate is unknown.',
    next: ITSELF,
  },
  temporal_killed: {
    fault: 'SIGKILL of Temporal, which is started again later.',
    happens: 'Workers finish the pages that they have. Messages are accepted and start when Temporal is back.',
    seen: '`/ready` names Temporal; `waiting` of new messages.',
    next: ITSELF,
  },
  temporal_emptied: {
    fault: 'The same, and its data is deleted meanwhile.',
    happens: 'The sweep starts all workflows again from MongoDB, which decides what has been sent.',
    seen: 'Histories from before are gone.',
    next: ITSELF,
  },
  connections_dropped_at_mail: {
    fault: `${DROPPED} at MAIL.`,
    happens: 'The mail goes over another connection.',
    seen: '`last_error` of the transport.',
    next: ITSELF,
  },
  connections_dropped_at_rcpt: {
    fault: `${DROPPED} at RCPT.`,
    happens: 'The mail goes over another connection.',
    seen: '`last_error` of the transport.',
    next: ITSELF,
  },
  connections_dropped_at_data: {
    fault: `${DROPPED} at DATA.`,
    happens: 'The mail goes over another connection, unless a byte of its body was written.',
    seen: '`last_error` of the transport.',
    next: ITSELF,
  },
  connections_dropped_in_body: {
    fault: `${DROPPED} in the middle of a body.`,
    happens: 'No one can say whether the server had the whole mail: it is uncertain, and is not sent again by itself.',
    seen: `One uncertain mail for each connection: ${RECIPIENTS}.`,
    next: 'Retry the uncertain recipients, or leave them.',
  },
  connections_dropped_after_dot: {
    fault: `${DROPPED} after the final dot of a mail, without a reply.`,
    happens: 'The mail is uncertain. It did arrive: sending it again would be a second copy.',
    seen: `One uncertain mail for each connection: ${RECIPIENTS}.`,
    next: 'Leave them, or retry them if a second copy is better than none.',
  },
  replies_421: {
    fault: `${REFUSED} 421 to MAIL.`,
    happens: 'The connection ends and the mail goes over another one, or is deferred.',
    seen: '`deferred` recipients, and `last_error` of the transport.',
    next: ITSELF,
  },
  replies_450: {
    fault: `${REFUSED} 450 to RCPT.`,
    happens: 'The recipients are deferred and tried again in a later round.',
    seen: '`deferred` recipients with the reply.',
    next: ITSELF,
  },
  replies_452: {
    fault: `${REFUSED} 452 to RCPT.`,
    happens: 'The recipients are deferred and tried again in a later round.',
    seen: '`deferred` recipients with the reply.',
    next: ITSELF,
  },
  replies_550: {
    fault: `${REFUSED} 550 to RCPT.`,
    happens: 'The recipients fail and their addresses are suppressed. Too many refusals pause the campaign.',
    seen: '`failed` recipients with the reply; a paused campaign has a `reason`.',
    next: 'Find out why the addresses are wrong, then resume.',
  },
  receiver_silent: {
    fault: 'The receiver reads and answers nothing for some seconds.',
    happens: 'Mails wait for their replies, up to ten minutes after the final dot.',
    seen: '`in_flight` does not move.',
    next: ITSELF,
  },
  receiver_away: {
    fault: 'The receiver ends all connections and refuses new ones for some seconds.',
    happens: 'Sending pauses and is tried again; at most one mail for each broken connection is uncertain.',
    seen: '`waiting` with the reason `transport`, and the transport is `down`.',
    next: ITSELF,
  },
  campaign_terminated: {
    fault: 'The workflow of the campaign is terminated, as in the Temporal UI; the run resumes the campaign.',
    happens: 'The campaign is paused.',
    seen: 'The `reason` of the campaign is `engine_stopped`.',
    next: 'Resume it.',
  },
  campaign_reset: {
    fault: 'The workflow of the campaign is reset to its first task, as in the Temporal UI.',
    happens: 'The workflow reads from MongoDB what is left and goes on.',
    seen: 'A new run of the workflow.',
    next: ITSELF,
  },
  rolling_restart: {
    fault: 'Workers and APIs are stopped with SIGTERM and started again, one after the other.',
    happens: 'A worker settles what it has claimed and releases its pages before it ends.',
    seen: 'Nothing but the log.',
    next: ITSELF,
  },
  campaign_cancelled: {
    fault: 'The workflow of the campaign is cancelled, as in the Temporal UI.',
    happens: 'The workflow ends, the campaign does not: the sweep starts the workflow again.',
    seen: 'A new run of the workflow.',
    next: 'Nothing. The update `cancel` or the API cancels a campaign.',
  },
  disk_full: {
    fault: 'The disk of the primary fills up, and has space again some seconds later.',
    happens: 'MongoDB ends itself, another member is primary, and the member is started again once there is space.',
    seen: 'As after SIGKILL of the primary; MongoDB’s log names the reason.',
    next: 'Free space, and start the member again.',
  },
  worker_clock_jumps: {
    fault: 'A worker is started again with a clock that jumps an hour forward and then two hours back.',
    happens: 'Leases, silence and rates are measured without the wall clock of a process.',
    seen: 'Dates of mails and times of log lines that are off by an hour.',
    next: 'Keep the clocks of all hosts synchronized: `everpost doctor` compares them with MongoDB’s.',
  },
};
