/** What a key may be used for; `admin` includes the others. */
export const SCOPES = ['read', 'send', 'contacts', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** `retiring`: a successor was made, and both work until it is validated or the overlap is over. */
export type KeyState = 'active' | 'retiring' | 'revoked';

/** How a key stands now: the row says when it ends, the clock says whether it has. */
export type KeyStatus = KeyState | 'expired';

interface Lifetime {
  readonly state: KeyState;
  readonly expires_at: Date | null;
  /** Where a rotation has set an overlap: from then on the key is as good as revoked. */
  readonly retires_at: Date | null;
}

export function keyStatusOf({ state, expires_at, retires_at }: Lifetime, at: Date): KeyStatus {
  if (state === 'revoked') return 'revoked';
  if (state === 'retiring' && retires_at !== null && retires_at <= at) return 'revoked';
  if (expires_at !== null && expires_at <= at) return 'expired';
  return state;
}

export function mayBeUsed(status: KeyStatus): boolean {
  return status === 'active' || status === 'retiring';
}

export function allows(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.includes(needed) || scopes.includes('admin');
}

const SIX_MONTHS = 183 * 24 * 3_600_000;

/** From then on its owner is reminded to rotate it. */
export function rotationDue(created: Date): Date {
  return new Date(created.getTime() + SIX_MONTHS);
}
