import { describe, expect, it } from 'vitest';
import { type Header, requestBodyState, responseBodyState } from './exchange.ts';

const LENGTH: Header = ['content-length', '1000'];
const CHUNKED: Header = ['transfer-encoding', 'chunked'];

describe('requestBodyState', () => {
  it.each([
    ['no body', [], 0, 15_360, 'none'],
    ['a length of 0', [['content-length', '0']], 0, 15_360, 'none'],
    ['all of the length', [LENGTH], 1_000, undefined, 'complete'],
    ['less', [LENGTH], 999, 15_360, 'cut'],
    ['nothing of the length', [LENGTH], 0, 15_360, 'cut'],
    ['chunks that fit', [CHUNKED], 5_000, 15_360, 'complete'],
    ['no chunk', [CHUNKED], 0, 15_360, 'complete'],
    ['chunks without a word on the buffer', [CHUNKED], 5_000, undefined, 'unknown'],
    ['chunks that fill the buffer', [CHUNKED], 14_310, 15_360, 'unknown'],
    ['a body of HTTP/2 that fits', [], 10_000, 15_360, 'complete'],
    ['a body beside large headers', [['x', 'y'.repeat(9_000)], CHUNKED], 5_400, 15_360, 'unknown'],
    ['a length that is none', [['content-length', 'x']], 5, 15_360, 'cut'],
  ] as const)('judges %s', (_, headers, bytes, limit, expected) => {
    expect(requestBodyState({ path: '/', query: '', headers, body: 'b'.repeat(bytes) }, limit)).toBe(expected);
  });
});

describe('responseBodyState', () => {
  it.each([
    ['all of the length', [LENGTH], 1_000, 200, 'GET', 'complete'],
    ['less', [LENGTH], 999, 200, 'GET', 'cut'],
    ['HEAD', [LENGTH], 0, 200, 'HEAD', 'none'],
    ['304', [LENGTH], 0, 304, 'GET', 'none'],
    ['a stream', [CHUNKED], 10, 200, 'GET', 'unknown'],
    ['a request that is not known', [LENGTH], 0, 200, '', 'cut'],
  ] as const)('judges %s', (_, headers, bytes, status, method, expected) => {
    expect(responseBodyState({ status, headers, body: 'b'.repeat(bytes) }, method)).toBe(expected);
  });
});
