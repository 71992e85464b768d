import {
  linesOf,
  linesWith,
  namesOn,
  sectionsOf,
  valueOf,
  type ConfigurationLine,
  type Section,
} from './configuration-text.ts';

const SECTIONS: ReadonlySet<string> = new Set(['spoe-agent', 'spoe-message', 'spoe-group']);

/** An argument of an `args` line. */
export interface SentArgument {
  /** The name; empty for `args src` (SPOE.txt §2.3). */
  readonly name: string;
  /** The sample expression. */
  readonly expression: string;
  readonly line: ConfigurationLine;
}

/** A `spoe-message` section. */
export interface SentMessage {
  readonly name: string;
  readonly section: Section;
  readonly args: readonly SentArgument[];
  /** The line of its event; undefined if it has none. */
  readonly event: ConfigurationLine | undefined;
}

/** One scope of a SPOE configuration (SPOE.txt §2.1). */
export interface Engine {
  /** The name between brackets; undefined before the first one. */
  readonly scope: string | undefined;
  /** The line of that name; 1 if there is none. */
  readonly line: number;
  readonly agent: Section | undefined;
  readonly messages: readonly SentMessage[];
  readonly groups: readonly Section[];
  /** The prefix of the agent's variables: `option var-prefix`, or the agent's name. */
  readonly prefix: string;
}

/** Parses a SPOE configuration. Takes any text, and skips unknown lines. */
export function parseSpoeFile(text: string): Engine[] {
  const scopes: { scope: string | undefined; line: number; lines: ConfigurationLine[] }[] = [
    { scope: undefined, line: 1, lines: [] },
  ];
  for (const line of linesOf(text)) {
    const all = line.words.join(' ');
    if (all.startsWith('[') && all.endsWith(']')) {
      scopes.push({ scope: all.slice(1, -1), line: line.number, lines: [] });
    } else scopes.at(-1)?.lines.push(line);
  }
  return scopes
    .map(({ scope, line, lines }) => engineOf(scope, line, sectionsOf(lines, SECTIONS)))
    .filter((engine) => engine.agent !== undefined || engine.messages.length > 0 || engine.groups.length > 0);
}

function engineOf(scope: string | undefined, line: number, sections: readonly Section[]): Engine {
  const agent = sections.find(({ kind }) => kind === 'spoe-agent');
  return {
    scope,
    line,
    agent,
    messages: sections.filter(({ kind }) => kind === 'spoe-message').map((section) => messageOf(section)),
    groups: sections.filter(({ kind }) => kind === 'spoe-group'),
    prefix: agent === undefined ? '' : (valueOf(agent, 'option', 'var-prefix') ?? agent.name),
  };
}

function messageOf(section: Section): SentMessage {
  return {
    name: section.name,
    section,
    args: namesOn(section, 'args').map(({ name: word, line }) => argumentOf(word, line)),
    event: linesWith(section, 'event').at(-1),
  };
}

/** An argument with a name: HAProxy takes these characters before the first `=` as one (src/flt_spoe.c). */
const ARGUMENT = /^([\w.:-]+)=(.*)$/s;

function argumentOf(word: string, line: ConfigurationLine): SentArgument {
  const [, name = '', expression = word] = ARGUMENT.exec(word) ?? [];
  return { name, expression, line };
}
