/** What is compared by default, and what the comparison itself is proven with: one case of each kind. */
export const representative: readonly string[] = [
  'decode realistic',
  'access realistic',
  'ack two set-vars',
  'tiny through a socket',
];
