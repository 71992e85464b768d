import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { Recorder } from '../capture/recorder.ts';
import { sessionHead } from '../capture/session-file.ts';
import { type Call, type Command, ExitCode } from '../command.ts';
import type { Output } from '../output.ts';
import { RecordingProxy } from '../recording-proxy.ts';
import { addressText, parseAddress, parseTarget, targetOptions, type AgentTarget } from '../target.ts';
import { UsageError } from '../usage-error.ts';
import { expectWords } from '../words.ts';

const MAX_CONNECTIONS = 1_000_000_000;

interface Recording {
  readonly target: AgentTarget;
  readonly listen: string;
  readonly file: string | undefined;
  readonly isRedacting: boolean;
  /** The number of connections after which it ends. */
  readonly count: number;
}

/** Records the traffic between HAProxy and an agent. */
export const command: Command = {
  usage: 'record TARGET --listen ADDRESS [options]',
  about: `Records the traffic between HAProxy and an agent: accepts connections at ADDRESS, passes all bytes to TARGET and back, and writes them to a session file for people, "spop replay" and "spop decode". SIGINT and SIGTERM end it.
A session file holds what HAProxy sends of clients: addresses, cookies, bodies. With --redact texts and bytes become as many x, and addresses others, the same one always the same; numbers and the names of messages, arguments and variables stay.`,
  options: {
    listen: {
      short: 'l',
      value: 'ADDRESS',
      about: 'where HAProxy connects to: host:port, or unix:/path; port 0 is any free one',
    },
    output: { short: 'o', value: 'FILE', about: 'the session file; stdout by default' },
    redact: { about: 'replace texts, bytes and addresses' },
    count: { value: 'N', about: 'end after N connections, once all of them have ended' },
    ...targetOptions,
  },
  examples: [
    ['spop record 127.0.0.1:9000 --listen 127.0.0.1:9001 --output session.txt', 'with port 9001 in HAProxy'],
    ['spop record unix:/run/agent.sock --listen unix:/run/record.sock --redact > session.txt', 'to show to others'],
  ],
  async run({ args, output }: Call): Promise<number> {
    const [address] = expectWords(args.words, 1, command.usage);
    const target = parseTarget(address, args);
    const listen = args.text('listen');
    if (listen === undefined) {
      throw new UsageError(
        'expected --listen with the address for HAProxy; found none',
        'for instance --listen 127.0.0.1:9001',
      );
    }
    parseAddress(listen);
    const count = args.count('count', MAX_CONNECTIONS, 1, MAX_CONNECTIONS);
    await record({ target, listen, file: args.text('output'), isRedacting: args.has('redact'), count }, output);
    return ExitCode.Good;
  },
};

async function record({ target, listen, file, isRedacting, count }: Recording, output: Output): Promise<void> {
  const sink = file === undefined ? process.stdout : await openFile(file);
  const recorder = new Recorder((lines) => void sink.write(lines), isRedacting);
  const proxy = new RecordingProxy(target, recorder, (text) => output.warn(text));
  const ended = Promise.race([
    proxy.whenEnded(count),
    ...['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)),
    failureOf(sink),
  ]);
  const bound = await proxy.listen(parseAddress(listen));
  sink.write(
    sessionHead(
      `Recorded ${new Date().toISOString()} between HAProxy and ${addressText(target.address)}.`,
      isRedacting,
    ),
  );
  output.say(`recording the traffic from ${bound} to ${target.text}${file === undefined ? '' : `, in ${file}`}`);
  if (!isRedacting) {
    output.warn('the session holds what clients sent, cookies and addresses too; --redact replaces them');
  }
  await ended;
  await proxy.close();
  if (sink !== process.stdout) {
    sink.end();
    await once(sink, 'finish');
  }
  const { frames, leftOut } = recorder;
  output.say(`${frames} frames of ${proxy.connections} ${proxy.connections === 1 ? 'connection' : 'connections'}`);
  if (leftOut > 0) output.warn(`${leftOut} bytes that are no frame were left out`);
}

/** Rejects when the recording cannot be written, for instance because the disk is full. */
function failureOf(sink: Writable): Promise<never> {
  return new Promise((_, reject) => {
    sink.once('error', reject);
  });
}

/** Opens a file that only its owner can read. */
async function openFile(path: string): Promise<Writable> {
  const file = createWriteStream(path, { mode: 0o600 });
  await once(file, 'open');
  return file;
}
