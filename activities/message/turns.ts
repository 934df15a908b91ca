interface Line {
  busy: number;
  readonly waiting: (() => void)[];
}

/**
 * Lets `limit()` at once of each kind go on, in the order in which they came. What is claimed but not yet on a connection
 * would be in doubt if the process died, so nobody claims before there is a connection for them.
 */
export function turns() {
  const lines = new Map<string, Line>();

  return async <T>(kind: string, limit: () => number, work: () => Promise<T>): Promise<T> => {
    const line = lines.get(kind) ?? { busy: 0, waiting: [] };
    lines.set(kind, line);
    await new Promise<void>((go) => {
      line.waiting.push(go);
      admit(line, limit());
    });
    try {
      return await work();
    } finally {
      line.busy -= 1;
      admit(line, limit());
      if (line.busy === 0) lines.delete(kind);
    }
  };
}

/** The limit may have grown meanwhile, and there is always room for one. */
function admit(line: Line, limit: number): void {
  while (line.waiting.length > 0 && line.busy < Math.max(1, limit)) {
    line.busy += 1;
    line.waiting.shift()?.();
  }
}
