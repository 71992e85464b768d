/** The slot of a key, one of a cluster's 16,384: its CRC16 (XMODEM), by Valkey's cluster specification. */

export const SLOTS = 16_384;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  return crc;
});

/** The slot of an ASCII key; if a part is in braces, of that part only. */
export function keySlot(key: string): number {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  const hasTag = close > open + 1;
  const end = hasTag ? close : key.length;
  let crc = 0;
  for (let at = hasTag ? open + 1 : 0; at < end; at++) {
    crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >>> 8) ^ (key.charCodeAt(at) & 255)]!;
  }
  return crc & (SLOTS - 1);
}
