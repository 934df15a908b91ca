/**
 * Where an answer differs from what a document shows: a field that is missing, or of another kind. `empty` names the fields
 * that are null in cases which the one example of the document does not show.
 */
export function shapeFaults(shown: unknown, given: unknown, empty: readonly string[] = []): string[] {
  return faultsIn(shown, given, 'answer').filter((fault) => !empty.some((name) => fault.includes(`.${name} is null`)));
}

function faultsIn(shown: unknown, given: unknown, path: string): string[] {
  if (Array.isArray(shown)) return listFaults(shown, given, path);
  if (isObject(shown)) return objectFaults(shown, given, path);
  // What a document shows as empty may be filled in another case.
  if (shown === null) return given === null || typeof given === 'string' ? [] : [`${path} is ${kindOf(given)}`];
  if (typeof shown !== typeof given) return [`${path} is ${kindOf(given)}, not ${kindOf(shown)}`];
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/;
  const timed = typeof shown === 'string' && time.test(shown);
  return timed && !time.test(String(given)) ? [`${path} is no time as documented: ${given}`] : [];
}

function objectFaults(shown: Readonly<Record<string, unknown>>, given: unknown, path: string): string[] {
  if (!isObject(given)) return [`${path} is ${kindOf(given)}, not an object`];
  return Object.entries(shown).flatMap(([name, value]) =>
    name in given ? faultsIn(value, given[name], `${path}.${name}`) : [`${path}.${name} is missing`],
  );
}

/** Every item is as one of the documented ones; an empty list of objects says nothing and is a fault. */
function listFaults(shown: readonly unknown[], given: unknown, path: string): string[] {
  if (!Array.isArray(given)) return [`${path} is ${kindOf(given)}, not a list`];
  if (given.length === 0 && isObject(shown[0])) return [`${path} is empty`];
  return given.flatMap((item, at) => {
    const faults = shown.map((one) => faultsIn(one, item, `${path}.${at}`));
    return faults.some((each) => each.length === 0) ? [] : (faults[0] ?? []);
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value;
}
