interface Visit {
  readonly index: number;
  /** The smallest index that is reachable from here among the files still on the stack. */
  low: number;
  onStack: boolean;
}

/** Groups of files that import each other in a circle: Tarjan's strongly connected components of more than one file. */
export function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const visits = new Map<string, Visit>();
  const stack: string[] = [];
  const circles: string[][] = [];

  function visit(file: string): Visit {
    const own: Visit = { index: visits.size, low: visits.size, onStack: true };
    visits.set(file, own);
    stack.push(file);
    for (const imported of imports.get(file) ?? []) {
      const known = visits.get(imported);
      if (known === undefined) own.low = Math.min(own.low, visit(imported).low);
      else if (known.onStack) own.low = Math.min(own.low, known.index);
    }
    if (own.low === own.index) close(file);
    return own;
  }

  function close(root: string): void {
    const members = stack.splice(stack.indexOf(root));
    for (const member of members) {
      const known = visits.get(member);
      if (known !== undefined) known.onStack = false;
    }
    if (members.length > 1) circles.push(members.sort());
  }

  for (const file of imports.keys()) if (!visits.has(file)) visit(file);
  return circles.sort();
}
