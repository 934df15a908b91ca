/** One line of the doctor's list: fine, a warning, or a fault that prevents a start. */
export interface Finding {
  readonly state: 'ok' | 'warning' | 'fault';
  readonly subject: string;
  readonly says: string;
  /** What to do about it. */
  readonly advice?: string;
}

export const ok = (subject: string, says: string): Finding => ({ state: 'ok', subject, says });
export const warning = (subject: string, says: string, advice: string): Finding => ({
  state: 'warning',
  subject,
  says,
  advice,
});
export const fault = (subject: string, says: string, advice: string): Finding => ({
  state: 'fault',
  subject,
  says,
  advice,
});
