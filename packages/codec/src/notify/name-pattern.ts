const NO_WORDS: Int32Array = new Int32Array(0);
/** More bytes than any frame has. */
const NO_ROOM = 0x7fff_ffff;

/**
 * A name with its length byte that is expected at a place in a frame. It is compared in words of four bytes, which a DataView
 * reads at any offset, big-endian: a quarter of the comparisons of single bytes (benchmark `decode realistic`).
 *
 *     06 s c h e m e 08        first: 06 s c h, last: e m e and the byte after the name, which is masked
 *
 * The first and the last word may overlap. For a name of less than three bytes they reach over its ends, where masks leave out
 * the other bytes. Names above six bytes have words in between.
 */
export class NamePattern {
  /** Bytes on the wire: the length byte and the name. */
  declare readonly size: number;
  /** The least bytes up to the limit, so that all words lie within them: the name and one byte after it. */
  declare readonly room: number;
  declare readonly first: number;
  declare readonly firstMask: number;
  declare readonly last: number;
  declare readonly lastMask: number;
  declare readonly middle: Int32Array;

  /**
   * @param name The name's bytes, at most 239.
   * @param isExpected False for a pattern that is found nowhere.
   */
  constructor(name: Buffer, isExpected: boolean = true) {
    const size = 1 + name.length;
    // Two bytes before for the last word of a short name, and four after for the words that reach beyond it.
    const wire = Buffer.concat([Buffer.alloc(2), Buffer.from([name.length]), name, Buffer.alloc(4)]);
    this.size = size;
    this.room = isExpected ? Math.max(size + 1, 4) : NO_ROOM;
    this.first = wire.readInt32BE(2);
    this.firstMask = size < 4 ? 0 : -1;
    this.last = wire.readInt32BE(size - 1);
    this.lastMask = size >= 3 ? 0xffff_ff00 | 0 : size === 2 ? 0x00ff_ff00 : 0x0000_ff00;
    // Words from the first one up to the three bytes of the last; they may overlap, and leave no byte out.
    this.middle =
      size <= 7 ? NO_WORDS : Int32Array.from({ length: (size - 4) >> 2 }, (_, i) => wire.readInt32BE(6 + 4 * i));
  }

  /** The offset after the name if it stands at `position` and a byte follows it within the limit; else -1. */
  endAt(wordView: DataView, position: number, limit: number): number {
    if (limit - position < this.room) return -1;
    const end = position + this.size;
    const first = (wordView.getInt32(position) ^ this.first) & this.firstMask;
    const last = (wordView.getInt32(end - 3) ^ this.last) & this.lastMask;
    if ((first | last) !== 0) return -1;
    const middle = this.middle;
    for (let i = 0; i < middle.length; i++) {
      position += 4;
      if (wordView.getInt32(position) !== middle[i]) return -1;
    }
    return end;
  }
}
