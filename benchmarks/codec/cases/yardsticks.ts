import type { Operation } from '../../harness/operation.ts';

/** The floor of reading: each byte read and added up once. */
export function addUp(bytes: Uint8Array): Operation {
  return () => {
    let sum = 0;
    for (let index = 0; index < bytes.length; index++) {
      sum = (sum + bytes[index]!) | 0;
    }
    return sum;
  };
}

/** The floor of writing: as many bytes as the output has, each written once. */
export function fillIn(length: number): Operation {
  const bytes = Buffer.alloc(length);
  let value = 0;
  return () => {
    value = (value + 1) & 0xff;
    for (let index = 0; index < length; index++) {
      bytes[index] = value;
    }
    return bytes[length - 1]!;
  };
}
