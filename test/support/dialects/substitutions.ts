/** What a sample cannot know. */
export interface Place {
  /** Where the product listens. */
  readonly url: string;
  readonly key: string;
}

type Substitution = readonly [what: string | RegExp, instead: string];

/** THE table of substitutions: host, key, placeholders, dates that have passed. Nothing else of a sample is touched. */
function table({ url, key }: Place): readonly Substitution[] {
  return [
    ['https://usemaily.xyz', url],
    ['YOUR_API_KEY', key],
    ['2026-05-22T', '2126-05-22T'],
  ];
}

export function substituted(sample: string, place: Place): string {
  return table(place).reduce((text, [what, instead]) => text.replaceAll(global(what), instead), sample);
}

function global(what: string | RegExp): string | RegExp {
  return typeof what === 'string' ? what : new RegExp(what, 'g');
}
