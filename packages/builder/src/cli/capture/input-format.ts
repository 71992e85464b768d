import { SpopError } from '@spop/codec';
import { concat, fromHex } from '../../data/text.ts';

/** The formats of files with captured bytes. */
export type InputFormat = 'binary' | 'hex' | 'pcap' | 'pcapng' | 'session';

/** The names of {@link InputFormat}. */
export const inputFormats: readonly InputFormat[] = ['binary', 'hex', 'pcap', 'pcapng', 'session'];

/** The beginning of a session file; see `session-file.ts`. */
export const SESSION_TITLE = '# spop session';

/** The first four bytes of pcap files: both byte orders, with microseconds and nanoseconds. */
const PCAP_MAGIC = new Set(['a1b2c3d4', 'd4c3b2a1', 'a1b23c4d', '4d3cb2a1']);
const PCAPNG_MAGIC = '0a0d0d0a';
/** Lines of `xxd`, with text after two spaces, and of `hexdump -C`, with text between bars. */
const DUMP_LINE = /^[0-9a-f]{7,8}(?:: ((?: ?[0-9a-f]{2,4})+)|  ([0-9a-f ]+)\|)/i;
const LAST_OFFSET = /^[0-9a-f]{7,8}$/i;

/** Detects the format of a file by its first bytes. */
export function detectFormat(bytes: Buffer): InputFormat {
  const magic = bytes.toString('hex', 0, 4);
  if (PCAP_MAGIC.has(magic)) return 'pcap';
  if (magic === PCAPNG_MAGIC) return 'pcapng';
  const beginning = bytes.toString('latin1', 0, 1024);
  if (beginning.startsWith(SESSION_TITLE)) return 'session';
  const isText = bytes.length > 0 && /^[\t\n\r -~]*$/.test(beginning);
  return isText && /[0-9a-f]{2}/i.test(beginning) ? 'hex' : 'binary';
}

/**
 * The bytes of hexadecimal digits, with spaces, commas, colons or `0x` between them, or in the form of `xxd` and `hexdump -C`.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE for other text.
 */
export function parseHexText(text: string): Uint8Array {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (!DUMP_LINE.test(lines[0] ?? '')) return fromHex(text.replaceAll(/0x|[,:]/gi, ' '));
  return concat(
    lines.map((line) => {
      // `hexdump -C` ends with a line that has only an offset.
      if (LAST_OFFSET.test(line)) return new Uint8Array(0);
      const [, words, bytes] = DUMP_LINE.exec(line) ?? [];
      const digits = words ?? bytes;
      if (digits !== undefined) return fromHex(digits);
      throw new SpopError('SPOP_INVALID_VALUE', `expected a line of a hex dump; found ${JSON.stringify(line)}`);
    }),
  );
}
