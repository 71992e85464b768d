import { DEFAULT_MAX_FRAME_SIZE, LENGTH_BYTES } from '@spop/codec';
import { expectSpopError } from '../data/spop-error.ts';
import { toHex } from '../data/text.ts';
import type { Field } from './byte-reader.ts';
import { type BytesInput, bytesOf, frameLength, type ParseOptions } from './parse.ts';
import { PlainReader } from './plain-reader.ts';

/** The most bytes that one line shows; longer fields are cut. */
const BYTES_PER_LINE = 12;

function line(mark: '  ' | '>>', offset: number, bytes: Uint8Array, text: string): string {
  const hex = toHex(bytes.subarray(0, BYTES_PER_LINE)).replaceAll(/..(?!$)/g, '$& ');
  const shown = bytes.length > BYTES_PER_LINE ? `${hex} …` : hex;
  return `${mark} ${String(offset).padStart(5)}  ${shown.padEnd(BYTES_PER_LINE * 3 + 1)}  ${text}`.trimEnd();
}

function fieldLine(mark: '  ' | '>>', bytes: Uint8Array, field: Field): string {
  const text = `${'  '.repeat(field.depth)}${field.label}: ${field.text}`;
  return line(mark, field.offset, bytes.subarray(field.offset, field.offset + field.length), text);
}

/** A reader that has read as much of the frame as it can. */
function trace(bytes: Uint8Array, maxFrameSize: number): PlainReader {
  const reader = new PlainReader(bytes, { strict: true, ackPadding: true });
  try {
    reader.readFrame(maxFrameSize);
  } catch (error) {
    expectSpopError(error);
  }
  return reader;
}

/** The lines of one frame. The line of the first wrong byte begins with `>>`; bytes after it were not read. */
function frameLines(bytes: Uint8Array, maxFrameSize: number): string[] {
  const { fields, problems } = trace(bytes, maxFrameSize);
  const [problem] = problems;
  if (problem === undefined) return fields.map((field) => fieldLine('  ', bytes, field));
  const good = fields.filter((field) => field.offset < problem.offset);
  const wrong = fields.find((field) => field.offset === problem.offset);
  const goodEnd = good.reduce((end, field) => Math.max(end, field.offset + field.length), 0);
  const lines = good.map((field) => fieldLine('  ', bytes, field));
  if (goodEnd < problem.offset) lines.push(line('  ', goodEnd, bytes.subarray(goodEnd, problem.offset), '(begun)'));
  const complaint = `${problem.code}: ${problem.reason}`;
  if (wrong === undefined) return [...lines, line('>>', problem.offset, bytes.subarray(problem.offset), complaint)];
  const rest = bytes.subarray(wrong.offset + wrong.length);
  lines.push(`${fieldLine('>>', bytes, wrong)}  ${complaint}`);
  return rest.length === 0 ? lines : [...lines, line('  ', wrong.offset + wrong.length, rest, '(not read)')];
}

function title(number: number, start: number, present: number, length: number): string {
  const missing = LENGTH_BYTES + length - present;
  const state = missing > 0 ? `, incomplete: ${missing} bytes are missing` : '';
  return `frame ${number} at byte ${start}${state}`;
}

/**
 * An annotated hex dump for people, with one line for each field: its offset in bytes from the frame's start, its bytes and its
 * meaning. The first wrong byte of a frame is marked with `>>`. Never throws a `SpopError`.
 */
export function explain(input: BytesInput, options: ParseOptions = {}): string {
  const bytes = bytesOf(input);
  const maxFrameSize = options.maxFrameSize ?? DEFAULT_MAX_FRAME_SIZE;
  const frames: string[][] = [];
  let start = 0;
  for (let number = 1; start < bytes.length; number++) {
    const length = frameLength(bytes, start);
    const end = Math.min(bytes.length, start + LENGTH_BYTES + (length ?? 0));
    const frameBytes = bytes.subarray(start, length === undefined ? bytes.length : end);
    frames.push([title(number, start, frameBytes.length, length ?? 0)], frameLines(frameBytes, maxFrameSize));
    start += frameBytes.length;
  }
  return frames.length === 0 ? '(no bytes)' : frames.flat().join('\n');
}
