/**
 * What a check found. `ok`: all is well. `note`: worth knowing, nothing to do. `warning`: a person should act, mail goes on.
 * `fault`: something does not work.
 */
export interface Finding {
  readonly state: 'ok' | 'note' | 'warning' | 'fault';
  /** The resource or setting that it is about. */
  readonly subject: string;
  readonly says: string;
  /** Since when, where that is known. */
  readonly since?: Date | undefined;
  /** The next step. */
  readonly advice?: string;
}

export const ok = (subject: string, says: string): Finding => ({ state: 'ok', subject, says });
export const note = (subject: string, says: string, advice?: string): Finding => ({
  state: 'note',
  subject,
  says,
  ...(advice !== undefined && { advice }),
});
export const warning = (subject: string, says: string, advice: string, since?: Date | null): Finding => ({
  state: 'warning',
  subject,
  says,
  since: since ?? undefined,
  advice,
});
export const fault = (subject: string, says: string, advice: string, since?: Date | null): Finding => ({
  state: 'fault',
  subject,
  says,
  since: since ?? undefined,
  advice,
});

export function needsPerson({ state }: Finding): boolean {
  return state === 'warning' || state === 'fault';
}
