import { DEFAULT_MAX_FRAME_SIZE, FrameFlag, FrameType, HAPROXY_MAX_IN_FLIGHT, SpopError } from '@spop/codec';
import type { FrameBuilder, FrameOptions, KvBuilder, NotifyBuilder } from '../build/frame-builder.ts';
import {
  type DisconnectOptions,
  frame,
  haproxyDisconnect,
  haproxyHello,
  type HaproxyHelloOptions,
  notify,
  unset,
} from '../build/frames.ts';
import type { HaproxyLine } from '../data/haproxy-line.ts';
import { given } from '../data/options.ts';

/** The configuration of a HAProxy, as far as an agent can see it. */
export interface HaproxyOptions {
  /** `tune.bufsize` - 4, in bytes; 16380 by default. */
  readonly maxFrameSize?: number | undefined;
  /** `option pipelining`; on by default. */
  readonly pipelining?: boolean | undefined;
  /** `option async` of 3.0 and older; on by default there, as in HAProxy with one thread. */
  readonly async?: boolean | undefined;
  /** The engine-id. HAProxy makes a random one at its start; the default here is always the same. */
  readonly engineId?: string | undefined;
  /** The first stream-id: 0 by default for 3.0 and older, always 1 for later releases. */
  readonly firstStreamId?: number | bigint | undefined;
}

/** The bytes that HAProxy 3.0 and older reserve for a frame's header when they cut a payload (FRAME_HDR_SIZE). */
const APPLET_HEADER_BYTES = 32;

interface Counter {
  next: bigint;
}

/** Makes the frames that one line of HAProxy sends. It is not immutable: each `notify()` takes the next ids. */
export class HaproxyPreset {
  /** The line that it plays. */
  readonly line: HaproxyLine;
  /** The options that were given, without defaults. */
  readonly options: HaproxyOptions;
  readonly #streams: Counter;
  #streamId: bigint = 0n;
  #frameId: bigint = 0n;

  /** @internal Made by {@link haproxy}. */
  constructor(line: HaproxyLine, options: HaproxyOptions, streams: Counter) {
    this.line = line;
    this.options = options;
    this.#streams = streams;
  }

  /** Whether this line fragments a large NOTIFY for agents that announce `fragmentation`. */
  get canFragment(): boolean {
    return this.line === '2.6' || this.line === '3.0';
  }

  /** Its max-frame-size, in bytes. */
  get maxFrameSize(): number {
    return this.options.maxFrameSize ?? DEFAULT_MAX_FRAME_SIZE;
  }

  /** The capabilities that it announces. */
  get capabilities(): string {
    const { pipelining = true, async = true } = this.options;
    return [pipelining ? 'pipelining' : '', async && this.canFragment ? 'async' : '']
      .filter((capability) => capability !== '')
      .join(',');
  }

  /** The most NOTIFYs that wait for their ACKs on one connection. */
  maxInFlight(agentCapabilities: readonly string[]): number {
    return (this.options.pipelining ?? true) && agentCapabilities.includes('pipelining') ? HAPROXY_MAX_IN_FLIGHT : 1;
  }

  /** The same HAProxy on another connection: 3.0 and older count stream-ids per process, later releases per connection. */
  connection(): HaproxyPreset {
    return new HaproxyPreset(this.line, this.options, this.canFragment ? this.#streams : { next: 1n });
  }

  /** The HAPROXY-HELLO of a connection that will carry NOTIFYs. */
  hello(options: HaproxyHelloOptions = {}): KvBuilder {
    const { engineId = '5bf1ac4e-3f0c-4d3b-9a57-0c1f6de2b8a4' } = this.options;
    const usual = { maxFrameSize: this.maxFrameSize, capabilities: this.capabilities, engineId };
    return haproxyHello({ ...usual, ...given(options) });
  }

  /** The HAPROXY-HELLO of `option spop-check`: no capabilities, no engine-id, and always 16380 as max-frame-size. */
  healthcheck(): KvBuilder {
    return haproxyHello({ maxFrameSize: DEFAULT_MAX_FRAME_SIZE, capabilities: '', healthcheck: true });
  }

  /**
   * A NOTIFY with the next ids. In 3.0 and older these are stream-ids 0, 1, 2 … with frame-id 1, and with `sameStream` the same
   * stream-id with the next frame-id. In later releases these are stream-ids 1, 3, 5 … with frame-id 1.
   */
  notify(options: FrameOptions & { readonly sameStream?: boolean | undefined } = {}): NotifyBuilder {
    const { sameStream = false, ...frameOptions } = options;
    if (sameStream && this.canFragment && this.#frameId > 0n) {
      this.#frameId++;
    } else {
      this.#streamId = this.#streams.next;
      this.#streams.next += this.canFragment ? 1n : 2n;
      this.#frameId = 1n;
    }
    return notify({ streamId: this.#streamId, frameId: this.#frameId, ...given(frameOptions) });
  }

  /**
   * The frames in which 3.0 and older send a NOTIFY that is larger than the negotiated max-frame-size: a NOTIFY without FIN,
   * and UNSET frames, the last with FIN; one frame if the NOTIFY fits.
   *
   * @throws {SpopError} SPOP_MISUSE for a line that never fragments.
   */
  fragments(whole: NotifyBuilder, maxFrameSize: number): FrameBuilder[] {
    const payload = whole.toPayload();
    const size = maxFrameSize - APPLET_HEADER_BYTES;
    if (payload.length <= size) return [whole];
    if (!this.canFragment) {
      throw new SpopError(
        'SPOP_MISUSE',
        `expected the preset '3.0' or '2.6' for fragments; found '${this.line}', which never fragments`,
      );
    }
    return fragment(whole, size);
  }

  /** The frame with which HAProxy gives up a fragmented NOTIFY: UNSET with FIN and ABORT, without payload. */
  abort(whole: NotifyBuilder): FrameBuilder {
    return unset({ ...ids(whole), flags: FrameFlag.Fin | FrameFlag.Abort });
  }

  /** A HAPROXY-DISCONNECT. */
  disconnect(options: DisconnectOptions = {}): KvBuilder {
    return haproxyDisconnect(options);
  }
}

function ids(builder: FrameBuilder): { streamId: number | bigint; frameId: number | bigint } {
  const { streamId = 0, frameId = 0 } = builder.options;
  return { streamId, frameId };
}

/**
 * Cuts a NOTIFY's payload into a NOTIFY without FIN and UNSET frames of `payloadBytes` (1 or more) each; the last has FIN. It
 * returns at least two frames; the second is empty if the whole payload fits into the first.
 */
export function fragment(whole: NotifyBuilder, payloadBytes: number): FrameBuilder[] {
  const payload = whole.toPayload();
  const size = Math.max(1, Math.floor(payloadBytes));
  const frames: FrameBuilder[] = [frame(FrameType.Notify, { ...ids(whole), flags: 0 }, payload.subarray(0, size))];
  for (let start = size; frames.length === 1 || start < payload.length; start += size) {
    const flags = start + size >= payload.length ? FrameFlag.Fin : 0;
    frames.push(unset({ ...ids(whole), flags }, payload.subarray(start, start + size)));
  }
  return frames;
}

/** The frames of one line of HAProxy: `haproxy('3.2').hello()`, `.healthcheck()`, `.notify()` … */
export function haproxy(line: HaproxyLine = '3.2', options: HaproxyOptions = {}): HaproxyPreset {
  const isApplet = line === '2.6' || line === '3.0';
  return new HaproxyPreset(line, options, { next: BigInt(isApplet ? (options.firstStreamId ?? 0) : 1) });
}
