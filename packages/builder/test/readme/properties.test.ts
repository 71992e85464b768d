import * as fc from 'fast-check';
import type { Duplex } from 'node:stream';
import { address, defineMessage, optional, string } from '@spop/codec';
import { argumentsOf, chunking, corrupted, haproxyData, message, notifyFrame } from '@spop/builder/arbitraries';
import { ack, agentHello, connect, parseStream, writeFrame } from '@spop/builder';
import '@spop/builder/vitest';
import { expect, it } from 'vitest';

const checkClientIp = defineMessage('check-client-ip', { ip: address, ua: optional(string) });
const agent = {
  handle(stream: Duplex): void {
    stream.on('error', () => stream.destroy());
    stream.on('data', (chunk: Uint8Array) => {
      for (const frame of parseStream(chunk).frames) {
        stream.write((frame.type === 'NOTIFY' ? ack(frame) : agentHello()).toBytes());
      }
    });
  },
};

it('answers any NOTIFY that HAProxy can send', async () => {
  const anything = message({ data: haproxyData() });
  await fc.assert(
    fc.asyncProperty(fc.array(anything, { minLength: 1, maxLength: 3 }), async (messages) => {
      const peer = await connect(agent);
      expect(await peer.notify((notify) => notify.messages(messages))).toBeAck({ streamId: 1, frameId: 1 });
      peer.close();
    }),
  );
});

it('answers every client', async () => {
  await fc.assert(
    fc.asyncProperty(argumentsOf(checkClientIp), async (args) => {
      const peer = await connect(agent);
      expect(await peer.notify(checkClientIp, args)).toBeAck({ streamId: 1, frameId: 1 });
      peer.close();
    }),
  );
});

it('gives the same frames for any cuts of the bytes', () => {
  const cut = notifyFrame().chain((frame) => chunking(writeFrame(frame)).map((chunks) => ({ frame, chunks })));
  fc.assert(
    fc.property(cut, ({ frame, chunks }) => {
      expect(parseStream(Buffer.concat(chunks)).frames).toEqual([frame]);
    }),
  );
});

it('gives frames, waits, or says what is wrong, but never throws', () => {
  fc.assert(
    fc.property(corrupted(), ({ bytes }) => {
      parseStream(bytes);
    }),
  );
});
