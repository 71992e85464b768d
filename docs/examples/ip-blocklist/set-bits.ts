const ALL_BITS = -1;

/** Sets the bits from `first` to `last`, whole words at once. */
export function setBits(words: Int32Array, first: number, last: number): void {
  const word = first >>> 5;
  const lastWord = last >>> 5;
  const fromFirst = ALL_BITS << (first & 31);
  const toLast = ALL_BITS >>> (31 - (last & 31));
  if (word === lastWord) {
    words[word]! |= fromFirst & toLast;
    return;
  }
  words[word]! |= fromFirst;
  words.fill(ALL_BITS, word + 1, lastWord);
  words[lastWord]! |= toLast;
}
