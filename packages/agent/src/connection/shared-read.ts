import { Socket } from 'node:net';

/**
 * Bytes that are read at once: more than the 20 NOTIFYs of 16 KiB that HAProxy has in flight on a connection. Each read
 * wakes the peer, so that reading 64 KiB at once is slower with realistic NOTIFYs (benchmark `load`).
 */
const READ_BYTES = 524_288;

/**
 * The buffer that all sockets of an agent read into, one after the other. `onRead` uses the bytes up or copies them before
 * it returns.
 */
export class ReadBuffer {
  #bytes: Buffer | undefined;

  /** The memory, allocated when the first socket is accepted. */
  get bytes(): Buffer {
    return (this.#bytes ??= Buffer.allocUnsafeSlow(READ_BYTES));
  }
}

/** Takes the first `length` bytes of the read buffer, and returns whether to read on. */
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
 * @returns The socket to use instead; or undefined when this Node's sockets lack the functions, and `accepted` is unchanged.
 */
export function readStatically(accepted: Socket, buffer: Buffer, onRead: OnRead): Socket | undefined {
  const handle: unknown = Reflect.get(accepted, '_handle');
  if (!isHandle(handle)) return undefined;
  handle.readStop();
  Reflect.set(accepted, '_handle', null);
  // net.Socket takes `handle` and `pauseOnCreate`, too; its type has only the documented options.
  const options: object = { handle, allowHalfOpen: true, pauseOnCreate: true, onread: { buffer, callback: onRead } };
  const socket = new Socket(options);
  // Destroying the emptied socket removes it from the server's connections.
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
