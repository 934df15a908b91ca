import { type CatcherOptions, catchMail } from './catcher.js';

/** The catcher as a child process: its options as JSON in the first argument, its addresses as JSON on the first line. */
const running = await catchMail(JSON.parse(process.argv[2] ?? '{}') as CatcherOptions);
process.stdout.write(`${JSON.stringify({ smtpPort: running.smtpPort, inboxPort: running.inboxPort })}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void running.stop().finally(() => process.exit(0)));
}
