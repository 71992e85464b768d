import { describe, expect, it } from 'vitest';
import { EXIT_CODES, type Command, type CommandTable } from '../../src/cli/command.ts';
import { commandHelp, programHelp } from '../../src/cli/help.ts';

const never = (): Promise<never> => Promise.reject(new Error('help runs no command'));

function commandWith(parts: Partial<Command>): Command {
  return { usage: 'x', about: 'Does it.', options: {}, examples: [], run: never, ...parts };
}

/** The lines of a command's help between two of its lines. */
function between(command: Command, first: string, last: string): string[] {
  const lines = commandHelp(command).split('\n');
  return lines.slice(lines.indexOf(first) + 1, lines.indexOf(last) - 1);
}

describe('commandHelp', () => {
  it('has the usage, the text, the options, the examples and the exit codes', () => {
    const command = commandWith({
      usage: 'greet NAME',
      about: 'Greets.\n\n  greet this way  \nand that',
      options: {
        loud: { about: 'shout', short: 'l' },
        language: { about: 'speak it', value: 'CODE' },
      },
      examples: [
        ['spop greet Ada', 'greet Ada'],
        ['spop greet Bob -l', 'greet Bob'],
      ],
    });
    expect(commandHelp(command)).toBe(`Usage: spop greet NAME

Greets.

  greet this way  
and that

Options:
  -l, --loud           shout
      --language CODE  speak it
      --help           this text

Examples:
  # greet Ada
  spop greet Ada
  # greet Bob
  spop greet Bob -l

${EXIT_CODES}`);
  });

  const TEN = 'ten chars.';
  /** 98 characters. */
  const LONG = Array.from({ length: 9 }, () => TEN).join(' ');

  it.each([
    ['not up to 100 characters', `${LONG} a`, [`${LONG} a`]],
    ['between words at 101', `${LONG} bb`, [LONG, 'bb']],
    ['into as many lines as it takes', `${LONG} ${LONG} cc`, [LONG, LONG, 'cc']],
    ['not within a word', 'x'.repeat(150), ['x'.repeat(150)]],
    ['before and after a long word', `a ${'x'.repeat(150)} b`, ['a', 'x'.repeat(150), 'b']],
    ['not if it is indented', `  ${LONG} ${LONG}`, [`  ${LONG} ${LONG}`]],
  ])('breaks its text %s', (_, about, lines) => {
    expect(between(commandWith({ about }), '', 'Options:')).toEqual(lines);
  });

  it('breaks what it says about an option under its own beginning', () => {
    const options = { to: { about: 'words '.repeat(20).trimEnd() } };
    expect(between(commandWith({ options }), 'Options:', 'Examples:')).toEqual([
      `      --to    ${'words '.repeat(14).trimEnd()}`,
      `              ${'words '.repeat(6).trimEnd()}`,
      '      --help  this text',
    ]);
  });
});

describe('programHelp', () => {
  it('has all commands with their summaries in one column', () => {
    const table: CommandTable = {
      ping: { summary: 'make a check', load: never },
      conformance: { summary: 'ask for all', load: never },
    };
    const help = programHelp(table).split('\n');
    expect(help.slice(0, 8)).toEqual([
      'Usage: spop COMMAND …',
      '',
      'Speaks SPOP, the protocol between HAProxy and its agents: asks an agent as HAProxy would, and reads recorded traffic.',
      '',
      'Commands:',
      '  ping         make a check',
      '  conformance  ask for all',
      '',
    ]);
    expect(help.slice(8).join('\n')).toMatch(
      /^`spop COMMAND --help` explains[^]*\n\nExamples:\n {2}spop ping [^]*\n\nExit codes:/,
    );
  });
});
