import type { OptionSpecs } from './arguments.ts';
import { EXIT_CODES, type Command, type CommandTable } from './command.ts';

/** The longest line of the help, in characters. */
const WIDTH = 100;

/** Breaks a text between words; lines after the first begin with `indent` spaces. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}

function optionLines(options: OptionSpecs): string[] {
  const rows = Object.entries(options).map(([name, { value, about, short }]): [string, string] => {
    const letter = short === undefined ? '    ' : `-${short}, `;
    return [`${letter}--${name}${value === undefined ? '' : ` ${value}`}`, about];
  });
  return rowLines([...rows, ['    --help', 'this text']]);
}

function rowLines(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 4;
  return rows.map(([left, right]) => `  ${left.padEnd(width - 2)}${wrap(right, width)}`);
}

/** The help of one command. */
export function commandHelp(command: Command): string {
  const examples = command.examples.flatMap(([line, purpose]) => [`  # ${purpose}`, `  ${line}`]);
  const about = command.about.split('\n').map((line) => (line.startsWith(' ') ? line : wrap(line, 0)));
  return [
    `Usage: spop ${command.usage}`,
    '',
    ...about,
    '',
    'Options:',
    ...optionLines(command.options),
    '',
    'Examples:',
    ...examples,
    '',
    EXIT_CODES,
  ].join('\n');
}

/** The help of the program. */
export function programHelp(table: CommandTable): string {
  const rows = Object.entries(table).map(([name, { summary }]): [string, string] => [name, summary]);
  return [
    'Usage: spop COMMAND …',
    '',
    'Speaks SPOP, the protocol between HAProxy and its agents: asks an agent as HAProxy would, and reads recorded traffic.',
    '',
    'Commands:',
    ...rowLines(rows),
    '',
    '`spop COMMAND --help` explains a command, `spop --version` prints the version. Data goes to stdout, messages to stderr.',
    '',
    'Examples:',
    '  spop ping 127.0.0.1:9000',
    '  spop send 127.0.0.1:9000 check-client-ip ip=192.0.2.1',
    '  spop decode traffic.pcap',
    '',
    EXIT_CODES,
  ].join('\n');
}
