import { type Call, type Command, ExitCode } from '../command.ts';
import { completionScript, type Completable, type Shell } from '../completion-scripts.ts';
import { UsageError } from '../usage-error.ts';
import { expectWords } from '../words.ts';

const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish'];

/** Writes the completion script of a shell. */
export const command: Command = {
  usage: 'completions SHELL',
  about: 'Writes the completions for bash, zsh or fish to stdout.',
  options: {},
  completes: SHELLS,
  examples: [
    ['eval "$(spop completions bash)"', 'in ~/.bashrc'],
    ['source <(spop completions zsh)', 'in ~/.zshrc, after compinit'],
    ['spop completions fish > ~/.config/fish/completions/spop.fish', 'once'],
  ],
  async run({ args, output, table }: Call): Promise<number> {
    const [word] = expectWords(args.words, 1, command.usage);
    const shell = SHELLS.find((name) => name === word);
    if (shell === undefined) {
      throw new UsageError(
        `expected a shell; found ${word === undefined ? 'none' : JSON.stringify(word)}`,
        `shells: ${SHELLS.join(', ')}`,
      );
    }
    const commands = await Promise.all(
      Object.entries(table).map(async ([name, entry]) => {
        const { options, completes = 'none' } = await entry.load();
        const words: Completable['words'] = completes;
        return { name, summary: entry.summary, options, words };
      }),
    );
    output.print(completionScript(shell, commands));
    return ExitCode.Good;
  },
};
