/** Receives what a server's start has chosen and why; the command line prints it, tests collect it. */
export type Report = (line: string) => void;

/** An embedded server cannot be used. The message is for operators and says what to do; a stack trace adds nothing. */
export class ServerFailure extends Error {
  override readonly name: string = 'ServerFailure';
}

/** One sentence for an unknown error. */
export function reasonOf(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  const code = 'code' in failure && typeof failure.code === 'string' ? failure.code : undefined;
  return (failure.message || code || failure.name).split('\n')[0] ?? failure.name;
}
