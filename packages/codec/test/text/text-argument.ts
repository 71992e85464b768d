import { defineMessage, MessageSet, string, type StringValue, type Value } from '../../src/index.ts';
import { InternalNotify } from '../../src/internal.ts';
import { message, notifyFrame, toHex, valueOf, varint } from '../bytes.ts';

/** Bytes around an argument that could continue its text. */
export const SURROUNDINGS: readonly number[] = [0x31, 0x2c, 0x22, 0x0a];

function typed(type: string, content: string | Uint8Array): string {
  const bytes = Buffer.from(content);
  return `${type}${toHex(varint(BigInt(bytes.length)))}${toHex(bytes)}`;
}

/** A view of a STRING, amid foreign bytes. */
export function stringOf(content: string | Uint8Array, fill: number = 0x31): Value {
  return valueOf(typed('08', content), fill);
}

/** A view of a BINARY, amid foreign bytes. */
export function binaryOf(content: string | Uint8Array, fill: number = 0x31): Value {
  return valueOf(typed('09', content), fill);
}

export const asked = defineMessage('asked', { text: string });

/** An argument of a NOTIFY, which can be closed, moved and read anew. */
export function notifyWith(content: string): { notify: InternalNotify; text: StringValue } {
  const notify = new InternalNotify(new MessageSet([asked]));
  return { notify, text: readNext(notify, content) };
}

/** The argument of the next NOTIFY. */
export function readNext(notify: InternalNotify, content: string): StringValue {
  notify.read(notifyFrame([message('asked', [['text', typed('08', content)]])]));
  return notify.get(asked)!.text;
}
