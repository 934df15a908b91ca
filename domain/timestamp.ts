/** `2026-05-15T09:00:12+00:00`: UTC, whole seconds, as in the documents. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}+00:00`;
}

/** Seconds since 1970, for webhook formats that use them. */
export function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1_000);
}
