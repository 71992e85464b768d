import { describe, expect, it } from 'vitest';
import { engine, faultsOf, placesOf } from './faults.ts';

/** The engine `e`, whose agents are in the backend `a`. */
const SPOE = engine('use-backend a', 'timeout processing 250ms');

describe('the checks of agents', () => {
  const found = (...lines: readonly string[]) =>
    faultsOf('spop-check', { haproxyText: lines.join('\n'), spoeText: SPOE });
  const unchecked = (line: number, server: string) => ({
    file: 'haproxy',
    line,
    sentence: `HAProxy does not check the agent "${server}": while it is down, every request waits for a connection, up to "timeout processing"`,
    advice: 'check inter 1s, at the end of the line',
  });

  it('are missing at the first server without them', () => {
    expect(found('backend a', 'option spop-check', 'server s x check', 'server t x', 'server u x')).toEqual([
      unchecked(4, 't'),
    ]);
    expect(found('backend a', 'option spop-check', 'server')).toEqual([unchecked(3, '')]);
    expect(found('backend a', 'option spop-check', 'server-template t 2 x')).toEqual([unchecked(3, 't')]);
  });

  it('need the option', () => {
    const fault = {
      file: 'haproxy',
      line: 1,
      sentence:
        'the backend "a" has no "option spop-check": its checks only show that something accepts connections there',
      advice: 'option spop-check',
    };
    expect(found('backend a', 'server s x check')).toEqual([fault]);
    expect(found('backend a', 'no option spop-check', 'server s x check')).toEqual([fault]);
  });

  it.each([
    ['without a server', ['backend a']],
    ['if all servers have them', ['backend a', 'default-server check', 'option spop-check', 'server s x']],
    ['by default', ['defaults', 'default-server check', 'option spop-check', 'backend a', 'server s x']],
    ['of another backend', ['backend b', 'server s x']],
    ['without a backend', ['frontend a', 'server s x']],
  ])('are not missing %s', (_, lines) => {
    expect(found(...lines)).toEqual([]);
  });

  it('are looked at once for two engines', () => {
    const spoeText = `${SPOE}\n[f]\nspoe-agent f\nuse-backend a`;
    expect(placesOf('spop-check', { haproxyText: 'backend a\nserver s x', spoeText })).toEqual(['haproxy 2']);
  });
});

describe('the mode of the agents', () => {
  it('is not http', () => {
    const haproxyText = 'defaults\nmode http\nbackend a\nlisten b';
    expect(faultsOf('agent-mode', { haproxyText, spoeText: SPOE })).toEqual([
      {
        file: 'haproxy',
        line: 3,
        sentence: 'the backend "a" of the agents is in mode http: HAProxy does not start',
        advice: 'mode tcp',
      },
    ]);
    expect(faultsOf('agent-mode', { haproxyText: 'backend a\nmode spop', spoeText: SPOE })).toEqual([]);
  });
});

describe('the queue of agents', () => {
  const found = (queue: string, processing = 'timeout processing 250ms', server = 'server t x maxconn 2') =>
    faultsOf('queue', {
      haproxyText: `backend a\n${queue}\nserver s x maxconn 0\n${server}`,
      spoeText: engine('use-backend a', processing),
    });
  const fault = { file: 'haproxy', line: 4 };

  it.each([
    ['timeout processing 250ms', '125ms'],
    ['timeout processing 3ms', '1ms'],
    ['timeout processing 1ms', '1ms'],
    ['', '100ms'],
  ])('needs a limit: with %j of %s', (processing, limit) => {
    expect(found('', processing)).toEqual([
      {
        ...fault,
        sentence:
          'the server has "maxconn", and the backend "a" has no "timeout queue": a NOTIFY waits for a connection as long as "timeout connect"',
        advice: `timeout queue ${limit}, in the backend`,
      },
    ]);
  });

  it.each([
    [250, 250, 125],
    [2, 1, 1],
  ])('of %i ms is too long for an answer within %i ms', (queue, processing, advice) => {
    expect(found(`timeout queue ${queue}ms`, `timeout processing ${processing}ms`)).toEqual([
      {
        ...fault,
        sentence: `a NOTIFY may wait ${queue} ms for a connection, and HAProxy gives it up after ${processing} ms: a full queue looks like a slow agent`,
        advice: `timeout queue ${advice}ms, in the backend`,
      },
    ]);
  });

  it.each([
    ['short enough', 'timeout queue 249ms', 'timeout processing 250ms'],
    ['of the environment', 'timeout queue $Q', 'timeout processing 250ms'],
    ['for a time of the environment', 'timeout queue 9s', 'timeout processing $P'],
  ])('may be %s', (_, queue, processing) => {
    expect(found(queue, processing)).toEqual([]);
  });

  it('is none without a limit of connections', () => {
    expect(found('', '', 'server t x')).toEqual([]);
  });
});
