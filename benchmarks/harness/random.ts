/** Random integers from 0 to below a bound, the same for the same seed (minimal standard generator of Park and Miller). */
export function randomFrom(seed: number): (below: number) => number {
  const modulus = 0x7fff_ffff;
  let state = seed;
  return (below) => Math.floor(((state = (state * 48_271) % modulus) / modulus) * below);
}
