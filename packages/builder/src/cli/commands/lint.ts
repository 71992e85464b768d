import { readFileSync } from 'node:fs';
import { type Call, type Command, ExitCode } from '../command.ts';
import { definitionsOf } from '../definitions.ts';
import { parseDuration } from '../duration.ts';
import { lint, rules, type Finding } from '../lint/lint.ts';
import { haproxyOption } from '../peer.ts';
import { nearest, reasonOf, UsageError } from '../usage-error.ts';
import { expectWords } from '../words.ts';

/** Checks both configurations of HAProxy. */
export const command: Command = {
  usage: 'lint HAPROXY.CFG SPOE.CONF [AGENT-MODULE] [options]',
  about: `Finds errors that "haproxy -c" accepts: messages that are never sent, groups without a rule, variables that are never set, timeouts that are too long, and clients that get past the agent. AGENT-MODULE exports the agent's messages and variables, and is imported: with it arguments, types and variables are compared too. Each line has the place, the severity, the rule, the consequence with its source, and what to write. Errors that depend on Lua, or on a file that is not given, are not reported.
  error    HAProxy refuses it, or it never works
  warning  it does not work as intended
  note     check it; notes alone leave the exit code at 0`,
  options: {
    haproxy: { ...haproxyOption['haproxy'], about: 'which HAProxy it is for; any by default' },
    deadline: {
      value: 'TIME',
      about: 'the agent\'s processingTimeoutMs, to compare with "timeout processing"; AGENT-MODULE may export it',
    },
    ignore: { value: 'RULES', about: 'rules to leave out, separated by commas' },
    json: { about: 'a line of JSON for each finding' },
  },
  completes: 'files',
  examples: [
    ['spop lint haproxy.cfg spoe.conf', 'is anything wrong?'],
    ['spop lint haproxy.cfg spoe.conf definitions.ts --haproxy 3.4 --deadline 100ms', 'with all that is known'],
    ['spop lint haproxy.cfg spoe.conf --ignore spop-check,variable-unread', 'without two of the rules'],
  ],
  async run({ args, output }: Call): Promise<number> {
    const [haproxyPath, spoePath, module] = expectWords(args.words, 3, command.usage);
    if (haproxyPath === undefined || spoePath === undefined) {
      throw new UsageError("expected HAProxy's configuration and that of SPOE", `usage: spop ${command.usage}`);
    }
    const deadline = args.text('deadline');
    const ignored = ignoredRules(args.text('ignore') ?? '');
    const definitions = module === undefined ? undefined : await definitionsOf(module);
    const all = lint({
      haproxyText: textOf(haproxyPath),
      spoeText: textOf(spoePath),
      spoePath,
      definitions,
      release: args.text('haproxy'),
      deadlineMs: deadline === undefined ? definitions?.deadlineMs : parseDuration('--deadline', deadline),
    });
    const findings = all.filter(({ rule }) => !ignored.includes(rule));
    for (const finding of findings) {
      const path = finding.file === 'haproxy' ? haproxyPath : spoePath;
      output.json({ ...finding, file: path });
      output.print(lineOf(finding, path));
    }
    const hasFailed = findings.some(({ severity }) => severity !== 'note');
    const code = hasFailed ? ExitCode.Negative : ExitCode.Good;
    // A module that opened a port when it was imported would keep the program alive.
    if (module !== undefined) setImmediate(() => process.exit(code));
    return code;
  },
};

function lineOf({ line, severity, rule, sentence, source, advice }: Finding, path: string): string {
  return `${path}:${line}: ${severity}: ${rule}: ${sentence} (${source}). What to write: ${advice}.`;
}

/** @throws {UsageError} when there is no such rule. */
function ignoredRules(text: string): string[] {
  const words = text.split(',').filter(Boolean);
  const names = rules.map(({ id }) => id);
  for (const word of words.filter((each) => !names.includes(each))) {
    throw new UsageError(
      `there is no rule ${JSON.stringify(word)}`,
      `did you mean ${nearest(word, names) ?? names.join(', ')}?`,
    );
  }
  return words;
}

/** @throws {UsageError} when the file cannot be read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`could not read ${path}: ${reasonOf(error)}`, `usage: spop ${command.usage}`);
  }
}
