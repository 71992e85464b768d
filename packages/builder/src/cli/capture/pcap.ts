/** One captured packet of a link layer. */
export interface Packet {
  /** Seconds since 1970; undefined if the file does not say. */
  readonly time: number | undefined;
  /** LINKTYPE_ of the pcap registry: 1 is Ethernet. */
  readonly linkType: number;
  readonly data: Uint8Array;
}

/** The content of a capture file. */
export interface PacketFile {
  readonly packets: readonly Packet[];
  /** What is wrong at the end of the file, in words; the packets before that were read. */
  readonly problem: string | undefined;
}

const PCAP_HEADER = 24;
const PCAP_RECORD = 16;
/** The longest packet; a file with a longer one is not a capture. */
const MAX_PACKET = 1 << 26;

const SECTION = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
/** The blocks of pcapng that are read; others are skipped. */
const Block = { Interface: 1, Obsolete: 2, Simple: 3, Enhanced: 6 } as const;
const OPTION_TSRESOL = 9;

/** Reads a pcap file of either byte order, with microseconds or nanoseconds. Never throws for its content. */
export function readPcap(bytes: Uint8Array): PacketFile {
  const view = viewOf(bytes);
  if (bytes.length < PCAP_HEADER) return { packets: [], problem: 'the file ends within its header' };
  const magic = view.getUint32(0);
  const isLittle = magic === 0xd4c3b2a1 || magic === 0x4d3cb2a1;
  const perSecond = magic === 0xa1b23c4d || magic === 0x4d3cb2a1 ? 1e9 : 1e6;
  // The upper bits are about frame check sequences.
  const linkType = view.getUint32(20, isLittle) & 0xffff;
  const packets: Packet[] = [];
  let start = PCAP_HEADER;
  while (bytes.length - start >= PCAP_RECORD) {
    const length = view.getUint32(start + 8, isLittle);
    const data = start + PCAP_RECORD;
    if (length > MAX_PACKET) return { packets, problem: `packet ${packets.length + 1} claims ${length} bytes` };
    if (bytes.length - data < length) break;
    const time = view.getUint32(start, isLittle) + view.getUint32(start + 4, isLittle) / perSecond;
    packets.push({ time, linkType, data: bytes.subarray(data, data + length) });
    start = data + length;
  }
  return { packets, problem: start < bytes.length ? cutOff(packets.length) : undefined };
}

interface Interface {
  readonly linkType: number;
  readonly perSecond: number;
}

/** Reads a pcapng file: sections of either byte order, with all interfaces. Never throws for its content. */
export function readPcapng(bytes: Uint8Array): PacketFile {
  const view = viewOf(bytes);
  const packets: Packet[] = [];
  let interfaces: Interface[] = [];
  let isLittle = false;
  let start = 0;
  while (bytes.length - start >= 12) {
    const isSection = view.getUint32(start) === SECTION;
    if (isSection) {
      isLittle = view.getUint32(start + 8, true) === BYTE_ORDER;
      if (!isLittle && view.getUint32(start + 8) !== BYTE_ORDER) {
        return { packets, problem: `the section at byte ${start} has no byte order` };
      }
      interfaces = [];
    }
    const length = view.getUint32(start + 4, isLittle);
    if (length < 12 || length % 4 !== 0 || length > MAX_PACKET) {
      return { packets, problem: `the block at byte ${start} claims ${length} bytes` };
    }
    if (bytes.length - start < length) break;
    const body = new BlockBody(bytes.subarray(start + 8, start + length - 4), isLittle);
    const type = isSection ? SECTION : view.getUint32(start, isLittle);
    if (type === Block.Interface && body.length >= 8) interfaces.push(readInterface(body));
    const packet = readBlock(type, body, interfaces);
    if (packet !== undefined) packets.push(packet);
    start += length;
  }
  return { packets, problem: start < bytes.length ? cutOff(packets.length) : undefined };
}

/** The body of a block, in its section's byte order. */
class BlockBody {
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #isLittle: boolean;

  constructor(bytes: Uint8Array, isLittle: boolean) {
    this.length = bytes.length;
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#isLittle = isLittle;
  }

  uint16(offset: number): number {
    return this.#view.getUint16(offset, this.#isLittle);
  }

  uint32(offset: number): number {
    return this.#view.getUint32(offset, this.#isLittle);
  }

  byte(offset: number): number {
    return this.#view.getUint8(offset);
  }

  /** Up to `length` bytes at `offset`, as many as there are. */
  slice(offset: number, length: number): Uint8Array {
    return this.#bytes.subarray(offset, Math.min(this.length, offset + length));
  }
}

function readInterface(body: BlockBody): Interface {
  const linkType = body.uint16(0);
  let perSecond = 1e6;
  let offset = 8;
  while (body.length - offset >= 4) {
    const [code, length] = [body.uint16(offset), body.uint16(offset + 2)];
    if (code === OPTION_TSRESOL && length === 1 && body.length - offset >= 5) {
      const exponent = body.byte(offset + 4);
      perSecond = exponent < 0x80 ? 10 ** exponent : 2 ** (exponent - 0x80);
    }
    offset += 4 + Math.ceil(length / 4) * 4;
  }
  return { linkType, perSecond };
}

function readBlock(type: number, body: BlockBody, interfaces: readonly Interface[]): Packet | undefined {
  if (type === Block.Simple && body.length >= 4) {
    const first = interfaces[0];
    return first === undefined
      ? undefined
      : { time: undefined, linkType: first.linkType, data: body.slice(4, body.uint32(0)) };
  }
  const isEnhanced = type === Block.Enhanced;
  if ((!isEnhanced && type !== Block.Obsolete) || body.length < 20) return undefined;
  const from = interfaces[isEnhanced ? body.uint32(0) : body.uint16(0)];
  if (from === undefined) return undefined;
  const time = (body.uint32(4) * 2 ** 32 + body.uint32(8)) / from.perSecond;
  return { time, linkType: from.linkType, data: body.slice(20, body.uint32(12)) };
}

function cutOff(count: number): string {
  return `the file is cut off after ${count} ${count === 1 ? 'packet' : 'packets'}`;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
