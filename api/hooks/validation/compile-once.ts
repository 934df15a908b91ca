/**
 * Compiles a schema when it is first needed, once a process: an API starts before the half of its time that compiling
 * hundreds of schemas takes, and most of them are never asked for.
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
