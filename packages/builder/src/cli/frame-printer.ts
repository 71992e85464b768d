import { summarize } from '../data/summary.ts';
import { explain } from '../read/explain.ts';
import type { Side } from '../validate/connection-state.ts';
import { FragmentJoiner, MAX_CAPTURED_FRAME_SIZE, type CapturedFrame } from './capture/frame-stream.ts';
import { oneLine, type Output } from './output.ts';

/** The place and time of a frame, as far as they are known. */
export interface Sighting {
  /** The number of its connection, counted from 1. */
  readonly connection?: number;
  readonly from?: Side | undefined;
  /** Seconds since 1970. */
  readonly time?: number | undefined;
}

/** Prints the frames of one side of a connection. */
export class FramePrinter {
  /** The number of malformed or incomplete frames. */
  errors: number = 0;
  readonly #output: Output;
  readonly #isExplaining: boolean;
  readonly #joiner: FragmentJoiner = new FragmentJoiner();

  constructor(output: Output, isExplaining: boolean) {
    this.#output = output;
    this.#isExplaining = isExplaining;
  }

  /** Prints a frame, or its error. */
  print(captured: CapturedFrame, sighting: Sighting = {}): void {
    const { frame, error, offset, bytes } = captured;
    const whole = frame === undefined ? undefined : this.#joiner.push(frame);
    const place = placeOf(captured, sighting);
    if (error !== undefined) this.errors++;
    this.#output.json({
      ...sighting,
      offset,
      ...(frame === undefined ? {} : { frame }),
      ...(whole === undefined ? {} : { whole }),
      ...(error === undefined
        ? {}
        : { error: { code: error.code, offset: error.offset, message: error.reason }, bytes }),
    });
    if (frame !== undefined) this.#output.print(`${place}  ${oneLine(summarize(frame))}`);
    if (error !== undefined) this.#output.print(`${place}  ${error.code}: ${error.reason}`);
    if (this.#isExplaining || error !== undefined) this.#output.print(explained(bytes));
    if (whole !== undefined) this.#output.print(`${place}  all fragments: ${oneLine(summarize(whole))}`);
  }
}

function placeOf({ offset }: CapturedFrame, { connection, from, time }: Sighting): string {
  const parts = [
    time === undefined ? '' : new Date(time * 1000).toISOString().slice(11, -1),
    connection === undefined ? '' : `#${connection}`,
    from === undefined ? '' : from.padEnd(7),
    connection === undefined ? String(offset).padStart(8) : '',
  ];
  return parts.filter((part) => part !== '').join('  ');
}

/** The explanation of a frame without its first line, which would number each frame as the first. */
function explained(bytes: Uint8Array): string {
  if (bytes.length === 0) return '';
  return explain(bytes, { maxFrameSize: MAX_CAPTURED_FRAME_SIZE }).split('\n').slice(1).join('\n');
}
