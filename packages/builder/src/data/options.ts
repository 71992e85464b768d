/** The given options in a new object, without undefined ones, so that these overwrite no default. */
export function given<Options extends object>(options: Options): Options {
  const copy = { ...options };
  for (const name of Object.keys(copy)) {
    if (Reflect.get(copy, name) === undefined) Reflect.deleteProperty(copy, name);
  }
  return copy;
}
