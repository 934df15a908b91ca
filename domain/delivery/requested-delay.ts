const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^s/i, SECOND],
  [/^m/i, MINUTE],
  [/^h/i, HOUR],
];

/** `try again in 5 minutes`, `retry after 300 seconds`, `come back in 00:04:58`, `greylisted for 5 min`, `retry=300`. */
const MENTIONS_RETRY = /\b(?:again|retry|back|wait|try|later|delayed?|grey-?list(?:ed|ing)?|gray-?list(?:ed|ing)?)\b/i;
const AMOUNT =
  /(?:\b(?:in|after|for|within|wait|least)\s+|=\s*)(?:about\s+|at least\s+)?(\d{1,5})\s*(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?)\b/gi;
const CLOCK = /\b(?:in|after|for)\s+(\d{1,2}):(\d{2}):(\d{2})\b/i;
const BARE = /\bretry(?:-after)?\s*[=:]\s*(\d{1,6})\b/i;

/** Limits for the delay that a server may request. */
const LEAST = SECOND;
const MOST = 12 * HOUR;

/**
 * The delay that a refusal requests, in milliseconds, between a second and twelve hours; undefined if it names none.
 */
export function requestedDelay(reply: string): number | undefined {
  const text = reply.slice(0, 1_000);
  if (!MENTIONS_RETRY.test(text)) return undefined;
  const named = clockDelay(text) ?? unitDelay(text) ?? bareDelay(text);
  return named === undefined ? undefined : Math.min(Math.max(named, LEAST), MOST);
}

function clockDelay(text: string): number | undefined {
  const found = CLOCK.exec(text);
  if (found === null) return undefined;
  const [, hours, minutes, seconds] = found.map(Number);
  return (hours ?? 0) * HOUR + (minutes ?? 0) * MINUTE + (seconds ?? 0) * SECOND;
}

/** Reads `in 4 minutes and 58 seconds`, with the seconds: a wait that is too short is refused again. */
function unitDelay(text: string): number | undefined {
  const [found] = text.matchAll(AMOUNT);
  if (found === undefined) return undefined;
  const unit = UNITS.find(([word]) => word.test(found[2] ?? ''))?.[1] ?? SECOND;
  const rest = /^\s*(?:,|and)?\s*(\d{1,2})\s*s(?:ec(?:ond)?s?)?\b/i.exec(
    text.slice((found.index ?? 0) + found[0].length),
  );
  return Number(found[1]) * unit + Number(rest?.[1] ?? 0) * SECOND;
}

function bareDelay(text: string): number | undefined {
  const found = BARE.exec(text);
  return found === null ? undefined : Number(found[1]) * SECOND;
}
