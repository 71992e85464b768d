import { nearest } from '../usage-error.ts';
import { linesWith, namesOn, valueOf, type ConfigurationLine } from './configuration-text.ts';
import type { Fault, Rule } from './rule.ts';
import type { LinkedEngine, Subject } from './subject.ts';

/** Rules on setting and reading variables. */
export const variableRules: readonly Rule[] = [
  { id: 'variable-unset', severity: 'warning', source: 'SPOE.txt §2.2, option var-prefix', find: variableUnset },
  { id: 'variable-unread', severity: 'note', source: 'SPOE.txt §2.2, option var-prefix', find: variableUnread },
  {
    id: 'variable-scope',
    severity: 'warning',
    source: 'docs/guides/troubleshooting.md, Answered, but no variable',
    find: variableScope,
  },
  { id: 'agent-variable-unread', severity: 'note', source: 'SPOE.txt §3.4', find: agentVariableUnread },
];

/** A place where a variable is named. */
interface Mention {
  readonly name: string;
  /** `other` may read or set it, such as the arguments of most converters. */
  readonly use: 'read' | 'set' | 'unset' | 'other';
  readonly file: 'haproxy' | 'spoe';
  readonly line: number;
}

const NAME = /(?<![\w.-])(?:proc|sess|txn|req|res)\.\w[\w.]*(?![\w.$%-])/g;

function* mentionsIn(lines: Iterable<ConfigurationLine>, file: Mention['file']): Iterable<Mention> {
  for (const { words, number } of lines) {
    for (const [index, word] of words.entries()) {
      for (const { 0: name, index: offset } of word.matchAll(NAME)) {
        yield {
          name,
          use: useOf(word.slice(Math.max(0, offset - LONGEST), offset), words[index - 1]),
          file,
          line: number,
        };
      }
    }
  }
}

/** The longest text before a name that says what it is for, in characters. */
const LONGEST = 20;

function useOf(before: string, previous: string | undefined): Mention['use'] {
  if (before.endsWith('unset-var(')) return 'unset';
  if (/set-var(?:-fmt|-dflt)?\($/.test(before)) return 'set';
  // In "global": set-var NAME VALUE.
  if (before === '' && /^set-var(?:-fmt)?$/.test(previous ?? '')) return 'set';
  return /(?<![\w-])var\($/.test(before) ? 'read' : 'other';
}

function mentionsOf({ haproxy, engines }: Subject): Mention[] {
  const sections = engines.flatMap(({ agent, messages }) => [agent, ...messages.map(({ section }) => section)]);
  return [
    ...mentionsIn(haproxy.lines, 'haproxy'),
    ...mentionsIn(
      sections.flatMap((section) => section?.lines ?? []),
      'spoe',
    ),
  ];
}

/** The variables that HAProxy itself sets for an engine. */
function ownVariables({ agent, prefix }: LinkedEngine): string[] {
  if (agent === undefined) return [];
  return ['set-on-error', 'set-process-time', 'set-total-time'].flatMap((option) => {
    const name = valueOf(agent, 'option', option);
    return name === undefined ? [] : [`txn.${prefix}.${name}`];
  });
}

/** Whether the names of an agent's variables are known: its prefix exists, is valid, and does not come from the environment. */
function hasPlainPrefix({ prefix }: LinkedEngine): boolean {
  return /^[\w.]+$/.test(prefix);
}

/** Whether a variable may be set by the agent of an engine. */
function isOf({ prefix }: LinkedEngine, name: string): boolean {
  return name.slice(name.indexOf('.') + 1).startsWith(`${prefix}.`);
}

function* variableUnset(subject: Subject): Iterable<Fault> {
  const { haproxy, engines, definitions, otherFilters } = subject;
  if (haproxy.hasPrograms || !haproxy.isWhole || !engines.every((engine) => hasPlainPrefix(engine))) return;
  const mentions = mentionsOf(subject);
  const set = new Set(mentions.filter(({ use }) => use === 'set' || use === 'other').map(({ name }) => name));
  const own = engines.flatMap((engine) => ownVariables(engine));
  const reported = new Set<string>();
  for (const { name, use, file, line } of mentions) {
    if (use !== 'read' || set.has(name) || own.includes(name) || reported.has(name)) continue;
    const agents = engines.filter((engine) => isOf(engine, name));
    // The variables of an agent without definitions, or with its engine in another file, are not known.
    if (agents.some(({ isDeclared }) => !isDeclared) || (agents.length === 0 && otherFilters.length > 0)) continue;
    const known = [...own, ...agents.flatMap(({ prefix }) => declaredBy(definitions, prefix)), ...set];
    if (known.includes(name)) continue;
    reported.add(name);
    const guess = nearest(name, known);
    const who = agents.length === 0 ? 'nothing in the configuration sets it' : 'neither the agent nor a rule sets it';
    yield {
      file,
      line,
      sentence: `the variable "${name}" is read, and ${who}`,
      advice: guess === undefined ? 'the name of one that is set: SCOPE.PREFIX.NAME' : `var(${guess})`,
    };
  }
}

function declaredBy(definitions: Subject['definitions'], prefix: string): string[] {
  return definitions?.variables.map(({ scope, name }) => `${scope}.${prefix}.${name}`) ?? [];
}

/** Whether the configurations have everything that may read a variable; Lua and files with a log format are outside. */
function isAllRead({ haproxy }: Subject): boolean {
  const hasFiles = haproxy.lines.some(({ words }) => words.includes('lf-file'));
  return !haproxy.hasPrograms && haproxy.isWhole && !hasFiles;
}

function* variableUnread(subject: Subject): Iterable<Fault> {
  if (!isAllRead(subject) || subject.otherFilters.length > 0) return;
  const mentions = mentionsOf(subject);
  const read = new Set(mentions.filter(({ use }) => use === 'read' || use === 'other').map(({ name }) => name));
  const reported = new Set<string>();
  for (const { name, use, file, line } of mentions) {
    // HAProxy's command line can show variables of the process.
    if (use !== 'set' || read.has(name) || reported.has(name) || name.startsWith('proc.')) continue;
    reported.add(name);
    yield {
      file,
      line,
      sentence: `the variable "${name}" is set, and never read`,
      advice: `var(${name}) in the rule that is to use it, or no line that sets it`,
    };
  }
}

function* variableScope({ haproxy, engines }: Subject): Iterable<Fault> {
  const rules = haproxy.lines.filter(({ words }) => words[0] === 'http-request' || words[0] === 'http-response');
  for (const line of rules) yield* outOfScope([line], line.words[0] === 'http-request', 'haproxy');
  for (const { event, section } of engines.flatMap(({ messages }) => messages)) {
    const [, name = ''] = event?.words ?? [];
    const isRequest = /^on-(?:frontend|backend)-http-request$/.test(name);
    if (isRequest || name === 'on-http-response') yield* outOfScope(section.lines, isRequest, 'spoe');
  }
}

/** Variables of `req` no longer exist with the response, and those of `res` do not exist before it (measured, 2.6 to 3.5). */
function* outOfScope(lines: readonly ConfigurationLine[], isRequest: boolean, file: Mention['file']): Iterable<Fault> {
  for (const { name, use, line } of mentionsIn(lines, file)) {
    if (use !== 'read' || !name.startsWith(isRequest ? 'res.' : 'req.')) continue;
    yield {
      file,
      line,
      sentence: `the variable "${name}" is read ${isRequest ? 'with the request, and exists only with the response' : 'with the response, and no longer exists by then'}`,
      advice: `txn.${name.slice('req.'.length)}, where it is set and where it is read`,
    };
  }
}

function* agentVariableUnread(subject: Subject): Iterable<Fault> {
  const { engines, definitions } = subject;
  const engine = engines.find(({ isDeclared }) => isDeclared);
  const hasSeveral = engines.filter(({ isDeclared }) => isDeclared).length > 1;
  if (!isAllRead(subject) || engine?.agent === undefined || hasSeveral || !hasPlainPrefix(engine)) return;
  const read = new Set(
    mentionsOf(subject).flatMap(({ name, use }) => (use === 'read' || use === 'other' ? [name] : [])),
  );
  const registered = namesOn(engine.agent, 'register-var-names').map(({ name }) => name);
  const declared = declaredBy(definitions, engine.prefix);
  // Another rule reports a similar name that is never set.
  const strange = [...read].filter((name) => isOf(engine, name) && !declared.includes(name));
  const [line = engine.agent.head] = linesWith(engine.agent, 'option', 'var-prefix');
  for (const { scope, name } of definitions?.variables ?? []) {
    const full = `${scope}.${engine.prefix}.${name}`;
    if (read.has(full) || registered.includes(name) || nearest(full, strange) !== undefined) continue;
    const sentence = `the agent sets "${full}", and no line reads it`;
    yield { file: 'spoe', line: line.number, sentence, advice: `var(${full}), in a rule` };
  }
}
