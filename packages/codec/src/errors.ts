import type { Status } from './constants.ts';

/**
 * Every error code of the codec, with the status of the DISCONNECT that reports it (SPOE.txt §3.5); null for errors of the
 * caller, which no peer is told. The codes are a stable contract, and listed in docs/errors.md.
 */
export const ErrorStatus = {
  /** A frame's length is above the max-frame-size in force. */
  SPOP_FRAME_TOO_BIG: 3,
  /** A frame's length is below the seven bytes that every frame has. */
  SPOP_FRAME_TOO_SMALL: 4,
  /** A value runs past the end of its frame. */
  SPOP_TRUNCATED: 4,
  /** A varint has more than ten bytes, or a value of 2^64 or more. */
  SPOP_VARINT_OVERFLOW: 4,
  /** A typed data has one of the reserved types 10 to 15. */
  SPOP_RESERVED_TYPE: 4,
  /** An INT32 or UINT32 holds a value that does not fit 32 bits. */
  SPOP_INTEGER_RANGE: 4,
  /** A NOTIFY repeats its messages too often. */
  SPOP_TOO_MANY_MESSAGES: 4,
  /** An action has an unknown type, a wrong number of arguments, or an unknown scope. */
  SPOP_BAD_ACTION: 4,
  /** A frame is not allowed in this state, or has the wrong flags or ids. */
  SPOP_UNEXPECTED_FRAME: 4,
  /** A HELLO has no version. */
  SPOP_NO_VERSION: 5,
  /** A HELLO has no max-frame-size. */
  SPOP_NO_MAX_FRAME_SIZE: 6,
  /** A HELLO has no capabilities. */
  SPOP_NO_CAPABILITIES: 7,
  /** The receiver speaks none of the announced versions. */
  SPOP_UNSUPPORTED_VERSION: 8,
  /** A max-frame-size is below 256, or above what was offered. */
  SPOP_BAD_MAX_FRAME_SIZE: 9,
  /** A frame that must not be fragmented came without FIN. */
  SPOP_FRAGMENTED_FRAME: 10,
  /** A fragment belongs to another NOTIFY than the one that is being joined. */
  SPOP_INTERLACED_FRAMES: 11,
  /** A continuation came although no NOTIFY was begun. */
  SPOP_FRAME_ID_NOT_FOUND: 12,
  /** A KV-list item has a wrong type. */
  SPOP_BAD_ITEM: 4,
  /** A view was used after the frame it belongs to was closed. */
  SPOP_VIEW_CLOSED: null,
  /** A value was read as another type than it has. */
  SPOP_WRONG_TYPE: null,
  /** An integer was read or written as a number that cannot hold it. */
  SPOP_UNSAFE_INTEGER: null,
  /** A declared argument is missing or NULL, and was not declared optional. */
  SPOP_MISSING_ARGUMENT: null,
  /** A message, argument or variable has a name that the protocol or HAProxy cannot take. */
  SPOP_INVALID_NAME: null,
  /** A declared type cannot hold a value. */
  SPOP_INVALID_VALUE: null,
  /** An argument that is read as headers is malformed, or ends before its headers do. */
  SPOP_BAD_HEADERS: null,
  /** A value does not fit under the frame's limit, and was not written. */
  SPOP_FRAME_FULL: null,
  /** A buffer was released twice, or to another pool than its own. */
  SPOP_POOL_MISUSE: null,
  /** The object's state does not allow the call. */
  SPOP_MISUSE: null,
} as const;

/** The stable code of a {@link SpopError}. */
export type SpopErrorCode = keyof typeof ErrorStatus;

/**
 * The symbol under which each error has the number of its layout. An application may have two copies of the codec, its own
 * and its agent's, and neither copy's class is in the other's prototype chain.
 */
const ERROR: unique symbol = Symbol.for('@spop/codec/error');
const LAYOUT = 1;

/**
 * The one error class of these packages. `code` is the stable contract; `reason` is for people and may be reworded.
 *
 * For an error of the peer, `status` is the status of the DISCONNECT to it, and `offset` the place of its wrong bytes. For an
 * error of the caller, `status` is undefined: nothing was sent, and nothing needs to be.
 *
 * `instanceof SpopError` also holds for errors of another copy of this package that have the same layout.
 */
export class SpopError extends Error {
  /** Always `SpopError`, as the name of its class. */
  override readonly name: string = 'SpopError';
  /** What went wrong, for programs: docs/errors.md lists every code with its causes. */
  readonly code: SpopErrorCode;
  /** The DISCONNECT status code for the peer (0 to 99); undefined when the peer is not at fault. */
  readonly status: Status | undefined;
  /** What was expected and what was found; `message` is the code and this. */
  readonly reason: string;
  /** The wrong byte's offset from the start of the frame's length field; -1 when no byte is at fault. */
  readonly offset: number;

  constructor(code: SpopErrorCode, reason: string, offset: number = -1, options?: ErrorOptions) {
    super(offset < 0 ? `${code}: ${reason}` : `${code}: ${reason} (at byte ${offset} of the frame)`, options);
    this.code = code;
    this.status = ErrorStatus[code] ?? undefined;
    this.reason = reason;
    this.offset = offset;
  }

  /** `instanceof SpopError`: true for a SpopError of this copy of the package or of another with the same layout. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== SpopError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return value instanceof Error && Reflect.get(value, ERROR) === LAYOUT;
  }
}

Object.defineProperty(SpopError.prototype, ERROR, { value: LAYOUT });
