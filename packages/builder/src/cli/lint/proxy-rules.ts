import {
  hasVariable,
  isLine,
  linesWith,
  millisecondsOf,
  valueOf,
  type ConfigurationLine,
} from './configuration-text.ts';
import { bufferSizeOf, frameSizeOf } from './agent-rules.ts';
import { modeOf, optionOf, settingOf, wordAfter, type Proxy } from './haproxy-file.ts';
import { groupRules } from './name-rules.ts';
import type { Fault, Rule } from './rule.ts';
import { readsData } from './sample-types.ts';
import type { SentMessage } from './spoe-file.ts';
import { isBefore, isFrom, type LinkedEngine, type Subject } from './subject.ts';

/** Rules on the proxies of the filters, and on the backends of the agents. */
export const proxyRules: readonly Rule[] = [
  {
    id: 'spop-check',
    severity: 'warning',
    source: 'docs/guides/troubleshooting.md, No answer in time',
    find: spopCheck,
  },
  { id: 'agent-mode', severity: 'error', source: 'HAProxy 2.6 and later', find: agentMode },
  { id: 'queue', severity: 'warning', source: 'docs/guides/troubleshooting.md, No answer in time', find: queue },
  {
    id: 'abortonclose',
    severity: 'warning',
    source: 'docs/guides/troubleshooting.md, The client closes while the agent thinks',
    find: abortOnClose,
  },
  {
    id: 'body-not-buffered',
    severity: 'warning',
    source: 'docs/guides/limits.md, How large a question may be',
    find: bodyNotBuffered,
  },
  { id: 'body-size', severity: 'note', source: 'docs/guides/limits.md, How large a question may be', find: bodySize },
  { id: 'body-above-frame', severity: 'warning', source: 'SPOE.txt §3.2', find: bodyAboveFrame },
  {
    id: 'tcp-before-data',
    severity: 'warning',
    source: 'docs/guides/troubleshooting.md, The agent is up, and nobody asks it',
    find: tcpBeforeData,
  },
];

/** Each backend of agents once. */
function agentBackends({ engines }: Subject): { backend: Proxy; engine: LinkedEngine }[] {
  const found = new Map<Proxy, LinkedEngine>();
  for (const engine of engines) if (engine.backend !== undefined) found.set(engine.backend, engine);
  return [...found].map(([backend, engine]) => ({ backend, engine }));
}

function* spopCheck(subject: Subject): Iterable<Fault> {
  for (const { backend } of agentBackends(subject)) {
    const servers = ['server', 'server-template'].flatMap((word) => linesWith(backend, word));
    const sections = backend.defaults === undefined ? [backend] : [backend, backend.defaults];
    const isByDefault = sections.some((section) =>
      linesWith(section, 'default-server').some((line) => isChecked(line)),
    );
    const unchecked = servers.find((line) => !isByDefault && !isChecked(line));
    const hasOption = optionOf(backend, 'spop-check') === true;
    if (unchecked !== undefined) {
      yield {
        file: 'haproxy',
        line: unchecked.number,
        sentence: `HAProxy does not check the agent "${unchecked.words[1] ?? ''}": while it is down, every request waits for a connection, up to "timeout processing"`,
        advice: hasOption
          ? 'check inter 1s, at the end of the line'
          : 'check inter 1s, at the end of the line, and "option spop-check" in the backend',
      };
    } else if (!hasOption && servers.length > 0) {
      yield {
        file: 'haproxy',
        line: backend.head.number,
        sentence: `the backend "${backend.name}" has no "option spop-check": its checks only show that something accepts connections there`,
        advice: 'option spop-check',
      };
    }
  }
}

/** Whether a server has checks, its own or those of a server that it tracks. */
function isChecked({ words }: ConfigurationLine): boolean {
  return words.includes('check') || words.includes('track');
}

function* agentMode(subject: Subject): Iterable<Fault> {
  for (const { backend } of agentBackends(subject)) {
    if (modeOf(backend) !== 'http') continue;
    yield {
      file: 'haproxy',
      line: backend.head.number,
      sentence: `the backend "${backend.name}" of the agents is in mode http: HAProxy does not start`,
      advice: 'mode tcp',
    };
  }
}

function* queue(subject: Subject): Iterable<Fault> {
  for (const { backend, engine } of agentBackends(subject)) {
    const server = linesWith(backend, 'server').find((line) => Number(wordAfter(line, 'maxconn') ?? 0) > 0);
    if (server === undefined) continue;
    const word = settingOf(backend, 'timeout', 'queue');
    const wait = millisecondsOf(word);
    const limit = millisecondsOf(engine.agent && valueOf(engine.agent, 'timeout', 'processing'));
    if (word === undefined) {
      yield {
        file: 'haproxy',
        line: server.number,
        sentence: `the server has "maxconn", and the backend "${backend.name}" has no "timeout queue": a NOTIFY waits for a connection as long as "timeout connect"`,
        advice: `timeout queue ${limit === undefined ? '100ms' : `${Math.max(1, Math.floor(limit / 2))}ms`}, in the backend`,
      };
    } else if (wait !== undefined && limit !== undefined && wait >= limit) {
      yield {
        file: 'haproxy',
        line: server.number,
        sentence: `a NOTIFY may wait ${wait} ms for a connection, and HAProxy gives it up after ${limit} ms: a full queue looks like a slow agent`,
        advice: `timeout queue ${Math.max(1, Math.floor(limit / 2))}ms, in the backend`,
      };
    }
  }
}

/** Each proxy with a filter once, with the engines of its filters. */
function filteredProxies({ engines }: Subject): { proxy: Proxy; line: ConfigurationLine; engines: LinkedEngine[] }[] {
  const found = new Map<Proxy, { proxy: Proxy; line: ConfigurationLine; engines: LinkedEngine[] }>();
  for (const engine of engines) {
    for (const { proxy, line } of engine.filters) {
      const entry = found.get(proxy) ?? { proxy, line, engines: [] };
      entry.engines.push(engine);
      found.set(proxy, entry);
    }
  }
  return [...found.values()];
}

function* abortOnClose(subject: Subject): Iterable<Fault> {
  const { haproxy } = subject;
  if (isBefore(subject, '3.1')) return;
  for (const { proxy, line, engines } of filteredProxies(subject)) {
    const option = optionOf(proxy, 'abortonclose');
    if (modeOf(proxy) !== 'http' || option === false) continue;
    if (option === undefined && subject.release !== undefined && !isFrom(subject, '3.3')) continue;
    if (engines.every((engine) => looksAtError(engine, haproxy.lines))) continue;
    const which = option === true ? 'HAProxy 3.1 and later' : 'HAProxy 3.3 and later';
    yield {
      file: 'haproxy',
      line: line.number,
      sentence: `${which} do not wait for the agent once the client has closed, and evaluate the rules without its variables: such a client gets past a "deny" by one of them`,
      advice: 'no option abortonclose, in "defaults" or the proxy; or a rule on the variable of "option set-on-error"',
    };
  }
}

/** Words of rules that may refuse a request, or decide about it. */
const DECISIONS: ReadonlySet<string> = new Set([
  'acl',
  'deny',
  'redirect',
  'reject',
  'return',
  'silent-drop',
  'tarpit',
  'use_backend',
]);

/** Whether a rule reads the variable of `option set-on-error`, which is then 4. */
function looksAtError({ agent, prefix }: LinkedEngine, lines: readonly ConfigurationLine[]): boolean {
  const name = agent && valueOf(agent, 'option', 'set-on-error');
  if (name === undefined) return false;
  const read = `var(txn.${prefix}.${name})`;
  return lines.some(
    ({ words }) => words.some((word) => DECISIONS.has(word)) && words.some((word) => word.includes(read)),
  );
}

/** The messages of an engine that send request bodies, with the argument. */
function* bodies({ messages }: LinkedEngine): Iterable<{ message: SentMessage; line: ConfigurationLine }> {
  for (const message of messages) {
    const argument = message.args.find(({ expression }) => /^req\.body(?:,|$)/.test(expression));
    if (argument !== undefined) yield { message, line: argument.line };
  }
}

function* bodyNotBuffered({ engines, haproxy }: Subject): Iterable<Fault> {
  // A frontend may wait for the body that a backend's filter sends.
  const isBuffered = haproxy.proxies.some(
    (proxy) =>
      optionOf(proxy, 'http-buffer-request') === true ||
      proxy.lines.some(({ words }) => words.includes('wait-for-body')),
  );
  for (const engine of isBuffered ? [] : engines) {
    const proxy = engine.filters.map((filter) => filter.proxy).find((each) => modeOf(each) === 'http');
    if (proxy === undefined) continue;
    for (const { message, line } of bodies(engine)) {
      yield {
        file: 'spoe',
        line: line.number,
        sentence: `the message "${message.name}" has the body, and "${proxy.kind} ${proxy.name}" does not wait for it: the agent gets what has come by then, often nothing`,
        advice: `option http-buffer-request, in "${proxy.kind} ${proxy.name}"`,
      };
    }
  }
}

/** Whether a line of HAProxy's configuration reads the size of bodies, and may decide when a message is sent. */
function looksAtSize(lines: readonly ConfigurationLine[]): boolean {
  return lines.some(({ words }) => words.some((word) => /req\.body_(?:size|len)/.test(word)));
}

function* bodySize({ engines, haproxy }: Subject): Iterable<Fault> {
  if (looksAtSize(haproxy.lines)) return;
  for (const engine of engines) {
    for (const { message, line } of bodies(engine)) {
      const all = [...message.args.map(({ expression }) => expression), ...(message.event?.words ?? [])];
      // All headers have content-length among them.
      if (all.some((word) => /req\.body_size|req\.hdrs|content-length/.test(word))) continue;
      yield {
        file: 'spoe',
        line: line.number,
        sentence: `the message "${message.name}" has the body, and not its size: the agent gets the beginning of a body that is larger than HAProxy's buffer, and cannot tell`,
        advice: 'size=req.body_size beside it, to compare with the length',
      };
    }
  }
}

/** The bytes that HAProxy reserves in a buffer by default. */
const MAX_REWRITE = 1024;

function* bodyAboveFrame(subject: Subject): Iterable<Fault> {
  const buffer = bufferSizeOf(subject);
  if (buffer === undefined || looksAtSize(subject.haproxy.lines)) return;
  const rewrite = Number(valueOf(subject.haproxy.global, 'tune.maxrewrite') ?? MAX_REWRITE);
  const most = buffer - rewrite;
  for (const engine of subject.engines) {
    const frame = frameSizeOf(engine.agent);
    if (frame === undefined || Number.isNaN(most) || frame.bytes >= most) continue;
    for (const { message } of bodies(engine)) {
      if (message.event?.words.some((word) => /req\.body_(?:size|len)/.test(word)) === true) continue;
      yield {
        file: 'spoe',
        line: frame.line.number,
        sentence: `a frame has ${frame.bytes} bytes at most, and the body in the message "${message.name}" up to ${most}: HAProxy 3.1 and later let such a request pass without asking the agent`,
        advice: 'no max-frame-size; or an event "if { req.body_size le N }", with N well below it',
      };
    }
  }
}

function* tcpBeforeData({ engines }: Subject): Iterable<Fault> {
  for (const engine of engines) {
    for (const { proxy } of engine.filters) {
      if (modeOf(proxy) !== 'tcp' || [proxy.name, proxy.head.words.join(' ')].some(hasVariable)) continue;
      const isWaiting = settingOf(proxy, 'tcp-request', 'inspect-delay') !== undefined;
      for (const { line, engine: name, group } of groupRules(proxy.lines)) {
        if (name !== engine.engineName || !isLine(line, 'tcp-request', 'content')) continue;
        const condition = line.words.slice(line.words.indexOf('send-spoe-group') + 3);
        if (isWaiting && (condition.length > 0 || !needsData(engine, group))) continue;
        yield {
          file: 'haproxy',
          line: line.number,
          sentence: `HAProxy evaluates this rule when the client has connected, usually before its first byte${isWaiting ? '' : ', and does not wait'}: the group "${group}" is sent without data, or its answer comes too late`,
          advice: `tcp-request inspect-delay 5s, and ${condition.length > 0 ? 'this rule as it is' : '"if { req.len gt 0 }" at the end of this rule'}`,
        };
      }
    }
  }
}

/** Whether a group's messages contain data of the client. */
function needsData({ groups, messages }: LinkedEngine, name: string): boolean {
  const names = groups.filter((group) => group.name === name).flatMap((group) => linesWith(group, 'messages'));
  const wanted = new Set(names.flatMap(({ words }) => words.slice(1)));
  return messages.some(
    (message) => wanted.has(message.name) && message.args.some(({ expression }) => readsData(expression)),
  );
}
