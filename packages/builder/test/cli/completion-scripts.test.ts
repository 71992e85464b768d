import { describe, expect, it } from 'vitest';
import { completionScript, type Completable } from '../../src/cli/completion-scripts.ts';

const commands: readonly Completable[] = [
  {
    name: 'greet',
    summary: "say [it] in one's way: now",
    options: {
      loud: { about: 'shout: "don\'t" [whisper]', short: 'l' },
      shape: { about: 'its shape', value: 'SHAPE', short: 's', choices: ['round', 'square'] },
      from: { about: 'the sender', value: 'NAME', short: 'f' },
      to: { about: 'the receiver', value: 'NAME' },
      input: { about: 'a file', value: 'FILE', short: 'i' },
      log: { about: 'a log', value: 'FILE' },
    },
    words: ['Ada', 'Bob'],
  },
  { name: 'read', summary: String.raw`read a\b`, options: {}, words: 'files' },
  { name: 'wait', summary: 'wait', options: {}, words: 'none' },
];

describe('completionScript', () => {
  it('completes commands, options and their values in bash', () => {
    expect(completionScript('bash', commands)).toBe(`# bash completion of spop: eval "$(spop completions bash)"
_spop() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W 'greet read wait help' -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
    help) COMPREPLY=($(compgen -W 'greet read wait' -- "$word")) ;;
    greet)
      case $previous in
        --shape|-s) COMPREPLY=($(compgen -W 'round square' -- "$word")); return ;;
        --from|-f|--to) return ;;
        --input) COMPREPLY=($(compgen -f -- "$word")); return ;;
        -i) COMPREPLY=($(compgen -f -- "$word")); return ;;
        --log) COMPREPLY=($(compgen -f -- "$word")); return ;;
      esac
      case $word in
        -*) COMPREPLY=($(compgen -W '--loud -l --shape -s --from -f --to --input -i --log --help' -- "$word")) ;;
        *) COMPREPLY=($(compgen -W 'Ada Bob' -- "$word"));
      esac ;;
    read)
      case $previous in
      esac
      case $word in
        -*) COMPREPLY=($(compgen -W '--help' -- "$word")) ;;
        *) COMPREPLY=($(compgen -f -- "$word"));
      esac ;;
    wait)
      case $previous in
      esac
      case $word in
        -*) COMPREPLY=($(compgen -W '--help' -- "$word")) ;;
        *) COMPREPLY=($(compgen -W '' -- "$word"));
      esac ;;
  esac
}
complete -o filenames -F _spop spop`);
  });

  it('completes commands, options and their values in zsh', () => {
    expect(completionScript('zsh', commands)).toBe(String.raw`#compdef spop
# zsh completion of spop: spop completions zsh > a folder of $fpath/_spop, or source <(spop completions zsh)
_spop() {
  if (( CURRENT == 2 )); then
    local -a commands=('greet:say \[it\] in one'\''s way\: now' 'read:read a\b' 'wait:wait')
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
    greet)
      _arguments '--loud[shout\: "don'\''t" \[whisper\]]' \
        '-l[shout\: "don'\''t" \[whisper\]]' \
        '--shape[its shape]:SHAPE:(round square)' \
        '-s[its shape]:SHAPE:(round square)' \
        '--from[the sender]:NAME: ' \
        '-f[the sender]:NAME: ' \
        '--to[the receiver]:NAME: ' \
        '--input[a file]:FILE:_files' \
        '-i[a file]:FILE:_files' \
        '--log[a log]:FILE:_files' \
        '--help[show the help]' \
        '*:word:(Ada Bob)' ;;
    read)
      _arguments '--help[show the help]' \
        '*:word:_files' ;;
    wait)
      _arguments '--help[show the help]' \
        '*:word: ' ;;
  esac
}
if [ "$funcstack[1]" = _spop ]; then
  _spop "$@"
else
  compdef _spop spop
fi`);
  });

  it('completes commands, options and their values in fish', () => {
    expect(completionScript('fish', commands))
      .toBe(String.raw`# fish completion of spop: spop completions fish > ~/.config/fish/completions/spop.fish
complete -c spop -f
complete -c spop -n "not __fish_seen_subcommand_from greet read wait" -a greet -d 'say [it] in one\'s way: now'
complete -c spop -n '__fish_seen_subcommand_from greet' -a 'Ada Bob'
complete -c spop -n '__fish_seen_subcommand_from greet' -l loud -s l -d 'shout: "don\'t" [whisper]'
complete -c spop -n '__fish_seen_subcommand_from greet' -l shape -s s -x -a 'round square' -d 'its shape'
complete -c spop -n '__fish_seen_subcommand_from greet' -l from -s f -x -d 'the sender'
complete -c spop -n '__fish_seen_subcommand_from greet' -l to -x -d 'the receiver'
complete -c spop -n '__fish_seen_subcommand_from greet' -l input -s i -r -F -d 'a file'
complete -c spop -n '__fish_seen_subcommand_from greet' -l log -r -F -d 'a log'
complete -c spop -n "not __fish_seen_subcommand_from greet read wait" -a read -d 'read a\\b'
complete -c spop -n '__fish_seen_subcommand_from read' -F
complete -c spop -n "not __fish_seen_subcommand_from greet read wait" -a wait -d 'wait'`);
  });
});
