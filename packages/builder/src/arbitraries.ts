/**
 * fast-check arbitraries of everything in SPOP, for properties of parsers, handlers and whole agents. They shrink
 * towards what a person would write: few messages, few arguments, short ASCII names, small numbers, 0.0.0.0.
 */
import * as fc from 'fast-check';
import { DEFAULT_MAX_FRAME_SIZE, FrameFlag, MIN_MAX_FRAME_SIZE, Status } from '@spop/codec';
import type { ScopeName } from '@spop/codec';
import { agentDisconnect, agentHello, haproxyDisconnect, haproxyHello, NotifyBuilder } from './frames.ts';
import type {
  AckFrame,
  Action,
  Argument,
  FragmentFrame,
  Frame,
  KvFrame,
  Message,
  NotifyFrame,
  UnknownFrame,
} from './model.ts';
import { writeFrame } from './plain-writer.ts';
import { fragment, haproxy } from './presets.ts';
import type { HaproxyLine } from './presets.ts';
import { corrupt, corruptionNames, corruptionsOf } from './corrupt.ts';
import type { CorruptionName } from './corrupt.ts';
import { concat, toText } from './text.ts';
import type { Side } from './connection-state.ts';
import { bool, int32, int64, ipv4, ipv6, nil, string, uint32, uint64 } from './values.ts';
import type { TypedData } from './values.ts';

/** The values where a varint becomes one byte longer (SPOE.txt §3.1), from one byte to ten. */
const varintBoundaries: readonly bigint[] = [
  240n,
  2288n,
  264_432n,
  33_818_864n,
  4_328_786_160n,
  554_084_600_048n,
  70_922_828_777_712n,
  9_078_122_083_518_704n,
  1_161_999_626_690_365_680n,
];

function boundary(): fc.Arbitrary<bigint> {
  return fc
    .tuple(fc.constantFrom(...varintBoundaries), fc.bigInt({ min: -1n, max: 1n }))
    .map(([value, delta]) => value + delta);
}

/** 0 to 2^64-1, with a liking for the boundaries between lengths of varints. */
export function unsigned64(): fc.Arbitrary<bigint> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 3, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
    { weight: 1, arbitrary: boundary() },
  );
}

/** -2^63 to 2^63-1, with a liking for the boundaries between lengths of varints. */
export function signed64(): fc.Arbitrary<bigint> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 3, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
    { weight: 1, arbitrary: boundary().map((value) => BigInt.asIntN(64, value)) },
  );
}

/** Text as UTF-8 or any bytes, as `toText` gives them, at most `maxBytes` (64) bytes or so. */
export function text(maxBytes: number = 64): fc.Arbitrary<string> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 4, arbitrary: fc.string({ maxLength: maxBytes, unit: 'grapheme-ascii' }) },
    { weight: 1, arbitrary: fc.string({ maxLength: Math.floor(maxBytes / 4), unit: 'binary' }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: maxBytes }).map(toText) },
  );
}

const nameCharacters = 'abcdefghijklmnopqrstuvwxyz0123456789_';

/** A name as configurations have them: lower-case letters, digits, `_` and the given extra characters; at least one. */
function plainName(extra: string): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...(nameCharacters + extra).split('')), minLength: 1, maxLength: 16 });
}

/** The name of a message: letters, digits, `_`, `-` and `.`. */
export function messageName(): fc.Arbitrary<string> {
  return plainName('-.');
}

/** The name of an argument: as HAProxy's configuration allows, or empty. */
export function argumentName(): fc.Arbitrary<string> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 9, arbitrary: plainName('-.') },
    { weight: 1, arbitrary: fc.constant('') },
  );
}

/** The name of a variable that every HAProxy takes. */
export function variableName(): fc.Arbitrary<string> {
  return plainName('.ABCDEFGHIJKLMNOPQRSTUVWXYZ');
}

/** One of the five scopes. */
export function scope(): fc.Arbitrary<ScopeName> {
  return fc.constantFrom('proc', 'sess', 'txn', 'req', 'res');
}

/** One typed data of any type. */
export function typedData(): fc.Arbitrary<TypedData> {
  return fc.oneof(
    { withCrossShrink: true },
    fc.constant<TypedData>(nil),
    fc.boolean().map(bool),
    signed64().map(int64),
    fc.integer().map(int32),
    unsigned64().map((value) => uint32(BigInt.asUintN(32, value))),
    unsigned64().map(uint64),
    fc.uint8Array({ minLength: 4, maxLength: 4 }).map(ipv4),
    fc.uint8Array({ minLength: 16, maxLength: 16 }).map(ipv6),
    text().map(string),
    fc.uint8Array({ maxLength: 64 }).map((value): TypedData => ({ type: 'binary', value })),
  );
}

/** One typed data of a type that HAProxy sends: integers are always INT64. */
export function haproxyData(): fc.Arbitrary<TypedData> {
  return typedData().map((data) =>
    data.type === 'int32' || data.type === 'uint32' || data.type === 'uint64'
      ? int64(BigInt.asIntN(64, BigInt(data.value)))
      : data,
  );
}

/** One argument of a message, named or not. */
export function argument(data: fc.Arbitrary<TypedData> = typedData()): fc.Arbitrary<Argument> {
  return fc.record({ name: argumentName(), value: data });
}

/** Bounds of generated messages. */
export interface MessageConstraints {
  /** 8 by default; 255 is what one message can have. */
  readonly maxArgs?: number;
  /** What the values are; any typed data by default. */
  readonly data?: fc.Arbitrary<TypedData>;
}

/** One message. */
export function message(constraints: MessageConstraints = {}): fc.Arbitrary<Message> {
  const { maxArgs = 8, data = typedData() } = constraints;
  return fc.record({ name: messageName(), args: fc.array(argument(data), { maxLength: maxArgs }) });
}

/** Stream-id or frame-id, 0 to 2^64-1. */
export function id(): fc.Arbitrary<bigint> {
  return unsigned64();
}

/** One whole NOTIFY with any ids. */
export function notifyFrame(
  constraints: MessageConstraints & { readonly maxMessages?: number } = {},
): fc.Arbitrary<NotifyFrame> {
  return fc.record({
    type: fc.constant('NOTIFY' as const),
    flags: fc.constant(FrameFlag.Fin),
    streamId: id(),
    frameId: id(),
    messages: fc.array(message(constraints), { maxLength: constraints.maxMessages ?? 4 }),
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
export function ackFrame(constraints: { readonly maxActions?: number } = {}): fc.Arbitrary<AckFrame> {
  return fc.record({
    type: fc.constant('ACK' as const),
    flags: fc.constant(FrameFlag.Fin),
    streamId: id(),
    frameId: id(),
    actions: fc.array(action(), { maxLength: constraints.maxActions ?? 6 }),
  });
}

function kvFrame(frame: { toFrame(): Frame }): KvFrame {
  const built = frame.toFrame();
  if ('items' in built) return built;
  throw new TypeError(`expected a KV-list, got ${built.type}`);
}

function maxFrameSize(): fc.Arbitrary<number> {
  return fc.oneof(
    { withCrossShrink: true },
    fc.constant(DEFAULT_MAX_FRAME_SIZE),
    fc.integer({ min: MIN_MAX_FRAME_SIZE, max: DEFAULT_MAX_FRAME_SIZE }),
  );
}

/** One HAPROXY-HELLO that an agent must accept, of a health check or not. */
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
export function frame(): fc.Arbitrary<Frame> {
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
      const builder = new NotifyBuilder(whole).raw(payloadOf(whole));
      const fragments = fragment(builder, payloadBytes).map((part) => part.toFrame());
      return {
        whole,
        fragments: fragments.filter((part): part is FragmentFrame => 'payload' in part && part.type !== 'UNKNOWN'),
      };
    });
}

function payloadOf(whole: NotifyFrame): Uint8Array {
  const idBytes = writeFrame({ ...whole, messages: [] }).length;
  return writeFrame(whole).slice(idBytes);
}

/** One write of one side of a session. */
export interface SessionWrite {
  readonly from: Side;
  readonly frame: Frame;
}

/** A connection from its HELLO to its end, in which both sides do everything right. */
export interface Session {
  readonly line: HaproxyLine;
  /** All frames of both sides in the order in which they happen. */
  readonly writes: readonly SessionWrite[];
}

interface Exchange {
  readonly messages: readonly Message[];
  readonly actions: readonly Action[];
  /** How many more NOTIFYs come before the ACK. */
  readonly delay: number;
}

/** A whole session: HELLOs, up to `maxNotifies` (6) pipelined NOTIFYs with ACKs in any order, DISCONNECTs or a bare end. */
export function session(constraints: { readonly maxNotifies?: number } = {}): fc.Arbitrary<Session> {
  return fc
    .record({
      line: fc.constantFrom<HaproxyLine[]>('3.2', '3.1', '3.0', '2.6'),
      exchanges: fc.array(
        fc.record({
          messages: fc.array(message({ data: haproxyData() }), { minLength: 1, maxLength: 3 }),
          actions: fc.array(action(), { minLength: 1, maxLength: 4 }),
          delay: fc.nat({ max: 4 }),
        }),
        { maxLength: constraints.maxNotifies ?? 6 },
      ),
      disconnects: fc.boolean(),
    })
    .map(({ line, exchanges, disconnects }) => ({ line, writes: play(line, exchanges, disconnects) }));
}

function play(line: HaproxyLine, exchanges: readonly Exchange[], disconnects: boolean): SessionWrite[] {
  const preset = haproxy(line);
  const writes: SessionWrite[] = [
    { from: 'haproxy', frame: preset.hello().toFrame() },
    { from: 'agent', frame: agentHello({ capabilities: 'pipelining' }).toFrame() },
  ];
  let waiting: { due: number; ack: AckFrame }[] = [];
  for (const [index, { messages, actions, delay }] of exchanges.entries()) {
    const { streamId, frameId } = preset.notify().toFrame();
    writes.push({ from: 'haproxy', frame: { type: 'NOTIFY', flags: FrameFlag.Fin, streamId, frameId, messages } });
    waiting.push({ due: index + delay, ack: { type: 'ACK', flags: FrameFlag.Fin, streamId, frameId, actions } });
    writes.push(
      ...waiting.filter(({ due }) => due <= index).map(({ ack }) => ({ from: 'agent' as const, frame: ack })),
    );
    waiting = waiting.filter(({ due }) => due > index);
  }
  writes.push(...waiting.toSorted((a, b) => a.due - b.due).map(({ ack }) => ({ from: 'agent' as const, frame: ack })));
  if (!disconnects) return writes;
  return [
    ...writes,
    { from: 'haproxy', frame: haproxyDisconnect().toFrame() },
    { from: 'agent', frame: agentDisconnect().toFrame() },
  ];
}

/** The bytes of frames, one after the other. */
export function bytesOfFrames(frames: fc.Arbitrary<readonly Frame[]>): fc.Arbitrary<Uint8Array> {
  return frames.map((list) => concat(list.map(writeFrame)));
}

/** A byte stream cut into chunks as TCP may do it, none of them empty; shrinks towards one chunk. */
export function chunking(bytes: Uint8Array): fc.Arbitrary<Uint8Array[]> {
  if (bytes.length < 2) return fc.constant(bytes.length === 0 ? [] : [bytes]);
  const cuts = fc.oneof(
    { withCrossShrink: true },
    { weight: 5, arbitrary: fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 10 }) },
    { weight: 1, arbitrary: fc.constant(Array.from({ length: bytes.length - 1 }, (_, index) => index + 1)) },
  );
  return cuts.map((places) => {
    const sorted = [0, ...places.toSorted((a, b) => a - b), bytes.length];
    return sorted.slice(1).map((end, index) => bytes.slice(sorted[index], end));
  });
}

/** Bytes that were spoiled, and how. */
export interface Corrupted {
  /** A named corruption, or `noise`. */
  readonly name: CorruptionName | 'noise';
  readonly bytes: Uint8Array;
  /** The frame before. */
  readonly original: Frame;
}

/** One frame spoiled in one of the named ways of `corrupt`. */
export function corrupted(frames: fc.Arbitrary<Frame> = frame()): fc.Arbitrary<Corrupted> {
  return fc
    .record({ original: frames, name: fc.constantFrom(...corruptionNames) })
    .filter(({ original, name }) => corruptionsOf(writeFrame(original)).includes(name))
    .map(({ original, name }): Corrupted => ({ name, bytes: corrupt(writeFrame(original), name), original }));
}

/** One frame with up to five bytes changed, left out or added anywhere; it may be right by chance. */
export function noisy(frames: fc.Arbitrary<Frame> = frame()): fc.Arbitrary<Corrupted> {
  const edit = fc.record({
    place: fc.nat({ max: 0xffff }),
    remove: fc.nat({ max: 1 }),
    insert: fc.uint8Array({ maxLength: 1 }),
  });
  return fc
    .record({ original: frames, edits: fc.array(edit, { minLength: 1, maxLength: 5 }) })
    .map(({ original, edits }): Corrupted => {
      let bytes = writeFrame(original);
      for (const { place, remove, insert } of edits) {
        const start = place % bytes.length;
        bytes = concat([bytes.slice(0, start), insert, bytes.slice(start + remove)]);
      }
      return { name: 'noise', bytes, original };
    });
}
