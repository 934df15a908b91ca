/** A program of a test ends when the test's process is gone, however that came. */
export function exitWithTest(): void {
  process.stdin.on('end', () => process.exit(1));
  process.stdin.resume();
  process.stdin.unref();
}
