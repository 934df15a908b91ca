import type { Template } from './templates.js';

/** Everpost's own templates; the first is the default of every account. Files, not rows: an upgrade brings better ones. */
export const SYSTEM_TEMPLATES: readonly Template[] = [];
