import { UsageError } from './usage-error.ts';

/**
 * The words of a command that takes so many of them; fewer are left to the command to explain.
 *
 * @throws UsageError for more.
 */
export function expectWords(words: readonly string[], most: number, usage: string): readonly string[] {
  if (words.length <= most) return words;
  throw new UsageError(
    `expected nothing after ${JSON.stringify(words[most - 1])}; found ${JSON.stringify(words[most])}`,
    `usage: spop ${usage}`,
  );
}
