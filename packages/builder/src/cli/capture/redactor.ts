import { FrameFlag } from '@spop/codec';
import { notify } from '../../build/frames.ts';
import { writeFrame } from '../../build/plain-writer.ts';
import type { Action, FragmentFrame, PlainFrame, Message } from '../../data/model.ts';
import { toBytes } from '../../data/text.ts';
import { ipv4, ipv6 } from '../../data/values.ts';
import type { TypedData } from '../../data/typed-data.ts';
import { FragmentJoiner } from './frame-stream.ts';

/** The replacement for each byte of a text. */
const FILLER = 'x';

/**
 * Replaces personal data in frames: texts and bytes with as many `x`, and addresses with others of 198.18.0.0/15 and 2001:db8::/32,
 * which belong to nobody (RFC 2544, RFC 3849), the same one always with the same. Numbers, names and frames' lengths stay.
 */
export class Redactor {
  readonly #addresses: Map<string, TypedData> = new Map();

  /** Redacts one typed data. */
  data(value: TypedData): TypedData {
    switch (value.type) {
      case 'string':
        return { ...value, value: FILLER.repeat(toBytes(value.value).length) };
      case 'binary':
        return { ...value, value: new Uint8Array(value.value.length).fill(FILLER.charCodeAt(0)) };
      case 'ipv4':
      case 'ipv6':
        return this.#address(value.type, value.value);
      default:
        return value;
    }
  }

  messages(messages: readonly Message[]): Message[] {
    return messages.map(({ name, args }) => ({
      name,
      args: args.map((arg) => ({ ...arg, value: this.data(arg.value) })),
    }));
  }

  actions(actions: readonly Action[]): Action[] {
    return actions.map((action) =>
      action.type === 'set-var' ? { ...action, value: this.data(action.value) } : action,
    );
  }

  #address(type: 'ipv4' | 'ipv6', text: string): TypedData {
    const known = this.#addresses.get(text);
    if (known !== undefined) return known;
    const number = this.#addresses.size + 1;
    const [high, middle, low] = [(number >> 16) & 1, (number >> 8) & 0xff, number & 0xff];
    const replaced =
      type === 'ipv4'
        ? ipv4(`198.${18 + high}.${middle}.${low}`)
        : ipv6(`2001:db8::${high}:${(number & 0xffff).toString(16)}`);
    this.#addresses.set(text, replaced);
    return replaced;
  }
}

/** Redacts the frames of one side in their order. Fragments are held back until the NOTIFY is whole, since they cut values. */
export class FrameRedactor {
  readonly #redactor: Redactor;
  readonly #joiner: FragmentJoiner = new FragmentJoiner();
  #parts: FragmentFrame[] = [];

  /** @param redactor Shared by all sides and connections. */
  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  /** @returns The frames that can be written now, with their bytes. */
  push(frame: PlainFrame): { readonly frame: PlainFrame; readonly bytes: Uint8Array }[] {
    if (frame.type !== 'NOTIFY-FRAGMENT' && frame.type !== 'UNSET') return [...this.end(), ...this.#whole(frame)];
    const before = frame.type === 'NOTIFY-FRAGMENT' ? this.end() : [];
    this.#parts.push(frame);
    const whole = this.#joiner.push(frame);
    if (whole !== undefined) {
      const payload = notify().messages(this.#redactor.messages(whole.messages)).toPayload();
      return [...before, ...this.#release(payload)];
    }
    const isLast = (frame.flags & (FrameFlag.Fin | FrameFlag.Abort)) !== 0;
    return isLast ? [...before, ...this.end()] : before;
  }

  /** Ends the side. @returns The fragments of an incomplete NOTIFY, with fillers for their content. */
  end(): { readonly frame: PlainFrame; readonly bytes: Uint8Array }[] {
    const size = this.#parts.reduce((sum, { payload }) => sum + payload.length, 0);
    return this.#release(new Uint8Array(size).fill(FILLER.charCodeAt(0)));
  }

  #whole(frame: PlainFrame): { readonly frame: PlainFrame; readonly bytes: Uint8Array }[] {
    const redacted = this.#redacted(frame);
    return redacted === undefined ? [] : [{ frame: redacted, bytes: writeFrame(redacted) }];
  }

  #redacted(frame: PlainFrame): PlainFrame | undefined {
    switch (frame.type) {
      case 'NOTIFY':
        return { ...frame, messages: this.#redactor.messages(frame.messages) };
      case 'ACK':
        return { ...frame, actions: this.#redactor.actions(frame.actions) };
      case 'UNKNOWN':
        // Its content is not known.
        return undefined;
      default:
        return frame;
    }
  }

  #release(payload: Uint8Array): { readonly frame: PlainFrame; readonly bytes: Uint8Array }[] {
    const parts = this.#parts;
    this.#parts = [];
    let start = 0;
    return parts.map((part) => {
      const frame: PlainFrame = { ...part, payload: payload.slice(start, (start += part.payload.length)) };
      return { frame, bytes: writeFrame(frame) };
    });
  }
}
