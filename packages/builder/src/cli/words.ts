import { UsageError } from './usage-error.ts';

/**
 * The words of a command that takes up to `most`. The command itself checks for too few.
 *
 * @throws {UsageError} for more words.
 */
export function expectWords(words: readonly string[], most: number, usage: string): readonly string[] {
  if (words.length <= most) return words;
  throw new UsageError(
    `expected nothing after ${JSON.stringify(words[most - 1])}; found ${JSON.stringify(words[most])}`,
    `usage: spop ${usage}`,
  );
}
