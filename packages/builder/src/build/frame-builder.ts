import { FrameFlag, FrameType, type ScopeName, SpopError } from '@spop/codec';
import type { Action, Message, PlainFrame } from '../data/model.ts';
import { concat, fromHex } from '../data/text.ts';
import { describe } from '../data/describe.ts';
import { infer, int32, nil, uint32, uint64 } from '../data/values.ts';
import type { RawData, TypedData, ValueInput } from '../data/typed-data.ts';
import { parseFrame } from '../read/parse.ts';
import { writeAction, writeKvList, writeMessage, writeRawFrame, writeSetVar, writeUnsetVar } from './plain-writer.ts';
import {
  type InputOf,
  type MessageSchema,
  type SchemaParameters,
  toDeclaredArguments,
  toDeclaredData,
  type VariableSchema,
} from './schema.ts';

/** The fields of every frame besides its payload; all of them may be wrong on purpose. */
export interface FrameOptions {
  /** 0 to 2^64-1. */
  readonly streamId?: number | bigint | undefined;
  /** 0 to 2^64-1. */
  readonly frameId?: number | bigint | undefined;
  /** All 32 bits; FIN alone by default. */
  readonly flags?: number | undefined;
  /** The length field in bytes, if it should differ from the frame's length. */
  readonly length?: number | undefined;
}

/**
 * A message's arguments by name; or, for empty and repeated names, a list of values and `[name, value]` pairs. By name, undefined
 * leaves an argument out; JavaScript moves names such as `'0'` to the front.
 */
export type ArgumentsInput = Readonly<Record<string, ValueInput | undefined>> | readonly ArgumentItem[];

/** An unnamed argument, or a name and a value. */
export type ArgumentItem = ValueInput | readonly [name: string | Uint8Array, value: ValueInput];

/** A builder of a frame. It is immutable: each method returns a new one, so that tests can share a common beginning. */
export class FrameBuilder {
  /** The frame's type on the wire, 0 to 255: a `FrameType`, or a wrong one. */
  readonly typeByte: number;
  /** The ids, flags and length that were given. */
  readonly options: FrameOptions;
  /** The payload so far, in pieces. */
  protected readonly parts: readonly Uint8Array[];

  constructor(typeByte: number, options: FrameOptions, parts: readonly Uint8Array[] = []) {
    this.typeByte = typeByte;
    this.options = options;
    this.parts = parts;
  }

  /** The payload so far, in a new array. */
  toPayload(): Uint8Array {
    return concat(this.parts);
  }

  /**
   * The frame's bytes with the length field, in a new array.
   *
   * @throws {SpopError} SPOP_INVALID_VALUE for an id that is not 0 to 2^64-1.
   */
  toBytes(): Uint8Array {
    const { flags = FrameFlag.Fin, streamId = 0, frameId = 0, length } = this.options;
    return writeRawFrame({ typeByte: this.typeByte, flags, streamId, frameId, length, payload: this.toPayload() });
  }

  /**
   * The frame as a plain object, as `parse` returns it.
   *
   * @throws {SpopError} when the frame was built malformed.
   */
  toFrame(): PlainFrame {
    return parseFrame(this, { maxFrameSize: 0xffffffff });
  }
}

/** Bytes, given as bytes or hexadecimal digits. */
function rawBytes(bytes: Uint8Array | string): Uint8Array {
  return typeof bytes === 'string' ? fromHex(bytes) : Uint8Array.from(bytes);
}

/** A builder of a frame of any type with any payload. */
export class RawFrameBuilder extends FrameBuilder {
  /** Appends bytes (or hexadecimal digits) to the payload. */
  raw(bytes: Uint8Array | string): RawFrameBuilder {
    return new RawFrameBuilder(this.typeByte, this.options, [...this.parts, rawBytes(bytes)]);
  }
}

interface NamedData {
  readonly name: string | Uint8Array;
  readonly value: TypedData | RawData;
}

function isList(args: ArgumentsInput): args is readonly ArgumentItem[] {
  return Array.isArray(args);
}

function isPair(item: ArgumentItem): item is readonly [name: string | Uint8Array, value: ValueInput] {
  return Array.isArray(item);
}

function namedData(args: ArgumentsInput): NamedData[] {
  if (isList(args)) {
    return args.map((item) =>
      isPair(item) ? { name: item[0], value: infer(item[1]) } : { name: '', value: infer(item) },
    );
  }
  return Object.entries(args).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value: infer(value) }]));
}

/** A builder of a NOTIFY (SPOE.txt §3.2.6). */
export class NotifyBuilder extends FrameBuilder {
  constructor(options: FrameOptions, parts: readonly Uint8Array[] = []) {
    super(FrameType.Notify, options, parts);
  }

  /**
   * Appends a message that a schema declares. A wrong name, a wrong type or a missing argument does not compile.
   *
   * @throws {SpopError} for the same errors of untyped callers: SPOP_INVALID_NAME, SPOP_INVALID_VALUE, SPOP_MISSING_ARGUMENT.
   */
  message<Schema extends MessageSchema>(schema: Schema, ...args: SchemaParameters<Schema>): NotifyBuilder;
  /**
   * Appends a message with any arguments. `nbArgs` replaces the count byte, which is their number modulo 256 by default.
   *
   * @throws {SpopError} SPOP_INVALID_VALUE for a value that SPOP cannot carry.
   */
  message(
    name: string | Uint8Array,
    args?: ArgumentsInput,
    options?: { readonly nbArgs?: number | undefined },
  ): NotifyBuilder;
  message(
    message: MessageSchema | string | Uint8Array,
    args: ArgumentsInput = {},
    options: { readonly nbArgs?: number | undefined } = {},
  ): NotifyBuilder {
    return this.untypedMessage(message, args, options);
  }

  /** {@link NotifyBuilder.message} for a schema or a name; a schema is checked at run time only. */
  untypedMessage(
    message: MessageSchema | string | Uint8Array,
    args: ArgumentsInput = {},
    options: { readonly nbArgs?: number | undefined } = {},
  ): NotifyBuilder {
    if (typeof message === 'string' || message instanceof Uint8Array) {
      return this.raw(writeMessage({ name: message, args: namedData(args) }, options.nbArgs));
    }
    if (isList(args)) {
      throw new SpopError(
        'SPOP_INVALID_VALUE',
        `expected the arguments of message ${message.name} by name, as its schema has them; found a list`,
      );
    }
    return this.raw(writeMessage({ name: message.name, args: toDeclaredArguments(message, args) }));
  }

  /** Appends messages in the form that `parse` and the arbitraries return. */
  messages(messages: readonly Message[]): NotifyBuilder {
    return this.raw(concat(messages.map((message) => writeMessage(message))));
  }

  /** Appends bytes (or hexadecimal digits) to the payload. */
  raw(bytes: Uint8Array | string): NotifyBuilder {
    return new NotifyBuilder(this.options, [...this.parts, rawBytes(bytes)]);
  }
}

/** A builder of an ACK (SPOE.txt §3.2.7, §3.4). */
export class AckBuilder extends FrameBuilder {
  constructor(options: FrameOptions, parts: readonly Uint8Array[] = []) {
    super(FrameType.Ack, options, parts);
  }

  /** Appends a set-var of a declared variable, whose type decides the data type on the wire. */
  setVar<Variable extends VariableSchema>(variable: Variable, value: InputOf<Variable> | null): AckBuilder;
  /** Appends a set-var. A scope given as a number, and `nbArgs`, may be wrong. */
  setVar(
    scope: ScopeName | number,
    name: string | Uint8Array,
    value: ValueInput,
    options?: { readonly nbArgs?: number | undefined },
  ): AckBuilder;
  setVar(
    target: VariableSchema | ScopeName | number,
    nameOrValue: ValueInput,
    value: ValueInput = null,
    options: { readonly nbArgs?: number | undefined } = {},
  ): AckBuilder {
    if (typeof target === 'object') {
      return this.raw(writeSetVar(target.scope, target.name, variableData(target, nameOrValue)));
    }
    return this.raw(writeSetVar(target, variableName(nameOrValue), infer(value), options.nbArgs));
  }

  /** Appends an unset-var of a declared variable. */
  unsetVar(variable: VariableSchema): AckBuilder;
  /** Appends an unset-var. A scope given as a number, and `nbArgs`, may be wrong. */
  unsetVar(
    scope: ScopeName | number,
    name: string | Uint8Array,
    options?: { readonly nbArgs?: number | undefined },
  ): AckBuilder;
  unsetVar(
    target: VariableSchema | ScopeName | number,
    name?: string | Uint8Array,
    options: { readonly nbArgs?: number | undefined } = {},
  ): AckBuilder {
    return typeof target === 'object'
      ? this.raw(writeUnsetVar(target.scope, target.name))
      : this.raw(writeUnsetVar(target, variableName(name), options.nbArgs));
  }

  /** Appends actions in the form that `parse` and the arbitraries return. */
  actions(actions: readonly Action[]): AckBuilder {
    return this.raw(concat(actions.map(writeAction)));
  }

  /** Appends bytes (or hexadecimal digits) to the payload. */
  raw(bytes: Uint8Array | string): AckBuilder {
    return new AckBuilder(this.options, [...this.parts, rawBytes(bytes)]);
  }
}

function variableName(name: unknown): string | Uint8Array {
  if (typeof name === 'string' || name instanceof Uint8Array) return name;
  throw new SpopError('SPOP_INVALID_NAME', `expected the name of a variable; found ${describe(name)}`);
}

/** A variable's value as an agent writes it: an integer has its declared type, and not always INT64 as from HAProxy. */
function variableData({ name, kind }: VariableSchema, value: ValueInput): TypedData {
  if (value === null) return nil;
  const data = toDeclaredData(`variable ${name}`, kind, value);
  if (typeof value === 'object' || !('value' in data) || typeof data.value !== 'bigint') return data;
  if (kind === 'int32') return int32(data.value);
  if (kind === 'uint32') return uint32(data.value);
  return kind === 'uint64' ? uint64(data.value) : data;
}

/** A builder of a HELLO or DISCONNECT, whose payload is a KV-list (SPOE.txt §3.2). */
export class KvBuilder extends FrameBuilder {
  /** Appends an item, known or not. */
  item(name: string | Uint8Array, value: ValueInput): KvBuilder {
    return this.raw(writeKvList([{ name, value: infer(value) }]));
  }

  /** Appends bytes (or hexadecimal digits) to the payload. */
  raw(bytes: Uint8Array | string): KvBuilder {
    return new KvBuilder(this.typeByte, this.options, [...this.parts, rawBytes(bytes)]);
  }

  /** Appends the item unless its value is null, with which an option leaves a key out. */
  optionalItem(name: string, value: TypedData | null): KvBuilder {
    return value === null ? this : this.item(name, value);
  }
}
