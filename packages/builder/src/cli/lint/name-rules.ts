import { isLine, namesOn, type ConfigurationLine, type Section } from './configuration-text.ts';
import type { Fault, Rule } from './rule.ts';
import type { LinkedEngine, Subject } from './subject.ts';

/** Rules on names that two lines have to share: engines, messages and groups. */
export const nameRules: readonly Rule[] = [
  { id: 'engine-missing', severity: 'error', source: 'SPOE.txt §2.1', find: engineMissing },
  { id: 'engine-unused', severity: 'warning', source: 'SPOE.txt §2', find: engineUnused },
  { id: 'agent-missing', severity: 'error', source: 'SPOE.txt §2.1', find: agentMissing },
  { id: 'agent-asked-nothing', severity: 'error', source: 'SPOE.txt §2.2', find: agentAskedNothing },
  { id: 'message-missing', severity: 'error', source: 'SPOE.txt §2.2', find: messageMissing },
  { id: 'message-unnamed', severity: 'warning', source: 'SPOE.txt §2.2', find: messageUnnamed },
  { id: 'message-without-event', severity: 'warning', source: 'SPOE.txt §2.3', find: messageWithoutEvent },
  { id: 'event-unknown', severity: 'error', source: 'SPOE.txt §2.3', find: eventUnknown },
  { id: 'event-of-frontend', severity: 'warning', source: 'SPOE.txt §3.3', find: eventOfFrontend },
  { id: 'group-without-filter', severity: 'error', source: 'SPOE.txt §2.4', find: groupWithoutFilter },
  { id: 'group-missing', severity: 'error', source: 'SPOE.txt §2.2', find: groupMissing },
  { id: 'group-unnamed', severity: 'warning', source: 'SPOE.txt §2.2', find: groupUnnamed },
  { id: 'group-unsent', severity: 'warning', source: 'SPOE.txt §2.4', find: groupUnsent },
];

/** A line with `send-spoe-group`. */
export interface GroupRule {
  readonly line: ConfigurationLine;
  readonly engine: string;
  readonly group: string;
}

/** The rules among these lines that send groups. */
export function groupRules(lines: readonly ConfigurationLine[]): GroupRule[] {
  return lines.flatMap((line) => {
    const index = line.words.indexOf('send-spoe-group');
    const [engine, group] = index < 0 ? [] : line.words.slice(index + 1);
    return engine === undefined || group === undefined ? [] : [{ line, engine, group }];
  });
}

function* engineMissing({ filters, engines }: Subject): Iterable<Fault> {
  for (const { engine, line } of filters) {
    if (engines.some(({ scope }) => scope === engine) || engine?.includes('$') === true) continue;
    const scopes = engines.map(({ scope }) => (scope === undefined ? 'no name' : `"${scope}"`)).join(', ');
    yield {
      file: 'haproxy',
      line: line.number,
      sentence: `the SPOE configuration has no engine ${engine === undefined ? 'without a name' : `"${engine}"`}; it has ${scopes === '' ? 'none' : scopes}. HAProxy does not start`,
      advice: `a line [${engine ?? 'NAME'}] before "spoe-agent", and "filter spoe engine ${engine ?? 'NAME'} config FILE"`,
    };
  }
}

function* engineUnused({ filters, engines }: Subject): Iterable<Fault> {
  // Another rule reports a filter that names an unknown engine.
  if (filters.some(({ engine }) => !engines.some(({ scope }) => scope === engine))) return;
  for (const engine of engines) {
    if (engine.filters.length > 0) continue;
    const name = engine.scope ?? 'NAME';
    yield {
      // If other engines are used, this one may be for another HAProxy.
      ...(filters.length > 0 ? { severity: 'note' as const } : {}),
      file: 'spoe',
      line: engine.line,
      sentence: `no "filter spoe" names ${engine.scope === undefined ? 'the engine without a name' : `the engine "${name}"`}: HAProxy ignores its sections`,
      advice: `filter spoe engine ${name} config FILE, in the proxy whose requests the agent is asked about`,
    };
  }
}

function* agentMissing({ engines }: Subject): Iterable<Fault> {
  for (const { agent, scope, line } of engines) {
    if (agent !== undefined) continue;
    yield {
      file: 'spoe',
      line,
      sentence: `the engine ${scope === undefined ? 'without a name' : `"${scope}"`} has no "spoe-agent" section: HAProxy does not start`,
      advice: `spoe-agent NAME, with "messages" and "use-backend"`,
    };
  }
}

function* agentAskedNothing({ engines }: Subject): Iterable<Fault> {
  for (const { agent, messages, groups, filters } of engines) {
    // Other rules report messages and groups that no line names.
    if (agent === undefined || filters.length === 0 || messages.length > 0 || groups.length > 0) continue;
    if (namesOn(agent, 'messages').length > 0 || namesOn(agent, 'groups').length > 0) continue;
    yield {
      file: 'spoe',
      line: agent.head.number,
      sentence: `the agent "${agent.name}" has no message and no group, so it is never asked; HAProxy 2.6 and 3.0 crash when they read this`,
      advice: 'messages NAME, and a section "spoe-message NAME" with its args and its event',
    };
  }
}

function* messageMissing({ engines }: Subject): Iterable<Fault> {
  for (const { agent, groups, messages } of engines) {
    for (const section of [agent, ...groups]) {
      for (const { name, line } of namesOn(section, 'messages')) {
        if (name.includes('$') || messages.some((message) => message.name === name)) continue;
        yield {
          file: 'spoe',
          line: line.number,
          sentence: `the engine has no message "${name}": HAProxy does not start`,
          advice: `spoe-message ${name}, or the name of one that there is`,
        };
      }
    }
  }
}

/** The messages that the `messages` lines of an engine name. */
export function messageNames(engine: LinkedEngine): ReadonlySet<string> {
  const sections = [engine.agent, ...engine.groups];
  return new Set(sections.flatMap((section) => namesOn(section, 'messages').map(({ name }) => name)));
}

function isUncertain(names: ReadonlySet<string>): boolean {
  return [...names].some((name) => name.includes('$'));
}

function* messageUnnamed({ engines }: Subject): Iterable<Fault> {
  for (const engine of engines) {
    const names = messageNames(engine);
    if (engine.agent === undefined || isUncertain(names)) continue;
    for (const { name, section, event } of engine.messages) {
      if (names.has(name)) continue;
      const where = event === undefined ? 'a "spoe-group" section' : `"spoe-agent ${engine.agent.name}"`;
      yield {
        file: 'spoe',
        line: section.head.number,
        sentence: `no line "messages" names the message "${name}": HAProxy never sends it`,
        advice: `messages ${name}, in ${where}`,
      };
    }
  }
}

function* messageWithoutEvent({ engines }: Subject): Iterable<Fault> {
  for (const { agent, messages, groups } of engines) {
    const names = namesOn(agent, 'messages').map(({ name }) => name);
    // HAProxy also sends messages of a group.
    const grouped = groups.flatMap((group) => namesOn(group, 'messages').map(({ name }) => name));
    for (const { name, section, event } of messages) {
      if (event !== undefined || !names.includes(name) || grouped.includes(name)) continue;
      yield {
        file: 'spoe',
        line: section.head.number,
        sentence: `the message "${name}" has no event: HAProxy never sends it`,
        advice: 'event on-frontend-http-request, or another one; or a group for it, and a rule that sends the group',
      };
    }
  }
}

const EVENTS = [
  'on-client-session',
  'on-server-session',
  'on-frontend-tcp-request',
  'on-backend-tcp-request',
  'on-tcp-response',
  'on-frontend-http-request',
  'on-backend-http-request',
  'on-http-response',
];

function* eventUnknown({ engines }: Subject): Iterable<Fault> {
  for (const { event } of engines.flatMap(({ messages }) => messages)) {
    const [, name = ''] = event?.words ?? [];
    if (event === undefined || name.includes('$') || EVENTS.includes(name)) continue;
    yield {
      file: 'spoe',
      line: event.number,
      sentence: `there is no event "${name}": HAProxy does not start`,
      advice: `one of ${EVENTS.join(', ')}`,
    };
  }
}

function* eventOfFrontend({ engines }: Subject): Iterable<Fault> {
  for (const { agent, messages, filters } of engines) {
    const names = namesOn(agent, 'messages').map(({ name }) => name);
    if (filters.length === 0 || filters.some(({ proxy }) => proxy.kind !== 'backend')) continue;
    for (const { name, event } of messages) {
      const [, eventName = ''] = event?.words ?? [];
      if (event === undefined || !names.includes(name) || !/^on-(?:client|frontend)-/.test(eventName)) continue;
      yield {
        file: 'spoe',
        line: event.number,
        sentence: `the filter is in a backend, which has no event ${eventName}: HAProxy never sends the message "${name}"`,
        advice: `event ${eventName.replace('client', 'server').replace('frontend', 'backend')}, or the filter in the frontend`,
      };
    }
  }
}

function* groupWithoutFilter({ haproxy, engines }: Subject): Iterable<Fault> {
  for (const proxy of haproxy.proxies) {
    const filters = haproxy.filters.filter((filter) => filter.proxy === proxy);
    for (const { line, engine } of groupRules(proxy.lines)) {
      // A filter without an engine has the agent's name, and may use another file.
      const isThere = filters.some((filter) => filter.engine === undefined || filter.engine === engine);
      if (isThere || engine.includes('$') || filters.some((filter) => filter.engine?.includes('$'))) continue;
      const config = engines.some(({ engineName }) => engineName === engine) ? 'FILE' : 'FILE, with that engine in it';
      yield {
        file: 'haproxy',
        line: line.number,
        sentence: `"${proxy.kind} ${proxy.name}" has no filter with the engine "${engine}": HAProxy does not start`,
        advice: `filter spoe engine ${engine} config ${config}`,
      };
    }
  }
}

function* groupMissing({ engines, haproxy, otherFilters }: Subject): Iterable<Fault> {
  for (const { agent, groups, engineName, filters } of engines) {
    for (const { name, line } of namesOn(agent, 'groups')) {
      if (name.includes('$') || groups.some((group) => group.name === name)) continue;
      yield {
        file: 'spoe',
        line: line.number,
        sentence: `the engine has no group "${name}": HAProxy does not start`,
        advice: `spoe-group ${name}, or the name of one that there is`,
      };
    }
    const listed = namesOn(agent, 'groups').map(({ name }) => name);
    // Another proxy may have an engine of the same name, of another file.
    const isElsewhere = otherFilters.some((filter) => filter.engine === engineName);
    if (agent === undefined || filters.length === 0 || isElsewhere || listed.some((name) => name.includes('$')))
      continue;
    for (const { line, engine, group } of groupRules(haproxy.lines)) {
      if (engine !== engineName || group.includes('$') || listed.includes(group)) continue;
      yield {
        file: 'haproxy',
        line: line.number,
        sentence: `no line "groups" of the engine "${engine}" names the group "${group}": HAProxy does not start`,
        advice: `groups ${group}, in the "spoe-agent" section`,
      };
    }
  }
}

function* groupUnnamed({ engines }: Subject): Iterable<Fault> {
  for (const { agent, groups } of engines) {
    const names = new Set(namesOn(agent, 'groups').map(({ name }) => name));
    if (agent === undefined || isUncertain(names)) continue;
    for (const { name, head } of groups) {
      if (names.has(name)) continue;
      yield {
        file: 'spoe',
        line: head.number,
        sentence: `no line "groups" names the group "${name}": no rule can send it`,
        advice: `groups ${name}, in "spoe-agent ${agent.name}"`,
      };
    }
  }
}

function* groupUnsent({ engines, haproxy }: Subject): Iterable<Fault> {
  const rules = groupRules(haproxy.lines);
  if (rules.some(({ engine, group }) => engine.includes('$') || group.includes('$'))) return;
  for (const engine of engines) {
    const { agent, groups, engineName, filters } = engine;
    if (filters.length === 0) continue;
    for (const { name, line } of namesOn(agent, 'groups')) {
      const group = groups.find((each) => each.name === name);
      if (group === undefined || isSentByEvents(engine, group)) continue;
      if (rules.some((rule) => rule.engine === engineName && rule.group === name)) continue;
      const isTcp = filters.every(({ proxy }) => proxy.lines.some((each) => isLine(each, 'mode', 'tcp')));
      yield {
        file: 'spoe',
        line: line.number,
        sentence: `no rule sends the group "${name}": HAProxy never asks the agent about it, and says nothing`,
        advice: `${isTcp ? 'tcp-request content' : 'http-request'} send-spoe-group ${engineName} ${name}, in the proxy of the filter`,
      };
    }
  }
}

/** Whether all messages of a group are also sent by events. */
function isSentByEvents({ agent, messages }: LinkedEngine, group: Section): boolean {
  const named = new Set(namesOn(agent, 'messages').map(({ name }) => name));
  const sent = new Set(
    messages.filter(({ name, event }) => event !== undefined && named.has(name)).map(({ name }) => name),
  );
  return namesOn(group, 'messages').every(({ name }) => sent.has(name));
}
