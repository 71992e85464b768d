import { describe, expect, it } from 'vitest';
import { engine, faultsOf, frontend } from './faults.ts';

/** An engine that is used nowhere. */
const UNUSED = '\n[f]\nspoe-agent f\nmessages n\nspoe-message n';

describe('the engine of a filter', () => {
  it('is none of those that there are', () => {
    const spoeText = `spoe-agent a\n${engine()}`;
    expect(
      faultsOf('engine-missing', { haproxyText: frontend('filter spoe engine f config spoe.conf'), spoeText }),
    ).toEqual([
      {
        file: 'haproxy',
        line: 4,
        sentence: 'the SPOE configuration has no engine "f"; it has no name, "e". HAProxy does not start',
        advice: 'a line [f] before "spoe-agent", and "filter spoe engine f config FILE"',
      },
    ]);
  });
});

describe('an engine that no filter names', () => {
  const advice = (name: string) =>
    `filter spoe engine ${name} config FILE, in the proxy whose requests the agent is asked about`;

  it('is a note beside one that is used, and worse without', () => {
    const fault = {
      file: 'spoe',
      line: 3,
      sentence: 'no "filter spoe" names the engine "f": HAProxy ignores its sections',
      advice: advice('f'),
    };
    const spoeText = engine() + UNUSED;
    expect(faultsOf('engine-unused', { haproxyText: frontend(), spoeText })).toEqual([{ ...fault, severity: 'note' }]);
    expect(faultsOf('engine-unused', { haproxyText: '', spoeText: UNUSED })).toEqual([{ ...fault, line: 2 }]);
  });

  it('may have no name', () => {
    expect(faultsOf('engine-unused', { spoeText: 'spoe-agent a' })).toEqual([
      {
        file: 'spoe',
        line: 1,
        sentence: 'no "filter spoe" names the engine without a name: HAProxy ignores its sections',
        advice: advice('NAME'),
      },
    ]);
  });

  it('is not found beside a filter whose engine is missing', () => {
    const haproxyText = frontend('filter spoe engine ff config spoe.conf');
    expect(faultsOf('engine-unused', { haproxyText, spoeText: engine() + UNUSED })).toEqual([]);
  });
});

describe('an engine without an agent', () => {
  it('is named by its scope', () => {
    expect(faultsOf('agent-missing', { spoeText: `spoe-group g\n${engine()}\n[f]\nspoe-message m` })).toEqual([
      {
        file: 'spoe',
        line: 1,
        sentence: 'the engine without a name has no "spoe-agent" section: HAProxy does not start',
        advice: 'spoe-agent NAME, with "messages" and "use-backend"',
      },
      {
        file: 'spoe',
        line: 4,
        sentence: 'the engine "f" has no "spoe-agent" section: HAProxy does not start',
        advice: 'spoe-agent NAME, with "messages" and "use-backend"',
      },
    ]);
  });
});

describe('an agent that is asked nothing', () => {
  it('has no message and no group', () => {
    expect(faultsOf('agent-asked-nothing', { haproxyText: frontend(), spoeText: engine() })).toEqual([
      {
        file: 'spoe',
        line: 2,
        sentence:
          'the agent "e" has no message and no group, so it is never asked; HAProxy 2.6 and 3.0 crash when they read this',
        advice: 'messages NAME, and a section "spoe-message NAME" with its args and its event',
      },
    ]);
  });

  it.each([
    ['no filter', '', engine()],
    ['a message that no line names', frontend(), engine('spoe-message m')],
    ['a group that no line names', frontend(), engine('spoe-group g')],
    ['a message that is missing', frontend(), engine('messages m')],
    ['a group that is missing', frontend(), engine('groups g')],
  ])('is not found with %s', (_, haproxyText, spoeText) => {
    expect(faultsOf('agent-asked-nothing', { haproxyText, spoeText })).toEqual([]);
  });
});

describe('a message', () => {
  it('is missing where the agent or a group names it', () => {
    const spoeText = engine('messages m n', 'spoe-message m', 'spoe-group g', 'messages $M', 'messages m o');
    const fault = (line: number, name: string) => ({
      file: 'spoe',
      line,
      sentence: `the engine has no message "${name}": HAProxy does not start`,
      advice: `spoe-message ${name}, or the name of one that there is`,
    });
    expect(faultsOf('message-missing', { spoeText })).toEqual([fault(3, 'n'), fault(7, 'o')]);
  });

  it('that no line names belongs to the agent if it has an event, and to a group if not', () => {
    const spoeText = engine('messages p', 'spoe-message m', 'event x', 'spoe-message n', 'spoe-message p');
    const fault = (line: number, name: string, where: string) => ({
      file: 'spoe',
      line,
      sentence: `no line "messages" names the message "${name}": HAProxy never sends it`,
      advice: `messages ${name}, in ${where}`,
    });
    expect(faultsOf('message-unnamed', { spoeText })).toEqual([
      fault(4, 'm', '"spoe-agent e"'),
      fault(6, 'n', 'a "spoe-group" section'),
    ]);
  });

  it('is not known to have no name beside one of the environment, or without an agent', () => {
    expect(faultsOf('message-unnamed', { spoeText: engine('messages $M o', 'spoe-message m') })).toEqual([]);
    expect(faultsOf('message-unnamed', { spoeText: 'spoe-message m' })).toEqual([]);
  });

  it('needs an event if the agent names it, and no group', () => {
    const messages = ['m', 'n', 'o', 'p'].flatMap((name) => [`spoe-message ${name}`]);
    const spoeText = engine('messages m n o', ...messages, 'spoe-message q', 'event x', 'spoe-group g', 'messages n');
    const fault = (line: number, name: string) => ({
      file: 'spoe',
      line,
      sentence: `the message "${name}" has no event: HAProxy never sends it`,
      advice: 'event on-frontend-http-request, or another one; or a group for it, and a rule that sends the group',
    });
    expect(faultsOf('message-without-event', { spoeText })).toEqual([fault(4, 'm'), fault(6, 'o')]);
  });
});

describe('an event', () => {
  it.each([
    'on-client-session',
    'on-server-session',
    'on-frontend-tcp-request',
    'on-backend-tcp-request',
    'on-tcp-response',
    'on-frontend-http-request',
    'on-backend-http-request',
    'on-http-response',
    '$EVENT',
  ])('is known: %s', (event) => {
    expect(faultsOf('event-unknown', { spoeText: `spoe-message m\nspoe-message n\nevent ${event} if TRUE` })).toEqual(
      [],
    );
  });

  it('is not known, or missing', () => {
    const fault = (line: number, name: string) => ({
      file: 'spoe',
      line,
      sentence: `there is no event "${name}": HAProxy does not start`,
      advice:
        'one of on-client-session, on-server-session, on-frontend-tcp-request, on-backend-tcp-request, on-tcp-response, on-frontend-http-request, on-backend-http-request, on-http-response',
    });
    expect(faultsOf('event-unknown', { spoeText: 'spoe-message m\nevent on-request\nspoe-message n\nevent' })).toEqual([
      fault(2, 'on-request'),
      fault(4, ''),
    ]);
  });
});

describe('an event of the frontend', () => {
  const backend = (...lines: readonly string[]) => frontend(...lines).replace('frontend', 'backend');
  const spoeText = (event: string) => engine('messages m', 'spoe-message m', event, 'spoe-message n', event);

  it.each([
    ['on-client-session', 'on-server-session'],
    ['on-frontend-tcp-request', 'on-backend-tcp-request'],
    ['on-frontend-http-request', 'on-backend-http-request'],
  ])('does not come in a backend: %s', (event, instead) => {
    expect(faultsOf('event-of-frontend', { haproxyText: backend(), spoeText: spoeText(`event ${event}`) })).toEqual([
      {
        file: 'spoe',
        line: 5,
        sentence: `the filter is in a backend, which has no event ${event}: HAProxy never sends the message "m"`,
        advice: `event ${instead}, or the filter in the frontend`,
      },
    ]);
  });

  it.each([
    ['the filter is in the frontend', frontend(), 'event on-client-session'],
    ['another filter is in the frontend', `${backend()}\n${frontend()}`, 'event on-client-session'],
    ['no filter names the engine', '', 'event on-client-session'],
    ['the backend has the event', backend(), 'event on-backend-http-request'],
    ['there is none of that name', backend(), 'event not-on-client-session'],
    ['the message has none', backend(), ''],
  ])('is not wrong where %s', (_, haproxyText, event) => {
    expect(faultsOf('event-of-frontend', { haproxyText, spoeText: spoeText(event) })).toEqual([]);
  });
});
