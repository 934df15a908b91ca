export type Environment = Readonly<Record<string, string | undefined>>;

export type Reader = ReturnType<typeof reader>;

/** Reads one variable at a time; errors are collected. */
export function reader(environment: Environment, faults: string[]) {
  const text = (name: string) => environment[name]?.trim() || undefined;
  const port = (name: string, fallback: number) => {
    const value = text(name);
    if (value === undefined) return fallback;
    if (/^\d{1,5}$/.test(value) && Number(value) < 65_536) return Number(value);
    faults.push(`${name} must be a port number from 0 to 65535, not "${value}"`);
    return fallback;
  };
  const count = (name: string, fallback: number) => {
    const value = text(name);
    if (value === undefined) return fallback;
    if (/^\d{1,9}$/.test(value)) return Number(value);
    faults.push(`${name} must be a whole number, not "${value}"`);
    return fallback;
  };
  const optionalCount = (name: string) => (text(name) === undefined ? undefined : count(name, 0));
  const percent = (name: string, fallback: number) => {
    const value = text(name);
    if (value === undefined) return fallback;
    const found = /^\d{1,3}(?:\.\d{1,3})?$/.test(value) ? Number(value) : 0;
    if (found > 0 && found <= 100) return found;
    faults.push(`${name} must be a share in percent, above 0 and at most 100, not "${value}"`);
    return fallback;
  };
  const flag = (name: string) => {
    const value = text(name)?.toLowerCase();
    if (value === undefined || ['0', 'false', 'off', 'no'].includes(value)) return false;
    if (['1', 'true', 'on', 'yes'].includes(value)) return true;
    faults.push(`${name} must be on or off, not "${value}"`);
    return false;
  };
  const url = (name: string, protocols: readonly string[]) => {
    const value = text(name);
    if (value === undefined) return undefined;
    const protocol = /^([a-z+]+):\/\//i.exec(value)?.[1]?.toLowerCase();
    if (protocol !== undefined && protocols.includes(protocol)) return value;
    faults.push(`${name} must start with ${protocols.map((p) => `${p}://`).join(' or ')}`);
    return undefined;
  };
  return { text, port, count, optionalCount, percent, flag, url };
}
