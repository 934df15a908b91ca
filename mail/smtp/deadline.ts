export interface Deadline {
  /** Restarts the time. */
  refresh(): void;
  stop(): void;
}

/**
 * Acts after `ms`, but reads the sockets once more before: when a suspended process resumes, its timers are due before
 * it reads the reply that is already in the socket.
 */
export function deadline(ms: number, act: () => void): Deadline {
  let last: NodeJS.Immediate | undefined;
  // Immediates run after the event loop has polled its sockets; handling the received data may take one more iteration.
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
