#!/usr/bin/env node
/** The program `spop`: finds a command, loads only that one, and turns its errors into a sentence and an exit code. */
import { readFileSync } from 'node:fs';
import { SpopError } from '@spop/codec';
import { Arguments } from './cli/arguments.ts';
import { disconnectCode, ExitCode, type Command, type CommandTable } from './cli/command.ts';
import { commandHelp, programHelp } from './cli/help.ts';
import { Output } from './cli/output.ts';
import { nearest, UsageError } from './cli/usage-error.ts';
import { PeerFailure } from './haproxy/peer-failure.ts';

const table: CommandTable = {
  ping: {
    summary: "make HAProxy's health check",
    load: async () => (await import('./cli/commands/ping.ts')).command,
  },
  hello: {
    summary: 'show what an agent agrees to',
    load: async () => (await import('./cli/commands/hello.ts')).command,
  },
  send: {
    summary: 'send messages, and show the variables that the agent sets',
    load: async () => (await import('./cli/commands/send.ts')).command,
  },
  decode: {
    summary: 'show the frames in a file',
    load: async () => (await import('./cli/commands/decode.ts')).command,
  },
  record: {
    summary: 'record the traffic between HAProxy and an agent',
    load: async () => (await import('./cli/commands/record.ts')).command,
  },
  replay: {
    summary: 'send a recording again, and compare the ACKs',
    load: async () => (await import('./cli/commands/replay.ts')).command,
  },
  conformance: {
    summary: 'ask an agent for all that SPOP and HAProxy demand',
    load: async () => (await import('./cli/commands/conformance.ts')).command,
  },
  init: {
    summary: "write HAProxy's configurations for an agent",
    load: async () => (await import('./cli/commands/init.ts')).command,
  },
  lint: {
    summary: "find what is wrong in HAProxy's configurations",
    load: async () => (await import('./cli/commands/lint.ts')).command,
  },
  completions: {
    summary: 'write the completions for bash, zsh or fish',
    load: async () => (await import('./cli/commands/completions.ts')).command,
  },
};

// The reader of a pipe may close it early.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(ExitCode.Good);
});
process.exitCode = await main(process.argv.slice(2));

async function main([name, ...words]: readonly string[]): Promise<number> {
  let output = new Output({ isJson: words.includes('--json') });
  try {
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      return await help(name === undefined ? undefined : words[0], name === undefined);
    }
    if (name === '--version') {
      process.stdout.write(`${version()}\n`);
      return ExitCode.Good;
    }
    const command = await find(name);
    const isHelp = words.includes('--help') || words.includes('-h');
    if (isHelp) return await help(name, false);
    const args = new Arguments(words, command.options);
    const isQuiet = 'quiet' in command.options && args.has('quiet');
    output = new Output({ isJson: 'json' in command.options && args.has('json'), isQuiet });
    return await command.run({ args, output, table });
  } catch (error) {
    return explainFailure(error, output);
  }
}

function find(name: string): Promise<Command> {
  const entry = Object.hasOwn(table, name) ? table[name] : undefined;
  if (entry !== undefined) return entry.load();
  const guess = nearest(name, Object.keys(table));
  const hint = guess === undefined ? `commands: ${Object.keys(table).join(', ')}` : `did you mean spop ${guess}?`;
  throw new UsageError(`there is no command ${JSON.stringify(name)}`, hint);
}

function version(): string {
  // Sources and compiled files are both one folder below the manifest.
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '';
}

/** Writes help: to stdout when it was asked for; to stderr, as wrong use, when it was not. */
async function help(name: string | undefined, isWrongUse: boolean): Promise<number> {
  const text = name === undefined ? programHelp(table) : commandHelp(await find(name));
  (isWrongUse ? process.stderr : process.stdout).write(`${text}\n`);
  return isWrongUse ? ExitCode.Usage : ExitCode.Good;
}

function explainFailure(error: unknown, output: Output): number {
  if (error instanceof UsageError) {
    output.fail(error.message, error.hint);
    return ExitCode.Usage;
  }
  if (error instanceof PeerFailure) {
    const { kind, message, statusCode } = error;
    output.json({ error: { kind, message: message.split('\n')[0], statusCode } });
    output.fail(message);
    return kind === 'disconnected' ? disconnectCode(statusCode) : ExitCode.Negative;
  }
  if (error instanceof SpopError || isSystemError(error)) {
    output.json({ error: { kind: error.code, message: error.message } });
    output.fail(error.message);
    return ExitCode.Negative;
  }
  throw error;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}
