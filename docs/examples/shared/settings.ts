/** The settings of an example, from its environment: checked all at once, and printed with the values in effect. */
import { parseListenAddress } from '@spop/agent';
import { messageOf } from './message-of.ts';

/** How one variable of the environment is read. */
export interface Setting<T> {
  /** The text if the variable is not set, or empty; without a default, the variable is required. */
  readonly byDefault?: string;
  /** @throws Error that says what was expected. */
  readonly parse: (text: string) => T;
  /** Whether it must not be printed. */
  readonly isSecret?: true;
  /** What is printed after the text: ` µs = 100 requests/s`. `before` has the settings listed before it. */
  meaning?(value: T, before: Readonly<Record<string, unknown>>): string;
}

/** Settings by name, with the values that their texts stand for. */
export type SettingsOf<T extends Record<string, Setting<unknown>>> = {
  readonly [Name in keyof T]: ReturnType<T[Name]['parse']>;
};

/** Any text that `parse` takes. */
export function setting<T>(parse: (text: string) => T, byDefault?: string): Setting<T> {
  return byDefault === undefined ? { parse } : { parse, byDefault };
}

/** A whole number from `min` to `max`. */
export function integerSetting(
  byDefault: number,
  min: number,
  max: number,
  meaning: (value: number, before: Readonly<Record<string, unknown>>) => string = () => '',
): Setting<number> {
  const parse = (text: string): number => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new Error(`expected a whole number from ${min} to ${max}`);
    return value;
  };
  return { parse, byDefault: String(byDefault), meaning };
}

/** A text that is not printed; empty by default. */
export function secretSetting(): Setting<string> {
  return { parse: (text) => text, byDefault: '', isSecret: true };
}

/** One of these words, the first by default. */
export function choiceSetting<const T extends string>(words: readonly [T, ...T[]]): Setting<T> {
  const parse = (text: string): T => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new Error(`expected ${words.join(', ')}`);
    return found;
  };
  return { parse, byDefault: words[0] };
}

/** An address to listen on, as `agent.listen` takes it. */
export function listenSetting(byDefault: string): Setting<string> {
  const parse = (text: string): string => {
    if (text !== '') parseListenAddress(text);
    return text;
  };
  return { parse, byDefault };
}

/** Settings of every example. */
const COMMON = {
  /** The agent's listening address. */
  SPOE_ADDR: listenSetting('127.0.0.1:9000'),
  /** Address of the metrics; empty for none. */
  METRICS_ADDR: listenSetting(''),
};

/** Settings of every example and those of one. */
export type ApplicationSettings<T extends Record<string, Setting<unknown>>> = SettingsOf<T & typeof COMMON>;

/** Whether the program has to check its settings and end. */
export const isCheckOnly: boolean = process.argv.includes('--check');

/**
 * Reads the settings and prints them, passwords in URLs left out.
 *
 * @throws Error with a line for each invalid one.
 */
export function readSettings<T extends Record<string, Setting<unknown>>>(own: T): ApplicationSettings<T> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, each] of Object.entries<Setting<unknown>>({ ...own, ...COMMON })) {
    const text = process.env[name] || each.byDefault;
    const shown = each.isSecret && text ? '…' : text?.replaceAll(/(\/\/[^/@,]*:)[^/@,]*@/g, '$1…@');
    try {
      if (text === undefined) throw new Error('expected a value');
      const value = each.parse(text);
      console.log(`${name.padEnd(21)} ${shown || '(off)'}${each.meaning?.(value, values) ?? ''}`);
      values[name] = value;
    } catch (error) {
      const problem = messageOf(error);
      const found = shown === undefined ? 'none' : JSON.stringify(shown);
      // The error of a file says what was found in it. That of any other text is replaced: it may show a password.
      if (problem.startsWith(`${text}: `)) problems.push(`${name}: ${problem}`);
      else problems.push(`${name}: ${problem.replace(/; found .*/, '')}; found ${found}`);
    }
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return values as ApplicationSettings<T>;
}
