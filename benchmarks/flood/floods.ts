/** The frames that a flooding peer repeats. */
import { data, haproxyHello, notify } from '@spop/builder';

/** Bytes of one write. */
const BLOCK_BYTES = 262_144;
/** A NOTIFY of nearly 16 KiB, which repeats a message of five characters. */
const REPEATS = 2_300;

const FRAMES = {
  'tiny NOTIFYs': () => notify().message('tiny', { ip: data.ipv4('192.0.2.7') }),
  'handlers that throw': () => notify().message('throws'),
  'asynchronous handlers': () => notify().message('later'),
  'asynchronous handlers of a message that is repeated': () =>
    Array.from({ length: REPEATS }).reduce<ReturnType<typeof notify>>((frame) => frame.message('later'), notify()),
  'unknown messages, with a logger': () => notify().message('nobody-asked-for-this'),
} as const;

/** The name of a flood. */
export type Flood = keyof typeof FRAMES;

/** The names of all floods. */
export const floods: readonly Flood[] = Object.keys(FRAMES) as Flood[];

/** As many whole frames as fit 256 KiB. */
export function blockOf(flood: Flood): Buffer {
  const frame = FRAMES[flood]().toBytes();
  return Buffer.concat(Array.from({ length: Math.floor(BLOCK_BYTES / frame.length) }, () => frame));
}

/** The HELLO of each connection. */
export const hello: Uint8Array = haproxyHello({ capabilities: 'pipelining' }).toBytes();
