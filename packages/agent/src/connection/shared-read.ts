import { Socket } from 'node:net';

/**
 * Bytes that are read at once: more than the 20 NOTIFYs of 16 KiB that HAProxy has in flight on a connection. Each read
 * wakes the peer, which shows with realistic NOTIFYs where 64 KiB are read at once (benchmark `load`).
 */
const READ_BYTES = 524_288;

/**
 * Where all sockets of an agent read into, one after the other: whoever reads uses the bytes up, or copies them, before
 * returning.
 */
export class ReadBuffer {
  #bytes: Buffer | undefined;

  /** Made once, when the first socket was accepted. */
  get bytes(): Buffer {
    return (this.#bytes ??= Buffer.allocUnsafeSlow(READ_BYTES));
  }
}

/** Takes the first `length` bytes of the read buffer; returns whether to read on. */
export type OnRead = (length: number, buffer: Uint8Array) => boolean;

interface Handle {
  useUserBuffer(buffer: Uint8Array): void;
  readStop(): number;
}

/**
 * Makes an accepted socket read into `buffer`, which doubles the speed on larger frames: a 'data' event allocates
 * 64 KiB for each read (benchmark `load`). Node has `onread` for sockets that connect but not for accepted ones, whose
 * handle therefore moves to a new socket. Several sockets may share a buffer: libuv fills it and calls back at once.
 *
 * @param accepted A socket from a server with `pauseOnConnect`, not read from yet.
 * @returns The socket to use instead, or undefined where this Node's sockets do not have what it takes; `accepted` is
 * as it was then.
 */
export function readStatically(accepted: Socket, buffer: Buffer, onRead: OnRead): Socket | undefined {
  const handle: unknown = Reflect.get(accepted, '_handle');
  if (!isHandle(handle)) return undefined;
  handle.readStop();
  Reflect.set(accepted, '_handle', null);
  // `handle` is accepted and honoured by net.Socket, but only its documented half is in the type.
  const options: object = { handle, allowHalfOpen: true, pauseOnCreate: true, onread: { buffer, callback: onRead } };
  const socket = new Socket(options);
  // The shell that is left gives up its place among the server's connections.
  accepted.destroy();
  return socket;
}

function isHandle(value: unknown): value is Handle {
  return (
    typeof value === 'object' &&
    value !== null &&
    'useUserBuffer' in value &&
    typeof value.useUserBuffer === 'function' &&
    'readStop' in value &&
    typeof value.readStop === 'function'
  );
}
