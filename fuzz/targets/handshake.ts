import type { KvFrame } from '@spop/builder';
import { parseStream } from '@spop/builder';
import { Frame, SpopError, toHaproxyHello } from '@spop/codec';
import { type HandshakeOptions, negotiate } from '../../packages/agent/src/session/handshake.ts';
import { expectedHello } from '../support/hello-by-the-text.ts';
import { capturedPayloads, frameAround } from './frames.ts';
import type { Target } from './target.ts';

const frame = new Frame();

/** Whether the list holds a version that includes 2.0, by the words of SPOE.txt §3.2.4. */
function speaksTwo(versions: string): boolean {
  return versions.split(',').some((version) => {
    const [major = '', minor = '', ...more] = version.trim().split('.');
    return more.length === 0 && major === '2' && /^[0-9]+$/.test(minor);
  });
}

export const handshakeTarget: Target = {
  name: 'handshake',
  checks:
    'an answer to a HAPROXY-HELLO offers nothing that HAProxy did not, and keeps ACKs within what HAProxy can read',
  maxBytes: 200,
  *seeds() {
    for (const payload of capturedPayloads([1], 190)) yield Buffer.from([0, 200, ...payload]);
  },
  run(input) {
    const options: HandshakeOptions = {
      pipelining: ((input[0] ?? 0) & 1) === 0,
      maxFrameSize: 256 + (input[0] ?? 0) * 97 + (input[1] ?? 0) * 8_000,
    };
    const bytes = frameAround(1, input.subarray(2));
    frame.read(bytes, 0, bytes.length);
    let hello;
    try {
      hello = toHaproxyHello(frame);
    } catch (error) {
      if (error instanceof SpopError && error.status !== undefined) return;
      throw error;
    }
    const [plain] = parseStream(bytes).frames as readonly KvFrame[];
    if (typeof expectedHello(plain!.items, 'HAPROXY-HELLO') === 'string') throw new Error('a HELLO that is none');
    let agreement;
    try {
      agreement = negotiate(hello, options);
    } catch (error) {
      if (
        error instanceof SpopError &&
        error.code === 'SPOP_UNSUPPORTED_VERSION' &&
        !speaksTwo(hello.supportedVersions)
      )
        return;
      throw error;
    }
    const { maxAckBytes, maxFrameSizeIn, pipelining } = agreement;
    const { maxFrameSize, version } = agreement.hello;
    const isFair =
      speaksTwo(hello.supportedVersions) &&
      version === '2.0' &&
      maxFrameSize >= 256 &&
      maxFrameSize <= hello.maxFrameSize &&
      maxFrameSize <= options.maxFrameSize &&
      maxFrameSizeIn >= maxFrameSize &&
      maxAckBytes >= 128 &&
      maxAckBytes <= maxFrameSize + 4 &&
      pipelining === (options.pipelining && hello.capabilities.includes('pipelining')) &&
      agreement.hello.capabilities.includes('pipelining') === pipelining &&
      !agreement.hello.capabilities.includes('async');
    if (!isFair) throw new Error(`an agreement that is not fair: ${JSON.stringify({ hello, options, agreement })}`);
  },
};
