import { LENGTH_BYTES } from '@spop/codec';
import { haproxy } from '../../haproxy/presets.ts';
import { ACTION_TITLES, actionJson, actionRows } from '../actions.ts';
import { type Call, type Command, ExitCode } from '../command.ts';
import { latencyShares, latencyText } from '../latency.ts';
import { parseMessages } from '../message-words.ts';
import type { Output } from '../output.ts';
import { haproxyOption, lineOf, reportViolations } from '../peer.ts';
import { RepeatedNotify, type Plan } from '../repeated-notify.ts';
import { parseTarget, targetOptions } from '../target.ts';

const MAX_REPEAT = 10_000_000;
const MAX_CONCURRENCY = 10_000;
const PROGRESS_MS = 200;

/** Sends messages, and shows the actions of the answer. */
export const command: Command = {
  usage: 'send TARGET MESSAGE [NAME=VALUE …] [MESSAGE …] [options]',
  about: `Sends a NOTIFY as HAProxy would, and shows the actions of its ACK with the names that the variables have in HAProxy's configuration. Actions that HAProxy would ignore silently, such as one with a hyphen in its name, are reported on stderr; the exit code is then 1.
A word without = is the name of a message; those with = after it are its arguments. =VALUE has no name.
  192.0.2.1, 2001:db8::1   an IPV4 or an IPV6
  true, false              a BOOL
  42, -1                   an INT64, as HAProxy sends every integer
  null                     a NULL, which HAProxy sends for what it does not have
  @FILE, @-                a BINARY: the bytes of a file, or of stdin
  anything else            a STRING; @@x is the text @x
NAME:TYPE=VALUE decides: null, bool, int32, uint32, int64, uint64, ip, ipv4, ipv6, string, binary, or hex, a BINARY in hexadecimal digits. string and binary take @FILE too.`,
  options: {
    'var-prefix': { value: 'NAME', about: 'the "option var-prefix" of HAProxy, or the name of its spoe-agent' },
    repeat: { short: 'n', value: 'N', about: 'send it N times, and print the latencies; 1 by default' },
    concurrency: {
      short: 'c',
      value: 'N',
      about: 'keep N in flight, at most 20 on a connection, or one without pipelining; 1 by default',
    },
    json: { about: 'a line of JSON for each different answer, and one with the latencies for --repeat' },
    ...haproxyOption,
    ...targetOptions,
  },
  examples: [
    ['spop send 127.0.0.1:9000 check-client-ip ip=192.0.2.1', 'what would HAProxy learn of this client?'],
    ['spop send :9000 check-request method=GET path=/ body=@body.bin id:string=42', 'a file, and a number as text'],
    ['spop send :9000 check-client-ip ip=192.0.2.1 --repeat 10000 --concurrency 20', 'how long do answers take?'],
  ],
  async run({ args, output }: Call): Promise<number> {
    const [address, ...words] = args.words;
    const target = parseTarget(address, args);
    const messages = parseMessages(words);
    const repeat = args.count('repeat', 1, 1, MAX_REPEAT);
    const plan: Plan = {
      target,
      preset: haproxy(lineOf(args)),
      variablePrefix: args.text('var-prefix'),
      repeat,
      concurrency: Math.min(args.count('concurrency', 1, 1, MAX_CONCURRENCY), repeat),
      build: (notify) => messages.reduce((whole, { name, args }) => whole.message(name, args), notify),
    };
    return send(plan, output);
  },
};

async function send(plan: Plan, output: Output): Promise<number> {
  const sending = new RepeatedNotify(plan);
  const stop = (): void => sending.stop();
  process.once('SIGINT', stop);
  const start = performance.now();
  const timer = setInterval(() => output.progress(`${count(sending.done)} of ${count(plan.repeat)} ACKs`), PROGRESS_MS);
  let isBroken = true;
  try {
    await sending.run();
  } finally {
    clearInterval(timer);
    process.removeListener('SIGINT', stop);
    const seconds = (performance.now() - start) / 1000;
    showAnswers(sending, plan, output);
    if (plan.repeat > 1) showLatencies(sending, seconds, plan, output);
    for (const complaint of sending.complaints) output.warn(complaint);
    isBroken = reportViolations(sending.violations, output);
  }
  const isStopped = sending.done < plan.repeat;
  if (isStopped) output.warn(`stopped after ${count(sending.done)} of ${count(plan.repeat)}`);
  return isBroken || isStopped ? ExitCode.Negative : ExitCode.Good;
}

function showAnswers(
  { answers, done, latencies }: RepeatedNotify,
  { repeat, variablePrefix }: Plan,
  output: Output,
): void {
  for (const { ack, count: times } of answers) {
    if (repeat > 1) output.print(`${count(times)} of ${count(done)} ACKs:`);
    if (ack.actions.length === 0) output.print('no actions');
    else output.table(ACTION_TITLES, actionRows(ack.actions, variablePrefix));
    if (repeat > 1) output.print('');
    const actions = ack.actions.map((action) => actionJson(action, variablePrefix));
    const milliseconds = repeat === 1 ? latencyShares(latencies)['max'] : undefined;
    output.json({ count: times, milliseconds, streamId: ack.streamId, frameId: ack.frameId, actions });
  }
  const counted = answers.reduce((sum, answer) => sum + answer.count, 0);
  if (counted < done) output.print(`${count(done - counted)} of ${count(done)} ACKs are different from all of these\n`);
}

function showLatencies(sending: RepeatedNotify, seconds: number, plan: Plan, output: Output): void {
  const { done, connections, latencies } = sending;
  if (done === 0) return;
  const shares = latencyShares(latencies);
  const perSecond = Math.round(done / seconds);
  const { build, preset, concurrency } = plan;
  const bytes = build(preset.connection().notify()).toBytes().length - LENGTH_BYTES;
  output.print(
    `${count(done)} NOTIFYs of ${count(bytes)} bytes in ${seconds.toFixed(2)} s, ${count(concurrency)} at a time on ${count(connections)} ${connections === 1 ? 'connection' : 'connections'}: ${count(perSecond)} a second`,
  );
  output.print(latencyText(shares));
  output.json({ notifies: done, asked: plan.repeat, seconds, perSecond, connections, milliseconds: shares });
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
