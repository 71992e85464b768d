/** The options that were given, in a new object: one that is undefined counts as left out, so that it overwrites no default. */
export function given<Options extends object>(options: Options): Options {
  const copy = { ...options };
  for (const name of Object.keys(copy)) {
    if (Reflect.get(copy, name) === undefined) Reflect.deleteProperty(copy, name);
  }
  return copy;
}
