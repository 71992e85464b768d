/** A frame of any bytes: `rest` begins with the ids, which take at least one byte each. */
export function frameOf(type: number, rest: Uint8Array, flags: number = 1): Buffer {
  const frame = Buffer.from([0, 0, 0, 0, type, 0, 0, 0, flags, ...rest]);
  frame.writeUInt32BE(frame.length - 4, 0);
  return frame;
}
