import { DEFAULT_MAX_FRAME_SIZE, FrameFlag, MIN_MAX_FRAME_SIZE, Status } from '@spop/codec';
import * as fc from 'fast-check';
import { NotifyBuilder } from '../build/frame-builder.ts';
import { agentDisconnect, agentHello, haproxyDisconnect, haproxyHello } from '../build/frames.ts';
import type {
  AckFrame,
  Action,
  Argument,
  FragmentFrame,
  KvFrame,
  Message,
  NotifyFrame,
  PlainFrame,
  UnknownFrame,
} from '../data/model.ts';
import type { TypedData } from '../data/typed-data.ts';
import { fragment } from '../haproxy/presets.ts';
import type { Side } from '../validate/connection-state.ts';
import { argumentName, messageName, scope, text, typedData, unsigned64, variableName } from './data.ts';
import { list } from './list.ts';

/** One argument of a message, with or without a name. */
export function argument(data: fc.Arbitrary<TypedData> = typedData()): fc.Arbitrary<Argument> {
  return fc.record({ name: argumentName(), value: data });
}

/** Limits of generated messages. */
export interface MessageConstraints {
  /** The most arguments; 8 by default, and up to 255. */
  readonly maxArgs?: number | undefined;
  /** The values; any typed data by default. */
  readonly data?: fc.Arbitrary<TypedData> | undefined;
}

/** One message. */
export function message(constraints: MessageConstraints = {}): fc.Arbitrary<Message> {
  const { maxArgs = 8, data = typedData() } = constraints;
  return fc.record({ name: messageName(), args: list(argument(data), maxArgs) });
}

/** Stream-id or frame-id, 0 to 2^64-1. */
export function id(): fc.Arbitrary<bigint> {
  return unsigned64();
}

/** One whole NOTIFY with any ids. */
export function notifyFrame(
  constraints: MessageConstraints & { readonly maxMessages?: number | undefined } = {},
): fc.Arbitrary<NotifyFrame> {
  return fc.record({
    type: fc.constant('NOTIFY' as const),
    flags: fc.constant(FrameFlag.Fin),
    streamId: id(),
    frameId: id(),
    messages: list(message(constraints), constraints.maxMessages ?? 4),
  });
}

/** One action with a variable name that HAProxy takes. */
export function action(): fc.Arbitrary<Action> {
  return fc.oneof(
    { withCrossShrink: true },
    fc.record({ type: fc.constant('set-var' as const), scope: scope(), name: variableName(), value: typedData() }),
    fc.record({ type: fc.constant('unset-var' as const), scope: scope(), name: variableName() }),
  );
}

/** One ACK with any ids. */
export function ackFrame(constraints: { readonly maxActions?: number | undefined } = {}): fc.Arbitrary<AckFrame> {
  return fc.record({
    type: fc.constant('ACK' as const),
    flags: fc.constant(FrameFlag.Fin),
    streamId: id(),
    frameId: id(),
    actions: list(action(), constraints.maxActions ?? 6),
  });
}

function kvFrame(frame: { toFrame(): PlainFrame }): KvFrame {
  const built = frame.toFrame();
  if ('items' in built) return built;
  throw new TypeError(`expected a KV-list; found ${built.type}`);
}

function maxFrameSize(): fc.Arbitrary<number> {
  return fc.oneof(
    { withCrossShrink: true },
    fc.constant(DEFAULT_MAX_FRAME_SIZE),
    fc.integer({ min: MIN_MAX_FRAME_SIZE, max: DEFAULT_MAX_FRAME_SIZE }),
  );
}

/** One HAPROXY-HELLO that an agent must accept, also of a health check. */
export function haproxyHelloFrame(): fc.Arbitrary<KvFrame> {
  return fc
    .record({
      supportedVersions: fc.constantFrom('2.0', '2.0, 1.5', ' 2.0 '),
      maxFrameSize: maxFrameSize(),
      capabilities: fc.constantFrom('pipelining', '', 'pipelining,async', 'pipelining, unknown'),
      engineId: fc.option(fc.uuid()),
      healthcheck: fc.option(fc.boolean()),
    })
    .map((options) => kvFrame(haproxyHello(options)));
}

/** One AGENT-HELLO that HAProxy accepts. */
export function agentHelloFrame(): fc.Arbitrary<KvFrame> {
  return fc
    .record({
      version: fc.constantFrom('2.0', ' 2.0 '),
      maxFrameSize: maxFrameSize(),
      capabilities: fc.constantFrom('pipelining', '', 'pipelining,fragmentation'),
    })
    .map((options) => kvFrame(agentHello(options)));
}

/** One DISCONNECT of either side with a status code that SPOE.txt §3.5 lists. */
export function disconnectFrame(from: Side): fc.Arbitrary<KvFrame> {
  const build = from === 'agent' ? agentDisconnect : haproxyDisconnect;
  return fc
    .record({ statusCode: fc.constantFrom(...Object.values(Status)), message: text(40) })
    .map((options) => kvFrame(build(options)));
}

/** One frame of a type that SPOP 2.0 does not know. */
export function unknownFrame(): fc.Arbitrary<UnknownFrame> {
  return fc.record({
    type: fc.constant('UNKNOWN' as const),
    typeByte: fc.integer({ min: 4, max: 255 }).map((type) => (type >= 101 && type <= 103 ? 200 : type)),
    flags: fc.constant(FrameFlag.Fin),
    streamId: id(),
    frameId: id(),
    payload: fc.uint8Array({ maxLength: 32 }),
  });
}

/** One whole frame of any type. */
export function anyFrame(): fc.Arbitrary<PlainFrame> {
  return fc.oneof(
    notifyFrame(),
    ackFrame(),
    haproxyHelloFrame(),
    agentHelloFrame(),
    disconnectFrame('haproxy'),
    disconnectFrame('agent'),
    unknownFrame(),
  );
}

/** A NOTIFY and the frames in which HAProxy 3.0 and older may send it, two or more. */
export function fragmentedNotify(): fc.Arbitrary<{
  readonly whole: NotifyFrame;
  readonly fragments: readonly FragmentFrame[];
}> {
  return fc
    .record({ whole: notifyFrame(), payloadBytes: fc.integer({ min: 1, max: 200 }) })
    .map(({ whole, payloadBytes }) => {
      const builder = new NotifyBuilder(whole).messages(whole.messages);
      const fragments = fragment(builder, payloadBytes).map((part) => part.toFrame());
      return {
        whole,
        fragments: fragments.filter((part): part is FragmentFrame => 'payload' in part && part.type !== 'UNKNOWN'),
      };
    });
}
