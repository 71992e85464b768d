import { describe, expect, it } from 'vitest';
import { toAgentHello } from '../../src/haproxy/agent-hello.ts';
import { PeerFailure } from '../../src/haproxy/peer-failure.ts';
import { runStep } from '../../src/haproxy/step.ts';
import { Transcript } from '../../src/haproxy/transcript.ts';
import { agentHello } from '../../src/index.ts';

describe('Transcript', () => {
  it('has the last 40 lines, and the number of those before', () => {
    const transcript = new Transcript();
    expect(String(transcript)).toBe('  (nothing was sent)');
    for (let line = 1; line <= 42; line++) transcript.add(`line ${line}`);
    const lines = String(transcript).split('\n');
    expect([lines.length, lines[0], lines[1], lines.at(-1)]).toEqual([
      41,
      '  (2 earlier lines)',
      '  line 3',
      '  line 42',
    ]);
  });
});

describe('toAgentHello', () => {
  it('takes a version and capabilities without the spaces around them', () => {
    const hello = agentHello({ version: ' 2.0 ', maxFrameSize: 300, capabilities: ' pipelining , x' }).toFrame();
    expect(hello.type === 'AGENT-HELLO' && toAgentHello(hello, 1000)).toEqual({
      version: '2.0',
      maxFrameSize: 300,
      capabilities: ['pipelining', 'x'],
    });
  });

  it('takes what is missing or of another type as not said', () => {
    const hello = agentHello({ version: null, maxFrameSize: null, capabilities: null })
      .item('capabilities', 1)
      .toFrame();
    expect(hello.type === 'AGENT-HELLO' && toAgentHello(hello, 1000)).toEqual({
      version: '',
      maxFrameSize: 1000,
      capabilities: [],
    });
  });
});

describe('runStep', () => {
  it('changes the stack of a PeerFailure alone', async () => {
    const mistake = new TypeError('mistake');
    await expect(runStep(() => Promise.reject(mistake))).rejects.toBe(mistake);
    const failure = new PeerFailure('closed', 'gone');
    await expect(runStep(() => Promise.reject(failure))).rejects.not.toBe(failure);
    await expect(runStep(() => Promise.reject(failure))).rejects.toMatchObject({ kind: 'closed', message: 'gone' });
  });
});
