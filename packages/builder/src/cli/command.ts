import type { Arguments, OptionSpecs } from './arguments.ts';
import type { Output } from './output.ts';

/** Exit codes of every command; 64 + status is a DISCONNECT. */
export const ExitCode = { Good: 0, Negative: 1, Usage: 2, Disconnect: 64 } as const;

/** The status for one that no agent should send: 99, an unknown error. */
const UNKNOWN_STATUS = 99;

/** The exit code for an AGENT-DISCONNECT. */
export function disconnectCode(status: number = UNKNOWN_STATUS): number {
  const isKnown = Number.isInteger(status) && status >= 0 && status <= UNKNOWN_STATUS;
  return ExitCode.Disconnect + (isKnown ? status : UNKNOWN_STATUS);
}

/** A command in the table, which is not loaded yet. */
export interface CommandEntry {
  /** One line for the list of commands. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** All commands by name, in the order of the help. */
export type CommandTable = Readonly<Record<string, CommandEntry>>;

/** The call of a command. */
export interface Call {
  readonly args: Arguments;
  readonly output: Output;
  readonly table: CommandTable;
}

/** One command with its help. Each has a file in `cli/commands` and a line in the table of `spop.ts`. */
export interface Command {
  /** The words after `spop`, such as `ping TARGET`. */
  readonly usage: string;
  /** What it does, in one or more paragraphs. */
  readonly about: string;
  readonly options: OptionSpecs;
  /** Example commands with their purpose. */
  readonly examples: readonly (readonly [command: string, purpose: string])[];
  /** The completions of its words: files, or these values. */
  readonly completes?: 'files' | readonly string[];
  /** @returns The exit code. @throws {UsageError}, {PeerFailure}, or a system error of a file or socket. */
  run(call: Call): Promise<number>;
}

/** The help on exit codes of every command that speaks to an agent. */
export const EXIT_CODES = `Exit codes:
  0         yes
  1         no: a negative answer, no agent there, or too late
  2         wrong use of this program
  64 + N    the agent sent an AGENT-DISCONNECT with status N`;
