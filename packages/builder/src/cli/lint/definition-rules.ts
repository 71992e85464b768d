import type { DeclaredMessage } from '../definitions.ts';
import { nearest } from '../usage-error.ts';
import type { Fault, Rule } from './rule.ts';
import { messageNames } from './name-rules.ts';
import { canTake, mayBeNothing, sampleTypeOf } from './sample-types.ts';
import type { SentArgument, SentMessage } from './spoe-file.ts';
import type { Subject } from './subject.ts';

/** Rules on the agent's declarations and HAProxy's messages. */
export const definitionRules: readonly Rule[] = [
  { id: 'message-undeclared', severity: 'warning', source: 'SPOE.txt §2.3', find: messageUndeclared },
  { id: 'message-not-sent', severity: 'warning', source: 'SPOE.txt §2.3', find: messageNotSent },
  { id: 'argument-not-sent', severity: 'error', source: 'SPOE.txt §2.3, args', find: argumentNotSent },
  { id: 'optional-argument-not-sent', severity: 'note', source: 'SPOE.txt §2.3, args', find: optionalNotSent },
  { id: 'argument-undeclared', severity: 'note', source: 'SPOE.txt §2.3, args', find: argumentUndeclared },
  { id: 'argument-type', severity: 'error', source: 'SPOE.txt §3.1', find: argumentType },
  { id: 'argument-may-be-null', severity: 'warning', source: 'SPOE.txt §3.1, NULL', find: argumentMayBeNull },
  { id: 'argument-without-name', severity: 'note', source: 'SPOE.txt §2.3, args', find: argumentWithoutName },
  { id: 'too-many-arguments', severity: 'error', source: 'SPOE.txt §3.2, NB-ARGS', find: tooManyArguments },
];

/** Messages that both the agent and the configuration have. */
function* pairs({ engines, definitions }: Subject): Iterable<{ sent: SentMessage; declared: DeclaredMessage }> {
  for (const { messages, isDeclared } of engines) {
    if (!isDeclared) continue;
    for (const sent of messages) {
      const declared = definitions?.messages.find(({ name }) => name === sent.name);
      if (declared !== undefined) yield { sent, declared };
    }
  }
}

function* messageUndeclared({ engines, definitions }: Subject): Iterable<Fault> {
  const names = definitions?.messages.map(({ name }) => name) ?? [];
  const known = engines.filter(({ isDeclared }) => isDeclared);
  const sent = known.flatMap((engine) => engine.messages.filter(({ name }) => messageNames(engine).has(name)));
  for (const { name, section } of sent) {
    if (name.includes('$') || names.includes(name)) continue;
    yield {
      file: 'spoe',
      line: section.head.number,
      sentence: `the agent declares no message "${name}": no handler is called for it`,
      advice: `spoe-message ${nearest(name, names) ?? names.join(', or ')}, as the agent calls it`,
    };
  }
}

function* messageNotSent({ engines, definitions, otherFilters }: Subject): Iterable<Fault> {
  // Another SPOE configuration may have the message.
  if (otherFilters.length > 0 || engines.length === 0) return;
  const sent = new Set(engines.flatMap(({ messages }) => messages).map(({ name }) => name));
  if ([...sent].some((name) => name.includes('$'))) return;
  for (const { name, args } of definitions?.messages ?? []) {
    if (sent.has(name)) continue;
    yield {
      file: 'spoe',
      line: engines.find(({ isDeclared }) => isDeclared)?.line ?? 1,
      sentence: `the agent has a message "${name}", and the configuration has none of that name: its handler is never called`,
      advice: `spoe-message ${name}${args.length === 0 ? '' : `, with args ${args.map((argument) => `${argument.name}=…`).join(' ')}`}`,
    };
  }
}

function* missing(subject: Subject, isOptional: boolean): Iterable<{ sent: SentMessage; name: string }> {
  for (const { sent, declared } of pairs(subject)) {
    const names = sent.args.map(({ name }) => name);
    for (const argument of declared.args) {
      if (!names.includes(argument.name) && argument.isOptional === isOptional) yield { sent, name: argument.name };
    }
  }
}

/** The only argument without a name, which is probably the missing one. */
function onlyNameless({ args }: SentMessage): SentArgument | undefined {
  const nameless = args.filter(({ name }) => name === '');
  return nameless.length === 1 ? nameless[0] : undefined;
}

function lineOf({ args, section }: SentMessage): number {
  return (args[0]?.line ?? section.head).number;
}

function* argumentNotSent(subject: Subject): Iterable<Fault> {
  for (const { sent, name } of missing(subject, false)) {
    const nameless = onlyNameless(sent);
    const instead = nameless === undefined ? '' : `; it sends "${nameless.expression}" without a name`;
    yield {
      file: 'spoe',
      line: nameless?.line.number ?? lineOf(sent),
      sentence: `the agent needs the argument "${name}" of "${sent.name}", and HAProxy does not send it${instead}: the handler fails with SPOP_MISSING_ARGUMENT`,
      advice: `args ${name}=${nameless?.expression ?? '…'}`,
    };
  }
}

function* optionalNotSent(subject: Subject): Iterable<Fault> {
  for (const { sent, name } of missing(subject, true)) {
    yield {
      file: 'spoe',
      line: lineOf(sent),
      sentence: `the agent would take an argument "${name}" of "${sent.name}", and HAProxy never sends it`,
      advice: `args ${name}=…, if HAProxy is to send it`,
    };
  }
}

function* argumentUndeclared(subject: Subject): Iterable<Fault> {
  for (const { sent, declared } of pairs(subject)) {
    const names = declared.args.map(({ name }) => name);
    for (const { name, line } of sent.args) {
      if (name === '' || names.includes(name)) continue;
      const guess = nearest(name, names);
      yield {
        file: 'spoe',
        line: line.number,
        sentence: `HAProxy sends the argument "${name}" of "${sent.name}", and the agent does not declare it`,
        advice: guess === undefined ? `args without ${name}, or its declaration in the agent` : `args ${guess}=…`,
      };
    }
  }
}

function* argumentType(subject: Subject): Iterable<Fault> {
  for (const { sent, declared } of pairs(subject)) {
    for (const { name, expression, line } of sent.args) {
      const argument = declared.args.find((each) => each.name === name);
      const type = sampleTypeOf(expression);
      if (argument === undefined || type === undefined || canTake(argument.kinds, type)) continue;
      const what = argument.kinds.join(' or ');
      yield {
        file: 'spoe',
        line: line.number,
        sentence: `"${expression}" gives ${type}, and the agent declares the argument "${name}" of "${sent.name}" as ${what}: the handler fails`,
        advice: `${name}: ${type} in the agent, or a sample that gives ${what}`,
      };
    }
  }
}

function* argumentMayBeNull(subject: Subject): Iterable<Fault> {
  for (const { sent, declared } of pairs(subject)) {
    for (const { name, expression, line } of sent.args) {
      const argument = declared.args.find((each) => each.name === name);
      if (argument === undefined || argument.isOptional || !mayBeNothing(expression)) continue;
      yield {
        file: 'spoe',
        line: line.number,
        sentence: `"${expression}" gives nothing for some requests, which HAProxy sends as NULL, and the agent needs the argument "${name}" of "${sent.name}": the handler fails with SPOP_MISSING_ARGUMENT`,
        advice: `${name}: optional(…) in the agent`,
      };
    }
  }
}

function* argumentWithoutName(subject: Subject): Iterable<Fault> {
  for (const { sent, declared } of pairs(subject)) {
    // If a required argument is missing, another rule reports it.
    const isMissing = declared.args.some(
      ({ name, isOptional }) => !isOptional && !sent.args.some((each) => each.name === name),
    );
    if (declared.args.length === 0 || (isMissing && onlyNameless(sent) !== undefined)) continue;
    for (const { name, expression, line } of sent.args) {
      if (name !== '') continue;
      const guess = declared.args.find((argument) => !sent.args.some((each) => each.name === argument.name));
      yield {
        file: 'spoe',
        line: line.number,
        sentence: `"${expression}" has no name: HAProxy sends it under the name ''`,
        advice: `args ${guess?.name ?? 'NAME'}=${expression}`,
      };
    }
  }
}

function* tooManyArguments({ engines }: Subject): Iterable<Fault> {
  for (const { name, args, section } of engines.flatMap(({ messages }) => messages)) {
    if (args.length <= 255) continue;
    yield {
      file: 'spoe',
      line: section.head.number,
      sentence: `the message "${name}" has ${args.length} arguments: HAProxy sends their number modulo 256, and no agent can read it`,
      advice: 'two messages, with 255 arguments each at most',
    };
  }
}
