import { FrameType, Scope, type ScopeName } from '@spop/codec';
import type { TypedData } from './typed-data.ts';

/** A name and a value: an argument of a message, or an item of a KV-list (SPOE.txt §3.2). Names may be empty and repeat. */
export interface Argument {
  /** The name in UTF-8; text that is not valid UTF-8 as in a `StringData`. */
  readonly name: string;
  /** The value with its type. */
  readonly value: TypedData;
}

/** One message of a NOTIFY (SPOE.txt §3.2.6); arguments in the order of the wire. */
export interface Message {
  /** The name that the `spoe-message` section of HAProxy's configuration gives it. */
  readonly name: string;
  /** At most 255 arguments, since NB-ARGS is one byte. */
  readonly args: readonly Argument[];
}

/** The action that sets a variable (SPOE.txt §3.4). */
export interface SetVar {
  /** Tells the action from an {@link UnsetVar}. */
  readonly type: 'set-var';
  /** The scope of the variable. */
  readonly scope: ScopeName;
  /** The name without scope and `option var-prefix`, which HAProxy adds. */
  readonly name: string;
  /** The value with its type; NULL unsets the variable. */
  readonly value: TypedData;
}
/** The action that unsets a variable (SPOE.txt §3.4). */
export interface UnsetVar {
  /** Tells the action from a {@link SetVar}. */
  readonly type: 'unset-var';
  /** The scope of the variable. */
  readonly scope: ScopeName;
  /** The name without scope and `option var-prefix`, as in {@link SetVar.name}. */
  readonly name: string;
}

/** One action of an ACK (SPOE.txt §3.4). */
export type Action = SetVar | UnsetVar;

/** The fields before every payload (SPOE.txt §3.2). */
export interface FrameHeader {
  /** All 32 bits, 0 to 2^32-1: 1 is FIN, 2 is ABORT. */
  readonly flags: number;
  /** 0 to 2^64-1. */
  readonly streamId: bigint;
  /** 0 to 2^64-1. */
  readonly frameId: bigint;
}

/** A HELLO or DISCONNECT of either side; its payload is a KV-list. */
export interface KvFrame extends FrameHeader {
  /** The name of the frame's type. */
  readonly type: 'HAPROXY-HELLO' | 'HAPROXY-DISCONNECT' | 'AGENT-HELLO' | 'AGENT-DISCONNECT';
  /** The items in the order of the wire. */
  readonly items: readonly Argument[];
}

/** A whole NOTIFY: FIN is set. */
export interface NotifyFrame extends FrameHeader {
  /** The name of the frame's type. */
  readonly type: 'NOTIFY';
  /** The messages in the order of the wire. */
  readonly messages: readonly Message[];
}

/** A part of a fragmented NOTIFY: its first frame (type 3 without FIN), or a continuation (UNSET, type 0). */
export interface FragmentFrame extends FrameHeader {
  /** `NOTIFY-FRAGMENT` for the first frame, `UNSET` for the others. */
  readonly type: 'NOTIFY-FRAGMENT' | 'UNSET';
  /** Bytes of the messages, cut anywhere. */
  readonly payload: Uint8Array;
}

/** An ACK (SPOE.txt §3.2.7); actions in the order of the wire. */
export interface AckFrame extends FrameHeader {
  /** The name of the frame's type. */
  readonly type: 'ACK';
  /** The actions in the order in which HAProxy carries them out. */
  readonly actions: readonly Action[];
}

/** A frame of a type that SPOP 2.0 does not know. */
export interface UnknownFrame extends FrameHeader {
  /** Tells the frame from those of known types. */
  readonly type: 'UNKNOWN';
  /** The type byte. */
  readonly typeByte: number;
  /** The bytes after the ids. */
  readonly payload: Uint8Array;
}

/** One frame as a plain object, told apart by `type`. */
export type PlainFrame = KvFrame | NotifyFrame | FragmentFrame | AckFrame | UnknownFrame;

/** The name of a frame type in SPOE.txt §3.2.2, or `UNKNOWN`. */
export function frameTypeName(typeByte: number): string {
  switch (typeByte) {
    case FrameType.Unset:
      return 'UNSET';
    case FrameType.HaproxyHello:
      return 'HAPROXY-HELLO';
    case FrameType.HaproxyDisconnect:
      return 'HAPROXY-DISCONNECT';
    case FrameType.Notify:
      return 'NOTIFY';
    case FrameType.AgentHello:
      return 'AGENT-HELLO';
    case FrameType.AgentDisconnect:
      return 'AGENT-DISCONNECT';
    case FrameType.Ack:
      return 'ACK';
    default:
      return 'UNKNOWN';
  }
}

/** The scope of a number on the wire; undefined for one that SPOP does not have. */
export function scopeName(scope: number): ScopeName | undefined {
  return (Object.keys(Scope) as ScopeName[]).find((name) => Scope[name] === scope);
}
