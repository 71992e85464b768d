/** An error in a command line: one sentence, and what to write instead. It ends the program with exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
  readonly hint: string;

  constructor(sentence: string, hint: string) {
    super(sentence);
    this.hint = hint;
  }
}

/** Why something failed: the message of an error, or the text of anything else that was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The word of a list that was probably meant: one with at most two letters different, or one that `word` begins. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, slips: candidate.startsWith(word) ? 1 : slipsBetween(word, candidate) }))
    .toSorted((a, b) => a.slips - b.slips);
  const [best] = ranked;
  return best !== undefined && best.slips <= 2 ? best.candidate : undefined;
}

/** The number of letters to add, remove or replace (Levenshtein). */
function slipsBetween(a: string, b: string): number {
  const letters = Array.from(b);
  let previous = [0, ...letters.map((_, index) => index + 1)];
  let slips = letters.length;
  for (const [row, letter] of Array.from(a).entries()) {
    let corner = row;
    slips = row + 1;
    const current = previous.slice(1).map((above, column) => {
      slips = Math.min(corner + (letter === letters[column] ? 0 : 1), above + 1, slips + 1);
      corner = above;
      return slips;
    });
    previous = [row + 1, ...current];
  }
  return slips;
}
