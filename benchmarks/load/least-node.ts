/**
 * The least that plain Node can do, as a yardstick: it has a static read buffer, hops from frame to frame by their lengths,
 * finds the argument `ip` by scanning the payload for its bytes, and writes once for each read. It checks nothing and knows
 * only the two messages of the benchmark, so it must never face HAProxy.
 *
 *     node benchmarks/load/least-node.ts [KIB] [told]        prints "listening PORT"
 *
 * KIB is how much it reads at once: 64 as Node itself does, or 512 as the agent does. With `told` it scans for `ip` from
 * the byte on where the arguments of the benchmark's message begin, which no agent can know.
 */
import { createServer, Socket, type AddressInfo } from 'node:net';
import { AGENT_HELLO } from './agent-hello.ts';

const READ_BYTES = Number(process.argv[2] ?? 64) * 1024;
/** Bytes of a payload that the scan skips: `check-client-ip` with its length, and the number of its arguments. */
const TOLD_BYTES = process.argv[3] === 'told' ? 17 : 0;
const HEADROOM = 16 * 1024;
/** No ACK is longer than its NOTIFY here, so that the ACKs of one read always fit. */
const WRITE_BYTES = HEADROOM + READ_BYTES;
/** The type of an ACK, and the flag FIN. */
const ACK_HEAD = Buffer.from([103, 0, 0, 0, 1]);
const SET_SCORE = Buffer.from('\x01\x03\x01\x08ip_score\x04', 'latin1');

/** Writes the ACK of the NOTIFY whose ids begin at `ids`; returns its end. */
function writeAck(input: Buffer, ids: number, idsEnd: number, score: number, out: Buffer, start: number): number {
  for (let i = 0; i < ACK_HEAD.length; i++) out[start + 4 + i] = ACK_HEAD[i] ?? 0;
  let position = start + 4 + ACK_HEAD.length;
  for (let i = ids; i < idsEnd; i++) out[position++] = input[i] ?? 0;
  for (let i = 0; i < SET_SCORE.length; i++) out[position++] = SET_SCORE[i] ?? 0;
  if (score < 240) out[position++] = score;
  else {
    out[position++] = score | 0xf0;
    let rest = (score - 240) >> 4;
    while (rest >= 128) {
      out[position++] = rest | 0x80;
      rest = (rest - 128) >> 7;
    }
    out[position++] = rest;
  }
  const length = position - start - 4;
  out[start] = 0;
  out[start + 1] = 0;
  out[start + 2] = length >> 8;
  out[start + 3] = length;
  return position;
}

/** The end of the varint at `position`. */
function skipVarint(input: Buffer, position: number): number {
  let end = position + 1;
  if ((input[position] ?? 0) >= 240) while ((input[end++] ?? 0) >= 128);
  return end;
}

/** `check-client-ip`: the last octet of the address after the bytes 02 'i' 'p' 06. */
function scanAddress(input: Buffer, start: number, end: number): number {
  for (let i = start; i < end - 7; i++) {
    if (input[i] === 2 && input[i + 1] === 0x69 && input[i + 2] === 0x70 && input[i + 3] === 6)
      return input[i + 7] ?? 0;
  }
  return 0;
}

/** `check-request`: adds up all eight values by hopping over the names. */
function sumRequest(input: Buffer, start: number, end: number): number {
  let sum = 0;
  let position = start;
  while (position < end) {
    position += 1 + (input[position] ?? 0);
    const type = input[position++] ?? 0;
    if (type === 8 || type === 4) {
      let value = input[position++] ?? 0;
      if (value >= 240) {
        let byte: number;
        let shift = 4;
        do {
          byte = input[position++] ?? 0;
          value += byte << shift;
          shift += 7;
        } while (byte >= 128);
      }
      sum += value;
      if (type === 8) position += value;
    } else if (type === 6) {
      position += 4;
      sum += input[position - 1] ?? 0;
    } else sum += type >> 4;
  }
  return sum;
}

function serve(handle: unknown): void {
  const memory = Buffer.alloc(HEADROOM + READ_BYTES);
  const read = memory.subarray(HEADROOM);
  let out = Buffer.allocUnsafe(WRITE_BYTES);
  let tail = 0;
  const socket = new Socket({ handle, onread: { buffer: read, callback: onRead } } as never);
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());

  function onRead(length: number): boolean {
    let position = HEADROOM - tail;
    const end = HEADROOM + length;
    let used = 0;
    while (end - position >= 4) {
      const size = ((memory[position + 2] ?? 0) << 8) | (memory[position + 3] ?? 0);
      const frameEnd = position + 4 + size;
      if (frameEnd > end) break;
      used = answer(position + 4, frameEnd, used);
      position = frameEnd;
    }
    tail = end - position;
    if (tail > 0) memory.copyWithin(HEADROOM - tail, position, end);
    if (used > 0) {
      socket.write(out.subarray(0, used));
      if (socket.writableLength > 0) out = Buffer.allocUnsafe(WRITE_BYTES);
    }
    return true;
  }

  function answer(start: number, end: number, used: number): number {
    const type = memory[start];
    if (type === 3) {
      const idsEnd = skipVarint(memory, skipVarint(memory, start + 5));
      const tiny = memory[idsEnd] === 15;
      const score = tiny ? scanAddress(memory, idsEnd + TOLD_BYTES, end) : sumRequest(memory, idsEnd + 15, end);
      return writeAck(memory, start + 5, idsEnd, score, out, used);
    }
    if (type === 1) return used + AGENT_HELLO.copy(out, used);
    if (type === 2) socket.end();
    return used;
  }
  socket.resume();
}

/** Wraps an accepted handle in a new socket, since Node documents `onread` only for sockets that connect. */
const server = createServer({ pauseOnConnect: true }, (accepted) => {
  const holder = accepted as unknown as { _handle: { readStop(): void } | null };
  const handle = holder._handle;
  if (handle === null) return;
  handle.readStop();
  holder._handle = null;
  serve(handle);
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`));
