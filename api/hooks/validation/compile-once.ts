/**
 * Compiles a schema on first use, once per process. Compiling hundreds of schemas would double the start time, and most of
 * them are never used.
 */
export function compileOnce<S extends object, C>(compile: (schema: S) => C): (schema: S) => () => C {
  const compiled = new WeakMap<S, C>();
  return (schema) => () => {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    const fresh = compile(schema);
    compiled.set(schema, fresh);
    return fresh;
  };
}
