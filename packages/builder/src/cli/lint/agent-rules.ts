import {
  hasVariable,
  isLine,
  linesWith,
  millisecondsOf,
  valueOf,
  type ConfigurationLine,
} from './configuration-text.ts';
import type { Fault, Rule } from './rule.ts';
import { isBefore, isFrom, type Subject } from './subject.ts';

/** Rules on the `spoe-agent` section. */
export const agentRules: readonly Rule[] = [
  { id: 'prefix', severity: 'error', source: 'SPOE.txt §2.2, option var-prefix', find: prefix },
  { id: 'keyword-ignored', severity: 'warning', source: 'HAProxy 3.1', find: keywordIgnored },
  { id: 'keyword-of-old-releases', severity: 'note', source: 'HAProxy 3.1', find: keywordOfOldReleases },
  { id: 'processing-timeout', severity: 'warning', source: 'SPOE.txt §2.2, timeout processing', find: noTimeout },
  { id: 'deadline', severity: 'warning', source: 'docs/guides/limits.md, How long', find: deadline },
  { id: 'frame-size', severity: 'error', source: 'SPOE.txt §2.2, max-frame-size', find: frameSize },
];

function* prefix({ engines }: Subject): Iterable<Fault> {
  for (const { agent, prefix: found } of engines) {
    if (agent === undefined || hasVariable(found) || /^[\w.]*$/.test(found)) continue;
    const option = linesWith(agent, 'option', 'var-prefix').at(-1);
    const from = option === undefined ? ', the name of the "spoe-agent" section, as the prefix' : '';
    yield {
      file: 'spoe',
      line: (option ?? agent.head).number,
      sentence: `HAProxy refuses "${found}"${from}: a prefix of variables has no characters but ".", "_", letters and digits`,
      advice: `option var-prefix ${found.replaceAll(/[^\w.]/g, '_')}`,
    };
  }
}

/** Keywords of the applet, which HAProxy 3.1 does not have (src/flt_spoe.c). */
const IGNORED: readonly (readonly string[])[] = [
  ['maxconnrate'],
  ['maxerrrate'],
  ['max-waiting-frames'],
  ['option', 'async'],
  ['no', 'option', 'async'],
  ['option', 'send-frag-payload'],
  ['no', 'option', 'send-frag-payload'],
];

function* keywordIgnored(subject: Subject): Iterable<Fault> {
  if (!isFrom(subject, '3.1')) return;
  yield* ignored(subject, IGNORED, () => 'nothing: take the line out');
}

/** Finds keywords of old releases; without a given release they may be meant for one of these. */
function* keywordOfOldReleases(subject: Subject): Iterable<Fault> {
  if (isBefore(subject, '3.1')) return;
  if (subject.release === undefined) {
    yield* ignored(subject, IGNORED, () => 'nothing, unless HAProxy 3.0 or older reads it too: take the line out');
    return;
  }
  const timeouts = [
    ['timeout', 'hello'],
    ['timeout', 'idle'],
  ];
  yield* ignored(subject, timeouts, ({ words }) =>
    words[1] === 'idle'
      ? 'timeout server, in the backend of the agents'
      : 'timeout connect, in the backend of the agents',
  );
}

function* ignored(
  { engines }: Subject,
  keywords: readonly (readonly string[])[],
  advice: (line: ConfigurationLine) => string,
): Iterable<Fault> {
  for (const line of engines.flatMap(({ agent }) => agent?.lines ?? [])) {
    const keyword = keywords.find((words) => isLine(line, ...words));
    if (keyword === undefined) continue;
    const sentence = `HAProxy 3.1 and later read "${keyword.join(' ')}" and do nothing with it`;
    yield { file: 'spoe', line: line.number, sentence, advice: advice(line) };
  }
}

function* noTimeout({ engines }: Subject): Iterable<Fault> {
  for (const { agent } of engines) {
    if (agent === undefined || linesWith(agent, 'timeout', 'processing').length > 0) continue;
    yield {
      file: 'spoe',
      line: agent.head.number,
      sentence: `"spoe-agent ${agent.name}" has no "timeout processing": if the agent does not answer, the client waits for ever`,
      advice: 'timeout processing 250ms, or what your clients can bear',
    };
  }
}

function* deadline({ engines, deadlineMs }: Subject): Iterable<Fault> {
  if (deadlineMs === undefined) return;
  for (const { agent } of engines) {
    if (agent === undefined) continue;
    const line = linesWith(agent, 'timeout', 'processing').at(-1);
    const limit = millisecondsOf(line?.words[2]);
    if (line === undefined || limit === undefined || limit > deadlineMs) continue;
    yield {
      file: 'spoe',
      line: line.number,
      sentence: `HAProxy gives up after ${limit} ms, and the agent's own deadline is ${deadlineMs} ms: the fallback actions come too late, and nobody counts the timeout`,
      advice: `timeout processing ${deadlineMs * 2}ms, or processingTimeoutMs: ${Math.max(1, Math.floor(limit / 2))} in the agent`,
    };
  }
}

/** HAProxy's default `tune.bufsize`, in bytes. */
const BUFFER_SIZE = 16_384;

/** `tune.bufsize` in bytes; undefined if it comes from the environment. */
export function bufferSizeOf({ haproxy }: Subject): number | undefined {
  const word = valueOf(haproxy.global, 'tune.bufsize');
  if (word === undefined) return BUFFER_SIZE;
  const [, digits, unit = ''] = /^(\d{1,12})([kKmM]?)$/.exec(word) ?? [];
  if (digits === undefined) return undefined;
  return Number(digits) * (unit === '' ? 1 : unit.toLowerCase() === 'k' ? 1024 : 1024 * 1024);
}

/** The line with `max-frame-size` and its bytes, if a `spoe-agent` section has one. */
export function frameSizeOf(
  agent: { readonly lines: readonly ConfigurationLine[] } | undefined,
): { line: ConfigurationLine; bytes: number } | undefined {
  const line = agent === undefined ? undefined : linesWith(agent, 'max-frame-size').at(-1);
  const word = line?.words[1];
  return line === undefined || word === undefined || !/^\d{1,12}$/.test(word)
    ? undefined
    : { line, bytes: Number(word) };
}

function* frameSize(subject: Subject): Iterable<Fault> {
  const most = (bufferSizeOf(subject) ?? Number.POSITIVE_INFINITY) - 4;
  for (const { agent } of subject.engines) {
    const found = frameSizeOf(agent);
    if (found === undefined || (found.bytes >= 256 && found.bytes <= most)) continue;
    yield {
      file: 'spoe',
      line: found.line.number,
      sentence: `max-frame-size is ${found.bytes}, and has to be from 256 to ${most}, which is tune.bufsize less 4: HAProxy does not start`,
      advice: 'no max-frame-size, which gives the largest; or a larger tune.bufsize in "global"',
    };
  }
}
