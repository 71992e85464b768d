/** The frames of the cases, written by the builder, which shares no code with the codec. */
import { data, type NotifyBuilder, haproxyHello, notify } from '@spop/builder';
import { type Frame, FrameReader } from '@spop/codec';
import { traffic } from '../load/traffic.ts';

/** A NOTIFY without messages yet, with ids as HAProxy has them after a while. */
export const question: NotifyBuilder = notify({ streamId: 1_001, frameId: 1 });

/** The frame with its length field. */
export function bytesOf(frame: { toBytes(): Uint8Array }): Buffer {
  return Buffer.from(frame.toBytes());
}

/** The first frame of the bytes, as the codec reads it. */
export function frameOf(bytes: Buffer): Frame {
  const reader = new FrameReader();
  reader.push(bytes);
  return reader.next()!;
}

/** HAProxy 3.2's HELLO. */
export const hello: Buffer = bytesOf(haproxyHello({ capabilities: 'pipelining' }));

/** 37 bytes: `check-client-ip` with one IPv4 address, the smallest NOTIFY of use. */
export const tiny: Buffer = bytesOf(question.raw(traffic('tiny')[1]!.payload));

/** 814 bytes: what a web application firewall asks about a request. */
export const realistic: Buffer = bytesOf(question.raw(traffic('realistic')[1]!.payload));

/** The names of the 64 arguments of {@link many}. */
export const manyNames: readonly string[] = Array.from({ length: 64 }, (_, index) => `argument_${index}`);

/** A message with 64 arguments of eight types, each with a name of its own. */
export const many: Buffer = bytesOf(
  question.message(
    'many',
    manyNames.map((name, index) => {
      const values = [
        `value ${index}`,
        index * 1_000,
        index % 16 === 2,
        data.ipv4(`198.51.100.${index}`),
        Buffer.alloc(index, 0xa5),
        data.ipv6(`2001:db8::${index.toString(16)}`),
        data.uint32(4_000_000_000 - index),
        null,
      ];
      return [name, values[index % 8] ?? null] as const;
    }),
  ),
);

/** Two messages in one NOTIFY, as HAProxy sends them for two `spoe-message` sections with the same event. */
export const twoMessages: Buffer = bytesOf(
  question
    .message('check-client-ip', { ip: data.ipv4('203.0.113.77') })
    .message('log-request', { method: 'POST', path: '/basket/items', status: 201 }),
);

/** Integers at the edges of their types: negative, above 2^31, above 2^53. */
export const integers: Buffer = bytesOf(
  question.message('integers', {
    minus_one: -1,
    min_int32: data.int32(-(2 ** 31)),
    max_uint32: data.uint32(2 ** 32 - 1),
    min_int64: -(2n ** 63n),
    max_int64: 2n ** 63n - 1n,
    max_uint64: data.uint64(2n ** 64n - 1n),
  }),
);
