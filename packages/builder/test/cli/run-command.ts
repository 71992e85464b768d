/** Commands in the test's own process; test/cli of the agent starts the program itself. */
import { writeFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { sessionHead, sessionLines, type SessionEvent } from '../../src/cli/capture/session-file.ts';
import { Arguments } from '../../src/cli/arguments.ts';
import type { Command } from '../../src/cli/command.ts';
import { Output } from '../../src/cli/output.ts';
import { addressText } from '../../src/cli/target.ts';
import { tinyAgent, type Answer } from '../tiny-agent.ts';
import { targetOf } from './peers.ts';
import { captureOutput } from './written.ts';

/** The exit code and the output of a command, without colours. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. No other may be started before it has ended. */
export interface Running {
  readonly ended: Promise<Outcome>;
  /** What it has written so far. */
  readonly texts: { readonly stdout: string; readonly stderr: string };
  /** Resolves with the first group of a pattern once stderr has a match. */
  says(pattern: RegExp): Promise<string>;
}

/** Starts a command. */
export function start(command: Command, words: readonly string[]): Running {
  const { texts, stop } = captureOutput(stripVTControlCharacters);
  const toItsEnd = async (): Promise<Outcome> => {
    try {
      const args = new Arguments(words, command.options);
      const has = (name: string): boolean => Object.hasOwn(command.options, name) && args.has(name);
      const output = new Output({ isJson: has('json'), isQuiet: has('quiet') });
      const code = await command.run({ args, output, table: {} });
      return { code, ...texts };
    } finally {
      stop();
    }
  };
  return {
    ended: toItsEnd(),
    texts,
    async says(pattern) {
      for (;;) {
        const match = pattern.exec(texts.stderr);
        if (match !== null) return match[1] ?? '';
        await nextTurn();
      }
    },
  };
}

/** Runs a command to its end. */
export function run(command: Command, words: readonly string[]): Promise<Outcome> {
  return start(command, words).ended;
}

/** Calls what listens to a signal of this process and is not one of `before`. */
export function signal(name: NodeJS.Signals, before: readonly unknown[]): void {
  for (const listener of process.listeners(name)) if (!before.includes(listener)) listener(name);
}

/** The lines of JSON on stdout. */
export function jsonOf({ stdout }: Pick<Outcome, 'stdout'>): unknown[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

/** A file until the test ends. */
export async function file(content: string | Uint8Array, name: string = 'input'): Promise<string> {
  const path = stopAfterTest(await TemporaryFolder.make()).file(name);
  writeFileSync(path, content);
  return path;
}

/** A session file until the test ends. */
export async function sessionFile(events: readonly SessionEvent[], isRedacted: boolean = false): Promise<string> {
  return file([sessionHead('Recorded today.', isRedacted), ...events.map((event) => sessionLines(event))].join(''));
}

/** The address of an agent until the test ends. */
export async function agentAt(answer: Answer): Promise<string> {
  const agent = tinyAgent(answer);
  return addressText((await targetOf((socket) => void agent.handle(socket))).address);
}
