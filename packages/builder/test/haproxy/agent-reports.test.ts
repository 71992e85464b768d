import { channel } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ReportListener, startListening, stopListening, writeAs } from '../../src/haproxy/agent-reports.ts';

const STREAM_ID = 7_000_001;
const CHANNELS = ['spop:handlerError', 'spop:handlerTimeout', 'spop:unhandledNotify'];

/** An event of an agent that listens on no port and has no name, with these fields in place of its own. */
function eventOf(fields: object = {}): object {
  return { connection: { remote: undefined }, streamId: STREAM_ID, messages: ['m'], error: 'why', ...fields };
}

interface Listening extends ReportListener {
  /** The texts of the reports, in their order. */
  readonly reports: string[];
}

/** A conversation that listens until the end of the test, and waits for the ACK of {@link STREAM_ID} alone. */
function listen(fields: { readonly localPort?: number; readonly agentName?: string } = {}): Listening {
  const reports: string[] = [];
  const listener: Listening = {
    localPort: fields.localPort,
    agentName: fields.agentName,
    reports,
    isWaiting: (streamId) => streamId === BigInt(STREAM_ID),
    report: (streamId, text) => void reports.push(`${streamId}: ${text}`),
  };
  startListening(listener);
  onTestFinished(() => stopListening(listener));
  return listener;
}

function publish(event: unknown, name: string = 'spop:handlerError'): void {
  channel(name).publish(event);
}

/** The report on a handler that threw this value, without its beginning. */
function reportOn(thrown: unknown): string {
  const listener = listen();
  const { reports } = listener;
  publish(eventOf({ error: thrown }));
  stopListening(listener);
  expect(reports).toHaveLength(1);
  return (reports[0] ?? '').replace(`${STREAM_ID}: a handler of "m" threw `, '');
}

/** An error whose stack is known. */
function withStack(error: Error, ...lines: readonly string[]): Error {
  error.stack = [String(error), ...lines].join('\n');
  return error;
}

const heard = (text: string): string[] => [`${STREAM_ID}: ${text}`];

describe('a report', () => {
  it.each([
    ['spop:handlerError', {}, 'a handler of "m" threw why'],
    ['spop:handlerError', { messages: ['a', 'b'] }, 'a handler of "a", "b" threw why'],
    ['spop:handlerError', { messages: [] }, 'a handler of whole NOTIFYs threw why'],
    [
      'spop:handlerTimeout',
      {},
      'the handlers of "m" did not settle within their deadline (timeoutMs of the message, or processingTimeoutMs)',
    ],
    ['spop:unhandledNotify', {}, 'there is no handler for "m", nor for any other message'],
    ['spop:unhandledNotify', { declared: [] }, 'there is no handler for "m", nor for any other message'],
    ['spop:unhandledNotify', { declared: ['a', 'b'] }, 'there is no handler for "m"; there are handlers for "a", "b"'],
  ])('of %s %j has its text', (name, fields, text) => {
    const { reports } = listen();
    publish(eventOf(fields), name);
    expect(reports).toEqual(heard(text));
  });

  it.each([
    ['a text', 'why', 'why'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['an object without a text', Object.create(null), 'object without a text'],
    ['an object with a cause and a stack', { cause: 'c', stack: '\n at s', toString: () => 'odd' }, 'odd'],
    ['a text of 500 characters', 'x'.repeat(500), 'x'.repeat(500)],
    ['a text of 501 characters', 'x'.repeat(501), `${'x'.repeat(500)}…`],
  ])('shows %s that a handler threw', (_, thrown, text) => {
    expect(reportOn(thrown)).toBe(text);
  });

  it('shows the place of an error, the first that is not within Node', () => {
    const places = [
      '    at f (node:internal/timers:1:1)',
      '    at handler (agent.ts:2:3)',
      '    at run (agent.ts:9:9)',
    ];
    expect(reportOn(withStack(new TypeError('bad look  at me'), ...places))).toBe(
      'TypeError: bad look  at me at handler (agent.ts:2:3)',
    );
    expect(reportOn(withStack(new Error('bad'), '    at f (node:internal/timers:1:1)'))).toBe('Error: bad');
    expect(reportOn(withStack(new Error('bad')))).toBe('Error: bad');
    const bare = new Error('bad');
    Reflect.deleteProperty(bare, 'stack');
    expect(reportOn(bare)).toBe('Error: bad');
  });

  it('shows two causes of an error', () => {
    const fourth = withStack(new Error('fourth'));
    const third = withStack(new Error('third', { cause: fourth }));
    const second = withStack(new Error('second', { cause: third }));
    expect(reportOn(withStack(new Error('first', { cause: second })))).toBe(
      'Error: first (cause: Error: second) (cause: Error: third)',
    );
    expect(reportOn(withStack(new Error('first', { cause: 'a text' })))).toBe('Error: first (cause: a text)');
  });
});

describe('an event', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'text'],
    ['a function', Object.assign(() => {}, eventOf())],
    ['no connection', { streamId: STREAM_ID, messages: ['m'] }],
    ['null for a connection', eventOf({ connection: null })],
    ['a text for a connection', eventOf({ connection: 'text' })],
    ['no stream-id', eventOf({ streamId: undefined })],
    ['a stream-id that is text', eventOf({ streamId: String(STREAM_ID) })],
    ['a fraction for a stream-id', eventOf({ streamId: 0.5 })],
    ['a text for messages', eventOf({ messages: 'm' })],
    ['a message without a name', eventOf({ messages: ['m', 1] })],
    ['no name in a list of declared messages', eventOf({ declared: ['m', 1] })],
    ['a message without a name beside right declared ones', eventOf({ messages: [1], declared: ['m'] })],
  ])('with %s is ignored', (_, event) => {
    const { reports } = listen();
    for (const name of CHANNELS) publish(event, name);
    expect(reports).toEqual([]);
  });

  it.each([
    ['the port', { localPort: 80 }, { connection: { remote: '127.0.0.1:80' } }, 1],
    ['another port', { localPort: 80 }, { connection: { remote: '127.0.0.1:8080' } }, 0],
    ['a port that ends alike', { localPort: 80 }, { connection: { remote: '127.0.0.1:180' } }, 0],
    ['no port', { localPort: 80 }, { connection: { remote: undefined } }, 0],
    ['a port where none is expected', {}, { connection: { remote: '127.0.0.1:80' } }, 0],
    ['the name', { agentName: 'a' }, { agent: 'a' }, 1],
    ['another name', { agentName: 'a' }, { agent: 'b' }, 0],
    ['no name', { agentName: 'a' }, {}, 0],
    ['a name where none is expected', {}, { agent: 'b' }, 1],
    ['another stream-id', {}, { streamId: STREAM_ID + 1 }, 0],
    ['the name and another port', { localPort: 80, agentName: 'a' }, { agent: 'a' }, 0],
  ])('with %s is told to a conversation, or not', (_, conversation, fields, times) => {
    const { reports } = listen(conversation);
    publish(eventOf(fields));
    expect(reports).toHaveLength(times);
  });

  it('is told to the only conversation that it fits', () => {
    const others = [listen({ localPort: 81 }), listen({ agentName: 'b' })];
    const one = listen({ agentName: 'a' });
    publish(eventOf({ agent: 'a' }));
    expect(one.reports).toHaveLength(1);
    expect(others.map(({ reports }) => reports)).toEqual([[], []]);
  });

  it('is told to none of several that it fits, but to the one that writes', () => {
    const [first, second] = [listen(), listen()];
    publish(eventOf());
    expect([first.reports, second.reports]).toEqual([[], []]);
    writeAs(second, () => publish(eventOf()));
    expect([first.reports, second.reports]).toEqual([[], heard('a handler of "m" threw why')]);
  });

  it('is told to the one that it fits while another one writes', () => {
    const writing = listen({ agentName: 'b' });
    const fitting = listen({ agentName: 'a' });
    writeAs(writing, () => publish(eventOf({ agent: 'a' })));
    expect([writing.reports, fitting.reports]).toEqual([[], heard('a handler of "m" threw why')]);
  });
});

describe('stopListening', () => {
  const areHeard = (): boolean[] => CHANNELS.map((name) => channel(name).hasSubscribers);

  it('leaves the channels when the last conversation stops', () => {
    const [first, second] = [listen({ agentName: 'a' }), listen({ agentName: 'b' })];
    expect(areHeard()).toEqual([true, true, true]);
    stopListening(first);
    stopListening(first);
    expect(areHeard()).toEqual([true, true, true]);
    publish(eventOf({ agent: 'a' }));
    publish(eventOf({ agent: 'b' }));
    expect([first.reports, second.reports]).toEqual([[], heard('a handler of "m" threw why')]);
    stopListening(second);
    expect(areHeard()).toEqual([false, false, false]);
  });
});
