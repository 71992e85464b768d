import type { OptionSpecs } from './arguments.ts';

/** A command in a completion script. */
export interface Completable {
  readonly name: string;
  readonly summary: string;
  readonly options: OptionSpecs;
  /** The completions of its words: files, none, or these words. */
  readonly words: 'files' | 'none' | readonly string[];
}

/** Shells that completions are written for. */
export type Shell = 'bash' | 'zsh' | 'fish';

/** The completion script of a shell. */
export function completionScript(shell: Shell, commands: readonly Completable[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(commands);
    case 'zsh':
      return zshScript(commands);
    case 'fish':
      return fishScript(commands);
  }
}

function optionNames(options: OptionSpecs): string[] {
  const names = Object.entries(options).flatMap(([name, { short }]) =>
    short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`],
  );
  return [...names, '--help'];
}

/** Options with a fixed set of values, by all their names. */
function choices(options: OptionSpecs): [names: string[], values: readonly string[]][] {
  return Object.entries(options).flatMap(([name, spec]): [string[], readonly string[]][] =>
    spec.choices === undefined ? [] : [[optionNames({ [name]: spec }).slice(0, -1), spec.choices]],
  );
}

/** Options that take any value: files if the placeholder says so, else other text. */
function valueNames(options: OptionSpecs, isFile: boolean): string[] {
  return Object.entries(options).flatMap(([name, spec]) => {
    const takesOther = spec.value !== undefined && spec.choices === undefined && (spec.value === 'FILE') === isFile;
    return takesOther ? optionNames({ [name]: spec }).slice(0, -1) : [];
  });
}

function bashScript(commands: readonly Completable[]): string {
  const cases = commands.flatMap(({ name, options, words }) => {
    const values = choices(options).map(
      ([names, list]) => `${names.join('|')}) COMPREPLY=($(compgen -W '${list.join(' ')}' -- "$word")); return ;;`,
    );
    const others = valueNames(options, false);
    const rest =
      words === 'files' ? '' : ` COMPREPLY=($(compgen -W '${words === 'none' ? '' : words.join(' ')}' -- "$word"));`;
    return [
      `    ${name})`,
      `      case $previous in`,
      ...values.map((line) => `        ${line}`),
      ...(others.length === 0 ? [] : [`        ${others.join('|')}) return ;;`]),
      ...valueNames(options, true).map(
        (option) => `        ${option}) COMPREPLY=($(compgen -f -- "$word")); return ;;`,
      ),
      `      esac`,
      `      case $word in`,
      `        -*) COMPREPLY=($(compgen -W '${optionNames(options).join(' ')}' -- "$word")) ;;`,
      `        *)${rest === '' ? ' COMPREPLY=($(compgen -f -- "$word"));' : rest}`,
      `      esac ;;`,
    ];
  });
  return `# bash completion of spop: eval "$(spop completions bash)"
_spop() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} help' -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
    help) COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$word")) ;;
${cases.join('\n')}
  esac
}
complete -o filenames -F _spop spop`;
}

/** Text within single quotes for zsh's \`_arguments\`, where brackets and colons are special. */
function zshText(text: string): string {
  return text.replaceAll("'", String.raw`'\''`).replaceAll(/[[\]:]/g, String.raw`\$&`);
}

function zshScript(commands: readonly Completable[]): string {
  const cases = commands.flatMap(({ name, options, words }) => {
    const lines = Object.entries(options).flatMap(([option, spec]) => {
      const action =
        spec.value === 'FILE' ? '_files' : spec.choices === undefined ? ' ' : `(${spec.choices.join(' ')})`;
      const value = spec.value === undefined ? '' : `:${zshText(spec.value)}:${action}`;
      return optionNames({ [option]: spec })
        .slice(0, -1)
        .map((each) => `'${each}[${zshText(spec.about)}]${value}'`);
    });
    const rest = words === 'files' ? '_files' : words === 'none' ? ' ' : `(${words.join(' ')})`;
    return [
      `    ${name})`,
      `      _arguments ${[...lines, "'--help[show the help]'", `'*:word:${rest}'`].join(' \\\n        ')} ;;`,
    ];
  });
  const list = commands.map(({ name, summary }) => `'${name}:${zshText(summary)}'`);
  return `#compdef spop
# zsh completion of spop: spop completions zsh > a folder of $fpath/_spop, or source <(spop completions zsh)
_spop() {
  if (( CURRENT == 2 )); then
    local -a commands=(${list.join(' ')})
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _spop ]; then
  _spop "$@"
else
  compdef _spop spop
fi`;
}

function fishText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}

function fishScript(commands: readonly Completable[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const lines = commands.flatMap(({ name, summary, options, words }) => {
    const within = `complete -c spop -n '__fish_seen_subcommand_from ${name}'`;
    const rest =
      words === 'files' ? [`${within} -F`] : words === 'none' ? [] : [`${within} -a ${fishText(words.join(' '))}`];
    return [
      `complete -c spop -n "not __fish_seen_subcommand_from ${names}" -a ${name} -d ${fishText(summary)}`,
      ...rest,
      ...Object.entries(options).map(([option, { about, short, value, choices: list }]) => {
        const letter = short === undefined ? '' : ` -s ${short}`;
        const takes = value === undefined ? '' : value === 'FILE' ? ' -r -F' : ' -x';
        const values = list === undefined ? '' : ` -a ${fishText(list.join(' '))}`;
        return `${within} -l ${option}${letter}${takes}${values} -d ${fishText(about)}`;
      }),
    ];
  });
  return [
    '# fish completion of spop: spop completions fish > ~/.config/fish/completions/spop.fish',
    'complete -c spop -f',
    ...lines,
  ].join('\n');
}
