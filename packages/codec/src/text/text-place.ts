import { SpopError } from '../errors.ts';
import type { StringValue, TextValue } from '../values/value-views.ts';
import { ValueView } from '../values/value.ts';
import { NO_GENERATION, ViewSource, viewClosed } from '../values/view-source.ts';

/** The source of readers that have read nothing yet. */
export const NO_SOURCE: ViewSource = new ViewSource();

/** A view that is only placed on text, with {@link ValueView.placeText}. */
export type TextView = ValueView & StringValue;

export function toTextView(source: ViewSource): TextView {
  return new ValueView(source) as TextView;
}

/** The text of an argument, from `start` to `end`, that a reader goes through. Offsets count from the frame's length field. */
export class TextPlace {
  source: ViewSource = NO_SOURCE;
  /** The generation of the source in which the text may be read. */
  generation: number = NO_GENERATION;
  start: number = 0;
  end: number = 0;

  /** @throws {SpopError} SPOP_VIEW_CLOSED; SPOP_WRONG_TYPE for a value that is not a STRING or BINARY; SPOP_MISUSE for no view. */
  standOn(text: TextValue): void {
    const source = asValue(text).textSource();
    this.source = source;
    this.generation = source.generation;
    this.start = asValue(text).textStart;
    this.end = this.start + text.byteLength;
  }

  /** The source, if the text may still be read. @throws {SpopError} SPOP_VIEW_CLOSED. */
  open(): ViewSource {
    const { source } = this;
    if (source.generation !== this.generation) throw viewClosed();
    return source;
  }
}

/** Not `instanceof`: the view may come from another copy of the package. */
function asValue(text: TextValue): ValueView {
  if (typeof text === 'object' && text !== null && 'textSource' in text) return text as ValueView;
  throw new SpopError('SPOP_MISUSE', 'expected the view of an argument; found another value');
}

const SPACE = 0x20;
const TAB = 0x09;

/** The offset of the first byte from `start` to `end` that is not a space or tab; `end` if all are (RFC 9110 §5.6.3, OWS). */
export function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && isSpace(bytes[position]!)) position++;
  return position;
}

/** The offset after the last byte from `start` to `end` that is not a space or tab; `start` if all are. */
export function trimSpace(bytes: Uint8Array, start: number, end: number): number {
  let position = end;
  while (position > start && isSpace(bytes[position - 1]!)) position--;
  return position;
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
