export interface Deadline {
  /** Begins the time anew. */
  refresh(): void;
  stop(): void;
}

/**
 * Acts after `ms`, but not before the sockets were read once more: a process that was stopped finds its timers due
 * first when it wakes, while the reply it waited for lies in a socket.
 */
export function deadline(ms: number, act: () => void): Deadline {
  let last: NodeJS.Immediate | undefined;
  // Immediates run after the loop has polled its sockets; what came of the poll may take one turn more.
  const overdue = () => {
    last = setImmediate(() => {
      last = setImmediate(act);
    });
  };
  const timer = setTimeout(overdue, ms);
  return {
    refresh: () => {
      clearImmediate(last);
      timer.refresh();
    },
    stop: () => {
      clearImmediate(last);
      clearTimeout(timer);
    },
  };
}
