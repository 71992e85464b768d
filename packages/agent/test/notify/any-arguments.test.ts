import { createAgent } from '@spop/agent';
import { connect } from '@spop/builder';
import { argumentsOf } from '@spop/builder/arbitraries';
import '@spop/builder/vitest';
import {
  address,
  binary,
  bool,
  defineMessage,
  defineVariable,
  integer,
  interned,
  optional,
  string,
  int32,
  int64,
  uint32,
  uint64,
} from '@spop/codec';
import * as fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';

const everything = defineMessage('everything', {
  bool,
  integer,
  int32,
  uint32,
  int64,
  uint64,
  address,
  string,
  method: interned(string),
  binary,
  maybe: optional(string),
});
const total = defineVariable('txn', 'total', string);

it('a handler reads any value that HAProxy can send for its declared arguments', async () => {
  const agent = createAgent({ eventLoopBlockedMs: 0 }).onMessage(everything, (message, ack) => {
    const texts = Object.keys(everything.args).map((name) => String(Reflect.get(message, name)).length);
    ack.set(total, texts.join());
  });
  onTestFinished(() => agent.close({ graceMs: 0 }));
  const peer = await connect(agent);
  onTestFinished(() => peer.close());
  await fc.assert(
    fc.asyncProperty(argumentsOf(everything), async (args) => {
      expect(await peer.notify(everything, args)).toSetVar(total);
    }),
  );
});
