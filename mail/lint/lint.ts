import { type Finding, finding } from '../../domain/finding.js';
import type { RenderJob } from '../render/job.js';

/** Everything a look at a letter needs: what it was made from and what came of it. */
export type Looked = Pick<RenderJob, 'brand' | 'purpose' | 'fields' | 'subject'> & {
  readonly html: string;
  readonly text: string;
};

const KILOBYTE = 1_024;
const CUT_AT = 102 * KILOBYTE;
const NEAR = 90 * KILOBYTE;

/** The look before sending: pure, the same for a preview, a check and a launch. */
export function lintLetter(letter: Looked): readonly Finding[] {
  return [...sizeOf(letter.html)];
}

function sizeOf(html: string): Finding[] {
  const size = Buffer.byteLength(html);
  const shown = `${Math.ceil(size / KILOBYTE)} KB`;
  if (size > CUT_AT) return [finding('size_over_limit', shown)];
  return size > NEAR ? [finding('size_near_limit', shown)] : [];
}
