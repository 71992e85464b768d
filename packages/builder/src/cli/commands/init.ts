import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Call, type Command, ExitCode } from '../command.ts';
import { definitionsOf } from '../definitions.ts';
import { haproxyOption, lineOf } from '../peer.ts';
import {
  fullName,
  guesses,
  haproxyConfiguration,
  spoeConfiguration,
  type ConfigurationPlan,
} from '../spoe-configuration.ts';
import { addressText, parseAddress } from '../target.ts';
import { UsageError } from '../usage-error.ts';
import { expectWords } from '../words.ts';

const DEFAULT_ADDRESS = '127.0.0.1:9000';
const NAME = /^[A-Za-z0-9_-]{1,40}$/;
const PREFIX = /^[A-Za-z0-9_]{1,40}$/;
/** The longest name of a variable in HAProxy, in bytes (src/flt_spoe.c). */
const MAX_VARIABLE_NAME = 63;

/** Writes the HAProxy configurations for an agent. */
export const command: Command = {
  usage: 'init AGENT-MODULE [options]',
  about: `Writes haproxy.cfg and spoe-NAME.conf for the messages and variables that a module exports: those of defineMessage() and defineVariable(), also within exported objects and lists. Samples are chosen by the names and types of arguments. Those that were chosen only by a type are listed on stderr, for you to check.`,
  options: {
    ...haproxyOption,
    name: { value: 'NAME', about: "the name of the engine; the module's by default" },
    'var-prefix': { value: 'NAME', about: 'for "option var-prefix"; the name of the engine by default' },
    agent: { value: 'ADDRESS', about: `the address of the agent; ${DEFAULT_ADDRESS} by default` },
    output: { short: 'o', value: 'FOLDER', about: 'the folder for the files; the current one by default' },
    force: { about: 'replace existing files' },
  },
  completes: 'files',
  examples: [
    ['spop init definitions.ts --haproxy 3.2 --output haproxy', 'two files in the folder haproxy'],
    ['haproxy -c -f haproxy/haproxy.cfg', 'what HAProxy says of them'],
  ],
  async run({ args, output }: Call): Promise<number> {
    const [module] = expectWords(args.words, 1, command.usage);
    if (module === undefined) throw new UsageError('expected a module; found none', `usage: spop ${command.usage}`);
    const name =
      args.text('name') ??
      basename(module)
        .replace(/\.\w+$/, '')
        .replaceAll(/[^\w-]/g, '-');
    const variablePrefix = args.text('var-prefix') ?? name.replaceAll('-', '_');
    if (!NAME.test(name) || !PREFIX.test(variablePrefix)) {
      throw new UsageError(
        'expected letters, digits and _ in --name and --var-prefix, 1 to 40 of them',
        '- is for --name alone',
      );
    }
    const definitions = await definitionsOf(module);
    const long = definitions.variables
      .map((variable) => fullName(variable, variablePrefix))
      .find((full) => full.length > MAX_VARIABLE_NAME);
    if (long !== undefined) {
      throw new UsageError(
        `HAProxy takes at most ${MAX_VARIABLE_NAME} bytes for the name ${long}`,
        'give a shorter --var-prefix',
      );
    }
    const line = lineOf(args);
    const plan: ConfigurationPlan = {
      definitions,
      name,
      variablePrefix,
      agentAddress: addressText(parseAddress(args.text('agent') ?? DEFAULT_ADDRESS)).replace(/^unix:/, 'unix@'),
      release: args.text('haproxy') ?? '3.4',
      isApplet: line === '2.6' || line === '3.0',
      spoeFile: `spoe-${name}.conf`,
    };
    const files = { [plan.spoeFile]: spoeConfiguration(plan), 'haproxy.cfg': haproxyConfiguration(plan) };
    for (const path of write(args.text('output') ?? '.', files, args.has('force'))) output.print(path);
    for (const guess of guesses(definitions)) output.warn(`chosen by its type alone: ${guess}`);
    // A module that opened a port when it was imported would keep the program alive.
    setImmediate(() => process.exit(ExitCode.Good));
    return ExitCode.Good;
  },
};

/** Writes all of the files or none. @returns Their paths. @throws {UsageError} when one exists and must not be replaced. */
function write(folder: string, files: Readonly<Record<string, string>>, mayReplace: boolean): string[] {
  const entries = Object.entries(files).map(([name, text]): [string, string] => [join(folder, name), text]);
  const present = entries.map(([path]) => path).find((path) => existsSync(path));
  if (present !== undefined && !mayReplace) {
    throw new UsageError(
      `there is a file ${present} already`,
      'add --force to replace it, or --output for another folder',
    );
  }
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of entries) writeFileSync(path, text);
  return entries.map(([path]) => path);
}
