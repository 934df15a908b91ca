/** Ends a program of a test when the test's process has ended, killed or not. */
export function exitWithTest(): void {
  process.stdin.on('end', () => process.exit(1));
  process.stdin.resume();
  process.stdin.unref();
}
