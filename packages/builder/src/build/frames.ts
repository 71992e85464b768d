import { DEFAULT_MAX_FRAME_SIZE, FrameFlag, FrameType, Key, SPOP_VERSION } from '@spop/codec';
import { given } from '../data/options.ts';
import { string, uint32 } from '../data/values.ts';
import { AckBuilder, type FrameOptions, KvBuilder, NotifyBuilder, RawFrameBuilder } from './frame-builder.ts';
import { statusText } from './status-text.ts';

/** A NOTIFY without messages; stream-id 1 and frame-id 1 by default. */
export function notify(options: FrameOptions = {}): NotifyBuilder {
  return new NotifyBuilder({ streamId: 1, frameId: 1, ...given(options) });
}

/** An ACK without actions. A parsed NOTIFY may be passed for its ids, which are 1 and 1 by default. */
export function ack(options: FrameOptions = {}): AckBuilder {
  const { streamId = 1, frameId = 1, flags = FrameFlag.Fin } = options;
  return new AckBuilder({
    streamId,
    frameId,
    flags,
    ...(options.length === undefined ? {} : { length: options.length }),
  });
}

/** A continuation of a fragmented NOTIFY (HAProxy 3.0 and older). Its flags are FIN by default. */
export function unset(options: FrameOptions = {}, payload: Uint8Array | string = ''): RawFrameBuilder {
  return frame(FrameType.Unset, { streamId: 1, frameId: 1, ...given(options) }, payload);
}

/** A frame of any type (0 to 255) with any payload, given as bytes or hexadecimal digits. */
export function frame(
  typeByte: number,
  options: FrameOptions = {},
  payload: Uint8Array | string = '',
): RawFrameBuilder {
  return new RawFrameBuilder(typeByte, options).raw(payload);
}

/** Options of {@link haproxyHello}; null leaves the key out. */
export interface HaproxyHelloOptions extends FrameOptions {
  /** `2.0` by default. */
  readonly supportedVersions?: string | null | undefined;
  /** Bytes; 16,380 by default. */
  readonly maxFrameSize?: number | null | undefined;
  /** `pipelining` by default; several are separated by commas. */
  readonly capabilities?: string | null | undefined;
  /** Left out by default. */
  readonly engineId?: string | null | undefined;
  /** True for the HELLO of `option spop-check`; left out by default. */
  readonly healthcheck?: boolean | null | undefined;
}

/** A HAPROXY-HELLO (SPOE.txt §3.2.4) with the keys and types that HAProxy sends, in its order. */
export function haproxyHello(options: HaproxyHelloOptions = {}): KvBuilder {
  const {
    supportedVersions = SPOP_VERSION,
    maxFrameSize = DEFAULT_MAX_FRAME_SIZE,
    capabilities = 'pipelining',
    engineId = null,
    healthcheck = null,
  } = options;
  return new KvBuilder(FrameType.HaproxyHello, options)
    .optionalItem(Key.SupportedVersions, supportedVersions === null ? null : string(supportedVersions))
    .optionalItem(Key.MaxFrameSize, maxFrameSize === null ? null : uint32(maxFrameSize))
    .optionalItem(Key.Capabilities, capabilities === null ? null : string(capabilities))
    .optionalItem(Key.EngineId, engineId === null ? null : string(engineId))
    .optionalItem(Key.Healthcheck, healthcheck === null ? null : { type: 'bool', value: healthcheck });
}

/** Options of {@link agentHello}; null leaves the key out. */
export interface AgentHelloOptions extends FrameOptions {
  /** `2.0` by default. */
  readonly version?: string | null | undefined;
  /** Bytes; 16,380 by default. */
  readonly maxFrameSize?: number | null | undefined;
  /** `pipelining` by default; several are separated by commas. */
  readonly capabilities?: string | null | undefined;
}

/** An AGENT-HELLO (SPOE.txt §3.2.5). */
export function agentHello(options: AgentHelloOptions = {}): KvBuilder {
  const { version = SPOP_VERSION, maxFrameSize = DEFAULT_MAX_FRAME_SIZE, capabilities = 'pipelining' } = options;
  return new KvBuilder(FrameType.AgentHello, options)
    .optionalItem(Key.Version, version === null ? null : string(version))
    .optionalItem(Key.MaxFrameSize, maxFrameSize === null ? null : uint32(maxFrameSize))
    .optionalItem(Key.Capabilities, capabilities === null ? null : string(capabilities));
}

/** Options of the DISCONNECTs; null leaves the key out. */
export interface DisconnectOptions extends FrameOptions {
  /** 0 (normal) by default. */
  readonly statusCode?: number | null | undefined;
  /** HAProxy's own text of the status code by default. */
  readonly message?: string | null | undefined;
}

function disconnect(typeByte: number, options: DisconnectOptions): KvBuilder {
  const { statusCode = 0, message = statusText(statusCode ?? 0) } = options;
  return new KvBuilder(typeByte, options)
    .optionalItem(Key.StatusCode, statusCode === null ? null : uint32(statusCode))
    .optionalItem(Key.Message, message === null ? null : string(message));
}

/** A HAPROXY-DISCONNECT (SPOE.txt §3.2.8). */
export function haproxyDisconnect(options: DisconnectOptions = {}): KvBuilder {
  return disconnect(FrameType.HaproxyDisconnect, options);
}

/** An AGENT-DISCONNECT (SPOE.txt §3.2.9). */
export function agentDisconnect(options: DisconnectOptions = {}): KvBuilder {
  return disconnect(FrameType.AgentDisconnect, options);
}
