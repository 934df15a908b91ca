import { monotonic } from '../../clock.js';
import { quit } from './commands.js';
import { type Connection, die, isIdle, returnMail } from './connection.js';
import type { SmtpSettings } from './settings.js';

/** What was sent behind a dot is taken back after this long without a reply to the dot. */
const TAKE_BACK_AFTER = 2_000;
/** After the reply to a dot: the server has dropped what was sent behind it. */
const LONGEST_SILENCE = 5_000;
/** An idle connection is closed: the server may have dropped it silently. */
const LONGEST_IDLE = 30_000;
const LONGEST_TICK = 250;
/** A tick that comes so much too late means that the process was suspended. */
const SUSPENDED_FOR = 1_000;

export type DeadlineWatch = ReturnType<typeof deadlineWatch>;

/** Looks at the deadlines of the connections, and calls `ticked`, while there are any. */
export function deadlineWatch(
  connections: ReadonlySet<Connection>,
  { smtpCommand, smtpDot }: SmtpSettings['times'],
  ticked: () => void,
) {
  const interval = Math.max(10, Math.min(LONGEST_TICK, smtpCommand / 4, smtpDot / 4));
  let ticker: NodeJS.Timeout | undefined;
  let tickedAt = 0;
  const stop = () => {
    clearInterval(ticker);
    ticker = undefined;
  };
  const tick = () => {
    const at = monotonic();
    const late = at - tickedAt - interval;
    tickedAt = at;
    for (const connection of [...connections]) {
      if (late > SUSPENDED_FOR) postpone(connection, late);
      else checkDeadlines(connection, at);
    }
    ticked();
    if (connections.size === 0) stop();
  };
  return {
    start: (): void => {
      if (ticker !== undefined || connections.size === 0) return;
      tickedAt = monotonic();
      ticker = setInterval(tick, interval).unref();
    },
    stop,
  };
}

/** Looks at the deadlines of a connection. */
function checkDeadlines(connection: Connection, at: number): void {
  const { body, envelope, host, heardAt, session } = connection;
  if (isIdle(connection)) {
    if (at - heardAt > LONGEST_IDLE) quit(connection);
    return;
  }
  if (body?.stage === 'dot' && envelope !== undefined && at - body.dotAt > TAKE_BACK_AFTER) {
    connection.envelope = undefined;
    connection.state = 'ending';
    host.mode.lost('across', 'slow replies to the dot');
    returnMail(host, envelope.mail);
  }
  const isSilent = envelope?.isBehind === true && envelope.replies.length === 0 && body === undefined;
  if (isSilent && at - heardAt > LONGEST_SILENCE) {
    host.mode.notAcross('silence after the reply to a dot');
    die(connection, 'no reply in time');
  }
  // The socket has not taken all bytes with the dot, so it can still be stopped.
  const isPending = body?.stage === 'dot' && session.socket.writableLength > 0;
  if (isPending && !body.mail.order.mayBegin()) die(connection, 'no longer allowed');
  if (at > connection.dueAt) die(connection, 'no reply in time');
}

/** After a suspension of the process: its time does not count against the server. */
function postpone(connection: Connection, ms: number): void {
  connection.dueAt += ms;
  connection.heardAt += ms;
  if (connection.body !== undefined) connection.body.dotAt += ms;
}
