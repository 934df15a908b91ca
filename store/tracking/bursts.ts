import type { Document } from 'mongodb';
import { BURST } from '../../domain/tracking/visit.js';

const WITHIN = BURST.within / 1_000;

/**
 * Several links of one mail followed within moments are visits by a machine, the first included. Only a pipeline sees them
 * side by side. The documents have `link`, `at` and `by`; `mail` are the fields that name the mail and the kind of visit.
 */
export function markBursts(mail: Readonly<Record<string, string>>): readonly Document[] {
  return [
    {
      $setWindowFields: {
        partitionBy: mail,
        sortBy: { at: 1 },
        output: { around: { $addToSet: '$link', window: { range: [-WITHIN, WITHIN], unit: 'second' } } },
      },
    },
    { $set: { by: { $cond: [{ $gte: [{ $size: '$around' }, BURST.links] }, 'machine', '$by'] } } },
  ];
}
