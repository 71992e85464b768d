import { sourceFile } from '../support/source-files.ts';
import { type Fault, testsOf } from './fault.ts';

const source = (name: string): string => sourceFile('agent', name);
const tests = testsOf('packages/agent');

/** Mistakes of agents: an ACK too many or too few, values of another request, memory that is never given back. */
export const agentFaults: readonly Fault[] = [
  {
    name: 'kept ACK writes on',
    mistake: 'the ACK that a synchronous handler kept is that of a NOTIFY of a later batch',
    file: source('exchanges'),
    search: '.renewActions();',
    replace: ';',
    noticedBy: tests('notify/slips'),
  },
  {
    name: 'exchange used again while a handler runs',
    mistake: 'while the handlers of a NOTIFY have not settled, another one is read into its place',
    file: source('unsettled'),
    search: '    exchanges.replace(exchange);\n',
    replace: '',
    noticedBy: ['fuzz/agent/sessions.test.ts'],
  },
  {
    name: 'failed handler half answered',
    mistake: 'the actions from before the error of a handler are sent',
    file: source('fallback'),
    search: `  ack.reset();
  // Used once`,
    replace: '  // Used once',
    noticedBy: tests('notify/failed'),
  },
  {
    name: 'late handler answers again',
    mistake: 'a handler that settles after its deadline is acknowledged a second time',
    file: source('unsettled'),
    search: 'if (!exchange.isPending) {',
    replace: 'if (exchange.startedAt < 0) {',
    noticedBy: tests('notify/async'),
  },
  {
    name: 'NOTIFY read in the chunk while its handler waits',
    mistake: 'the kernel has read another request into that memory by then',
    file: source('exchange'),
    search: '    notify.moveTo(memory);\n',
    replace: '',
    noticedBy: tests('notify/async'),
  },
  {
    name: 'closed connection never forgotten',
    mistake: 'the agent counts connections that are closed',
    file: source('connections'),
    search: '    this.#open.delete(connection);\n',
    replace: '',
    noticedBy: tests('connection/connections'),
  },
  {
    name: 'NOTIFYs of a closed connection stay in flight',
    mistake: 'a NOTIFY that is no longer waited for counts against the limits',
    file: source('unsettled'),
    search: '    this.#shared.inFlight.remove(exchange);\n',
    replace: '',
    noticedBy: tests('notify/abandoned'),
  },
  {
    name: 'output never given back',
    mistake: 'a buffer that was taken for an ACK that comes later is lost',
    file: source('output'),
    search: `stream.writableEnded) {
      this.#release(buffer);`,
    replace: 'stream.writableEnded) {',
    noticedBy: tests('output'),
  },
  {
    name: 'output given back too early',
    mistake: 'a buffer is free as soon as it was handed to the socket, whether or not the kernel has taken it',
    file: source('output'),
    search: 'if (stream.writableLength === 0) this.#release(buffer);',
    replace: 'if (stream.writableLength >= 0) this.#release(buffer);',
    noticedBy: tests('output'),
  },
  {
    name: 'only the first deadline counts',
    mistake: 'the timer is not armed again for those that came later',
    file: source('deadlines'),
    search: 'if (next < this.#armedFor) this.#arm(next);',
    replace: '',
    noticedBy: tests('connection/grace'),
  },
  {
    name: 'aborted fragments handled',
    mistake: 'a NOTIFY that HAProxy aborted is joined and answered',
    file: source('fragments'),
    search: `      this.drop();
      return 'aborted';`,
    replace: `      this.drop();
      return 'complete';`,
    noticedBy: tests('session/fragments'),
  },
  {
    name: 'fragments of another stream joined',
    mistake: 'a continuation is taken for the NOTIFY that was begun, whatever its ids',
    file: source('fragments'),
    search: 'if (this.#buffer === undefined || next.hasIdsOf(this.frame)) return;',
    replace: 'return;',
    noticedBy: tests('session/fragments'),
  },
  {
    name: 'turns that ignore the time of reads',
    mistake: 'the time that reads have taken of a round is not subtracted',
    file: source('turn'),
    search: 'Math.max(times[CLOSES_AT]!, performance.now() + LEAST_TURNS_MS)',
    replace: 'performance.now() + WINDOW_MS',
    noticedBy: tests('connection/turns'),
  },
];
