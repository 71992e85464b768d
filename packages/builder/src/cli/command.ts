import type { Arguments, OptionSpecs } from './arguments.ts';
import type { Output } from './output.ts';

/** Exit codes of every command; 64 + status stands for a DISCONNECT. */
export const ExitCode = { Good: 0, Negative: 1, Usage: 2, Disconnect: 64 } as const;

/** A status that no agent should send is told as 99, an unknown error. */
const UNKNOWN_STATUS = 99;

/** The exit code that stands for an AGENT-DISCONNECT. */
export function disconnectCode(status: number = UNKNOWN_STATUS): number {
  const isKnown = Number.isInteger(status) && status >= 0 && status <= UNKNOWN_STATUS;
  return ExitCode.Disconnect + (isKnown ? status : UNKNOWN_STATUS);
}

/** How to find one command without loading it. */
export interface CommandEntry {
  /** One line for the list of commands. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** All commands by name, in the order of the help. */
export type CommandTable = Readonly<Record<string, CommandEntry>>;

/** What a command is called with. */
export interface Call {
  readonly args: Arguments;
  readonly output: Output;
  readonly table: CommandTable;
}

/** One command: what its help says, and what it does. Each is a file of `cli/commands` and a line of the table in `spop.ts`. */
export interface Command {
  /** The words after `spop`, such as `ping TARGET`. */
  readonly usage: string;
  /** What it does, in one or more paragraphs. */
  readonly about: string;
  readonly options: OptionSpecs;
  /** Commands with what they are for. */
  readonly examples: readonly (readonly [command: string, purpose: string])[];
  /** Which kind of word completes its words: files, or the values themselves. */
  readonly completes?: 'files' | readonly string[];
  /** @returns the exit code. @throws UsageError, PeerFailure, or what the system says of files and sockets. */
  run(call: Call): Promise<number>;
}

/** What every command that speaks to an agent says of its exit codes. */
export const EXIT_CODES = `Exit codes:
  0         yes
  1         no: a negative answer, nobody there, or too late
  2         wrong use of this program
  64 + N    the agent sent an AGENT-DISCONNECT with status N`;
