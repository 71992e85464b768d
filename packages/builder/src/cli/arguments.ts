import { parseArgs } from 'node:util';
import { nearest, UsageError } from './usage-error.ts';

/** One option of a command. */
export interface OptionSpec {
  /** The name of its value in the help; an option without one is a flag. */
  readonly value?: string;
  /** One line for the help. */
  readonly about: string;
  /** Its short form, a letter. */
  readonly short?: string;
  /** The only values that it takes. */
  readonly choices?: readonly string[];
}

/** The options of a command by name. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** The words of a command line: its options with their values, and the other words. */
export class Arguments {
  /** The words that are not options, in order. */
  readonly words: readonly string[];
  readonly #given: ReadonlyMap<string, string>;
  readonly #specs: OptionSpecs;

  /** @throws {UsageError} for an unknown option, an option without its value, and a value that it does not take. */
  constructor(words: readonly string[], specs: OptionSpecs) {
    const options = Object.fromEntries(
      Object.entries(specs).map(([name, { value, short }]) => [
        name,
        {
          type: value === undefined ? ('boolean' as const) : ('string' as const),
          ...(short === undefined ? {} : { short }),
        },
      ]),
    );
    const { tokens } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true });
    const given = new Map<string, string>();
    const rest: string[] = [];
    for (const token of tokens) {
      if (token.kind === 'positional') rest.push(token.value);
      if (token.kind !== 'option') continue;
      const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined;
      if (spec === undefined) throw unknownOption(token.rawName, Object.keys(specs));
      given.set(token.name, checkedValue(token.rawName, spec, token.value));
    }
    this.words = rest;
    this.#given = given;
    this.#specs = specs;
  }

  /** Whether an option was given. */
  has(name: string): boolean {
    return this.text(name) !== undefined;
  }

  /** The value of an option, the last one if it was given twice; undefined if it was not given. */
  text(name: string): string | undefined {
    if (!Object.hasOwn(this.#specs, name)) throw new TypeError(`the command has no option --${name}`);
    return this.#given.get(name);
  }

  /**
   * The whole number that was given for an option, or `otherwise`.
   *
   * @throws {UsageError} for a number out of range.
   */
  count(name: string, otherwise: number, min: number, max: number): number {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (count >= min && count <= max) return count;
    throw new UsageError(
      `expected --${name} to be a whole number from ${min} to ${max}; found ${JSON.stringify(text)}`,
      `for instance --${name} ${Math.max(otherwise, min)}`,
    );
  }
}

function unknownOption(rawName: string, names: readonly string[]): UsageError {
  const guess = nearest(rawName.replace(/^-+/, ''), names);
  const hint = guess === undefined ? 'the help lists all options: add --help' : `did you mean --${guess}?`;
  return new UsageError(`there is no option ${rawName}`, hint);
}

function checkedValue(rawName: string, spec: OptionSpec, value: string | undefined): string {
  if (spec.value === undefined) {
    if (value === undefined) return 'true';
    throw new UsageError(
      `the option ${rawName} takes no value; found ${JSON.stringify(value)}`,
      `write ${rawName} alone`,
    );
  }
  if (value === undefined) {
    throw new UsageError(`the option ${rawName} needs a value`, `write ${rawName} ${spec.value}`);
  }
  if (spec.choices !== undefined && !spec.choices.includes(value)) {
    const list = spec.choices.join(', ');
    throw new UsageError(`expected one of ${list} for ${rawName}; found ${JSON.stringify(value)}`, spec.about);
  }
  return value;
}
