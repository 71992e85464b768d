import { writeFrame } from '@spop/builder';
import { Frame, type HaproxyHello, SpopError, toHaproxyHello } from '@spop/codec';
import * as fc from 'fast-check';
import { type HandshakeOptions, negotiate } from '../../packages/agent/src/session/handshake.ts';
import { helloFrame } from '../support/arbitraries.ts';
import { frameOf } from '../support/frame-of.ts';
import { capturedFrames, type Target } from './target.ts';

const frame = new Frame();

/** Whether the list holds a version that includes 2.0, by the words of SPOE.txt §3.2.4. */
function speaksTwo(versions: string): boolean {
  return versions.split(',').some((version) => /^2\.[0-9]+$/.test(version.trim()));
}

/** Whether the answer offers only what HAProxy did, and both sides have room for what it announces. */
function isFair(hello: HaproxyHello, options: HandshakeOptions): boolean {
  const { maxAckBytes, maxFrameSizeIn, pipelining, hello: answer } = negotiate(hello, options);
  return (
    speaksTwo(hello.supportedVersions) &&
    answer.version === '2.0' &&
    answer.maxFrameSize >= 256 &&
    answer.maxFrameSize <= Math.min(hello.maxFrameSize, options.maxFrameSize) &&
    maxFrameSizeIn >= answer.maxFrameSize &&
    maxAckBytes >= 128 &&
    maxAckBytes <= answer.maxFrameSize + 4 &&
    pipelining === (options.pipelining && hello.capabilities.includes('pipelining')) &&
    answer.capabilities.includes('pipelining') === pipelining &&
    !answer.capabilities.includes('async')
  );
}

export const handshakeTarget: Target = {
  name: 'handshake',
  checks: 'the answer to a HAPROXY-HELLO offers what HAProxy did, and keeps ACKs within what HAProxy can read',
  maxBytes: 200,
  seeds: () => capturedFrames([1], 200).map((bytes) => Buffer.from([0, 200, ...bytes.subarray(11)])),
  inputs: () =>
    fc
      .tuple(fc.uint8Array({ minLength: 2, maxLength: 2 }), helloFrame())
      .map(([options, hello]) =>
        Buffer.concat([options, writeFrame({ ...hello, streamId: 0n, frameId: 0n }).subarray(11)]),
      ),
  run(input) {
    const [first = 0, second = 0] = input;
    const options = { pipelining: (first & 1) === 0, maxFrameSize: 256 + first * 97 + second * 8_000 };
    const bytes = frameOf(1, Buffer.concat([Buffer.of(0, 0), input.subarray(2)]));
    let hello: HaproxyHello | undefined;
    try {
      frame.read(bytes, 0, bytes.length);
      hello = toHaproxyHello(frame);
      if (isFair(hello, options)) return;
    } catch (error) {
      if (!(error instanceof SpopError) || error.status === undefined) throw error;
      // The target `payload` says which HELLOs are refused, and the version says which are not answered.
      if (hello === undefined) return;
      if (error.code === 'SPOP_UNSUPPORTED_VERSION' && !speaksTwo(hello.supportedVersions)) return;
      throw error;
    }
    throw new Error(
      `expected a fair agreement; found ${JSON.stringify({ hello, options, found: negotiate(hello, options) })}`,
    );
  },
};
