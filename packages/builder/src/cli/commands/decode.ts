import { expectSpopError } from '../../data/spop-error.ts';
import { FrameStream, MAX_CAPTURED_FRAME_SIZE } from '../capture/frame-stream.ts';
import { detectFormat, inputFormats, parseHexText, type InputFormat } from '../capture/input-format.ts';
import { readPcap, readPcapng, type PacketFile } from '../capture/pcap.ts';
import { SpopFinder, type FoundFrame } from '../capture/spop-finder.ts';
import { type Call, type Command, ExitCode } from '../command.ts';
import { FramePrinter } from '../frame-printer.ts';
import type { Output } from '../output.ts';
import { sessionIn } from '../session-input.ts';
import { readInput, STDIN } from '../target.ts';
import { UsageError } from '../usage-error.ts';

/** Options for showing a file. */
interface Showing {
  readonly output: Output;
  readonly isExplaining: boolean;
  readonly maxFrameSize: number;
}

/** The largest buffer that HAProxy can have, in bytes. */
const MAX_FRAME_SIZE = 0x7fff_ffff;

/** Shows the frames in files of all formats. */
export const command: Command = {
  usage: 'decode [FILE …] [options]',
  about: `Shows the frames in files; without a file, or for -, in stdin. The format is detected by the first bytes of a file; --format names it if that goes wrong.
  binary        the bytes of one side of a connection
  hex           hexadecimal digits, also as xxd and hexdump -C write them
  pcap, pcapng  what tcpdump and Wireshark write: SPOP is found on any port, in both directions
  session       what "spop record" writes
Each line has the place of a frame, and a summary of it. The place is the offset in bytes or, for captures and sessions, the time (UTC), the connection and the side. Fragments of HAProxy 3.0 and older are shown, and the NOTIFY that they join to. If bytes are wrong or missing, the exit code is 1, and the first wrong byte is marked.`,
  options: {
    explain: { short: 'e', about: 'show every byte and its meaning' },
    format: { value: 'FORMAT', choices: inputFormats, about: `the format of the files: ${inputFormats.join(', ')}` },
    'max-frame-size': {
      value: 'BYTES',
      about: `the longest frame to accept, in bytes; ${MAX_CAPTURED_FRAME_SIZE} by default`,
    },
    json: { about: 'a line of JSON for each frame' },
  },
  completes: 'files',
  examples: [
    ['echo 0000000d 67 00000001 01 01 01 03 09 02 2d 2d | spop decode', 'what is wrong with these bytes?'],
    ['spop decode --explain connection.bin', 'every byte of a connection'],
    ["tcpdump -i lo -w - 'port 9000' | spop decode", 'what HAProxy and the agent say, once tcpdump ends'],
  ],
  run({ args, output }: Call): Promise<number> {
    const showing = {
      output,
      isExplaining: args.has('explain'),
      maxFrameSize: args.count('max-frame-size', MAX_CAPTURED_FRAME_SIZE, 7, MAX_FRAME_SIZE),
    };
    const format = inputFormats.find((name) => name === args.text('format'));
    const files = args.words.length === 0 ? ['-'] : args.words;
    let errors = 0;
    for (const file of files) {
      const bytes = file === '-' ? readInput(STDIN, 'stdin') : readInput(file, `the file ${JSON.stringify(file)}`);
      if (files.length > 1) output.print(`${file}:`);
      errors += decode(bytes, format ?? detectFormat(bytes), showing);
    }
    return Promise.resolve(errors === 0 ? ExitCode.Good : ExitCode.Negative);
  },
};

/** @returns The number of wrong frames. */
function decode(bytes: Buffer, format: InputFormat, showing: Showing): number {
  switch (format) {
    case 'hex':
      return decodeBytes(fromHexText(bytes), showing);
    case 'pcap':
      return decodePackets(readPcap(bytes), showing);
    case 'pcapng':
      return decodePackets(readPcapng(bytes), showing);
    case 'session':
      return decodeSession(bytes, showing);
    case 'binary':
      return decodeBytes(bytes, showing);
  }
}

function decodeBytes(bytes: Uint8Array, { output, isExplaining, maxFrameSize }: Showing): number {
  const printer = new FramePrinter(output, isExplaining);
  const stream = new FrameStream(maxFrameSize);
  const last = [...stream.push(bytes), stream.end()];
  for (const captured of last) if (captured !== undefined) printer.print(captured);
  if (bytes.length === 0) output.say('no bytes');
  return printer.errors;
}

/** Shows a capture. @returns The number of wrong frames; a capture without SPOP counts as one. */
function decodePackets({ packets, problem }: PacketFile, showing: Showing): number {
  const { output, isExplaining, maxFrameSize } = showing;
  const finder = new SpopFinder(maxFrameSize);
  const printers = new Map<string, FramePrinter>();
  const show = ({ connection, from, time, captured }: FoundFrame): void => {
    const { number, haproxy, agent } = connection;
    const key = `${number} ${from}`;
    if (!printers.has(`${number} haproxy`)) {
      output.print(`connection #${number}: HAProxy at ${haproxy}, agent at ${agent}`);
      output.json({ connection: number, haproxy, agent });
      for (const side of ['haproxy', 'agent']) {
        printers.set(`${number} ${side}`, new FramePrinter(output, isExplaining));
      }
    }
    printers.get(key)?.print(captured, { connection: number, from, time });
  };
  for (const packet of packets) for (const found of finder.push(packet)) show(found);
  for (const found of finder.end()) show(found);
  if (problem !== undefined) output.warn(problem);
  if (finder.found === 0) {
    output.fail(
      `no SPOP in ${finder.connections} TCP connections of ${packets.length} packets`,
      'frames within TLS cannot be read',
    );
    return 1;
  }
  return [...printers.values()].reduce((sum, { errors }) => sum + errors, 0);
}

function decodeSession(bytes: Buffer, { output, isExplaining, maxFrameSize }: Showing): number {
  const sides = new Map<string, { readonly stream: FrameStream; readonly printer: FramePrinter }>();
  for (const event of sessionIn(bytes, 'the input').events) {
    if (event.kind !== 'bytes') continue;
    const { connection, from } = event;
    const key = `${connection} ${from}`;
    const side = sides.get(key) ?? {
      stream: new FrameStream(maxFrameSize),
      printer: new FramePrinter(output, isExplaining),
    };
    sides.set(key, side);
    for (const captured of side.stream.push(event.bytes)) side.printer.print(captured, { connection, from });
  }
  return [...sides.values()].reduce((sum, { printer }) => sum + printer.errors, 0);
}

function fromHexText(bytes: Buffer): Uint8Array {
  try {
    return parseHexText(bytes.toString('latin1'));
  } catch (error) {
    expectSpopError(error);
    throw new UsageError(
      `the input is not hexadecimal text: ${error.reason.slice(0, 200)}`,
      'add --format binary if it is bytes',
    );
  }
}
