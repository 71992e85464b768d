import { FrameType } from '@spop/codec';
import { frame, haproxyHello } from '../build/frames.ts';
import { writeKvList, writeMessage } from '../build/plain-writer.ts';
import { concat } from '../data/text.ts';
import { nil, string, uint32 } from '../data/values.ts';
import type { RawData, TypedData } from '../data/typed-data.ts';
import type { Case, CaseClass, ExpectedAck, Outcome, Script } from './case.ts';
import type { Contract } from './contract.ts';

/** A name and a value, which may be wrong on purpose. */
export type Item = readonly [name: string, value: TypedData | RawData];

/** The max-frame-size that HAProxy offers, in bytes. */
export const OFFERED = 16_380;

/** Every status code of an error. */
export const ANY_ERROR: readonly number[] = Array.from({ length: 99 }, (_, index) => index + 1);

/** The keys of a HAPROXY-HELLO, in HAProxy's order. */
export const Keys: Readonly<Record<'versions' | 'maxFrameSize' | 'capabilities' | 'engineId', Item>> = {
  versions: ['supported-versions', string('2.0')],
  maxFrameSize: ['max-frame-size', uint32(OFFERED)],
  capabilities: ['capabilities', string('pipelining')],
  engineId: ['engine-id', string('f5b6a2c1-6d0e-4f3b-9a57-2c1d8e7f0a94')],
};

/** The HAPROXY-HELLO of HAProxy 3.2. */
export const HELLO: Uint8Array = helloOf(Object.values(Keys));

/** A HAPROXY-HELLO with these items. */
export function helloOf(items: readonly Item[]): Uint8Array {
  return frame(FrameType.HaproxyHello, {}, kvList(items)).toBytes();
}

/** The usual HELLO with another value for one key. */
export function helloWith(name: string, value: Item[1]): Uint8Array {
  return helloOf(Object.values(Keys).map((item): Item => (item[0] === name ? [name, value] : item)));
}

/** The HAPROXY-HELLO of `option spop-check`. */
export const HEALTH_CHECK: Uint8Array = haproxyHello({ capabilities: '', healthcheck: true }).toBytes();

/** The bytes of a KV-list. */
export function kvList(items: readonly Item[]): Uint8Array {
  return writeKvList(items.map(([name, value]) => ({ name, value })));
}

/** The bytes of a message. */
export function messageOf(name: string, items: readonly Item[] = [], nbArgs: number = items.length): Uint8Array {
  return writeMessage({ name, args: items.map(([name, value]) => ({ name, value })) }, nbArgs);
}

/** The bytes of a NOTIFY. */
export function notifyOf(payload: Uint8Array, streamId: number | bigint = 1, frameId: number | bigint = 1): Uint8Array {
  return frame(FrameType.Notify, { streamId, frameId }, payload).toBytes();
}

/** The bytes, one by one. */
export function oneByOne(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** A frame whose length field is `length`, followed by `rest`. */
export function claiming(length: number, rest: Uint8Array): Uint8Array {
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, length);
  return concat([head, rest]);
}

/** An AGENT-DISCONNECT with one of these status codes, by default with any of an error. */
export function disconnect(...status: number[]): Outcome {
  return { kind: 'disconnect', status: status.length > 0 ? status : ANY_ERROR };
}

/** Outcomes for a peer that an agent need not tolerate. */
export const REFUSED_OR_CLOSED: readonly Outcome[] = [disconnect(), { kind: 'closed' }];

/** Makes cases for a contract. */
export class Vocabulary {
  readonly contract: Contract;

  constructor(contract: Contract) {
    this.contract = contract;
  }

  /** The argument that the agent knows, for a number of 0 to 255. */
  argument(number: number): Item {
    return [this.contract.argument, this.contract.value(number)];
  }

  /** The message that the agent knows, with other arguments before its own. */
  ask(number: number, before: readonly Item[] = []): Uint8Array {
    return messageOf(this.contract.message, [...before, this.argument(number)]);
  }

  /** A NOTIFY with {@link ask}. */
  notify(number: number, streamId: number | bigint = 1, frameId: number | bigint = 1): Uint8Array {
    return notifyOf(this.ask(number), streamId, frameId);
  }

  /** The ACK for {@link ask}. */
  ack(number: number, streamId: number | bigint = 1, frameId: number | bigint = 1): ExpectedAck {
    return this.ackOf(this.contract.value(number), streamId, frameId);
  }

  /** The ACK for a value of the argument; NULL if the message or its argument is missing. */
  ackOf(value: TypedData, streamId: number | bigint = 1, frameId: number | bigint = 1): ExpectedAck {
    const { answers } = this.contract;
    const known = value.type === 'null' ? nil : answers?.to(value);
    return {
      streamId: BigInt(streamId),
      frameId: BigInt(frameId),
      value: answers === undefined ? undefined : known,
    };
  }

  /** One connection, after a handshake. */
  one(
    kind: CaseClass,
    id: string,
    title: string,
    source: string,
    script: Partial<Script> & Pick<Script, 'send' | 'expect'>,
  ): Case {
    return { id: `spop/${id}`, class: kind, title, source, scripts: [{ hello: HELLO, ...script }] };
  }

  /** One NOTIFY with this payload, and the ACK for a value of the argument. */
  answered(
    kind: CaseClass,
    id: string,
    title: string,
    source: string,
    payload: Uint8Array,
    value: TypedData = nil,
  ): Case {
    return this.one(kind, id, title, source, {
      send: [notifyOf(payload)],
      expect: [{ kind: 'acks', acks: [this.ackOf(value)] }],
    });
  }

  /** Items before the argument that the agent knows: it must still be found. */
  before(kind: CaseClass, id: string, title: string, source: string, items: readonly Item[]): Case {
    return this.answered(kind, id, title, source, this.ask(9, items), this.contract.value(9));
  }

  /** Bytes that end with an AGENT-DISCONNECT. */
  malformed(id: string, title: string, source: string, bytes: Uint8Array): Case {
    return this.one('must', id, title, `${source}; §3.2.9: an error ends with an AGENT-DISCONNECT`, {
      send: [bytes],
      expect: [disconnect()],
    });
  }

  /** A HELLO after which a NOTIFY must be answered. */
  welcomed(kind: CaseClass, id: string, title: string, source: string, hello: Uint8Array): Case {
    const expect: Outcome[] = [{ kind: 'acks', acks: [this.ack(7)] }];
    return this.one(kind, id, title, source, { hello, send: [this.notify(7)], expect });
  }

  /** A HELLO that must be answered, and nothing after it. */
  greeted(kind: CaseClass, id: string, title: string, source: string, send: readonly Uint8Array[]): Case {
    return this.one(kind, id, title, source, {
      hello: undefined,
      send,
      expect: [{ kind: 'hello', offered: OFFERED }],
    });
  }

  /** A HELLO that must be refused, with one of these status codes or any. */
  refused(id: string, title: string, hello: Uint8Array, ...status: number[]): Case {
    const source = `SPOE.txt §3.2.4${status.length === 0 ? '' : `, §3.5: status ${status.join(' or ')}`}`;
    return this.one('must', id, title, source, { hello: undefined, send: [hello], expect: [disconnect(...status)] });
  }
}
