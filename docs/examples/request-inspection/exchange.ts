/** A request or a response as HAProxy sent it: copied from the message; rules look at its parts. */
import type { BinaryValue, HeaderReader, StringValue } from '@spop/agent';

/** The content of a message; each character of `path`, `query`, headers' values and `body` is a byte. */
export interface Exchange {
  readonly app: string;
  readonly client: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Of a response. */
  readonly status?: number | undefined;
  readonly headers: readonly Header[];
  readonly body: string;
  readonly bodyState: BodyState;
}

/** A header with its name in lower case. */
export type Header = readonly [name: string, value: string];

/** Whether the body is complete; `none` without a body, `unknown` if HAProxy's data does not tell. */
export type BodyState = 'none' | 'complete' | 'cut' | 'unknown';

/** Bytes as a text in which each character is a byte; empty without a value. */
export function bytesOf(value: StringValue | BinaryValue | undefined): string {
  return value === undefined || value.byteLength === 0 ? '' : value.toBytes().toString('latin1');
}

/** @throws SpopError for malformed headers. */
export function readHeaders(reader: HeaderReader, headers: StringValue | BinaryValue | undefined): Header[] {
  const list: Header[] = [];
  if (headers === undefined) return list;
  for (reader.read(headers); reader.next();) list.push([bytesOf(reader.name).toLowerCase(), bytesOf(reader.value)]);
  return list;
}

/** All values of a header, in their order. */
export function valuesOf(headers: readonly Header[], name: string): string[] {
  return headers.filter((header) => header[0] === name).map((header) => header[1]);
}

// HAProxy's buffer also has 4 bytes more for each header than their text, the first line, and perhaps holes.
const HEADER_BYTES = 4;
const SLACK_BYTES = 1024;

/** @param limit size of HAProxy's buffer, if HAProxy waits until that is full; undefined if it is unknown. */
export function requestBodyState(
  request: Pick<Exchange, 'path' | 'query' | 'headers' | 'body'>,
  limit: number | undefined,
): BodyState {
  const { path, query, headers, body } = request;
  const announced = valuesOf(headers, 'content-length')[0];
  if (announced !== undefined) return stateOf(body, Number(announced));
  const isChunked = valuesOf(headers, 'transfer-encoding').length > 0;
  if (body === '' && !isChunked) return 'none';
  // A client chooses the size of its headers in the buffer.
  let used = SLACK_BYTES + path.length + query.length + body.length;
  for (const [name, value] of headers) used += name.length + value.length + 2 * HEADER_BYTES;
  return limit !== undefined && used < limit ? 'complete' : 'unknown';
}

/** @param method of the request; empty if it is unknown. */
export function responseBodyState(
  { status, headers, body }: Pick<Exchange, 'status' | 'headers' | 'body'>,
  method: string,
): BodyState {
  if (method === 'HEAD' || status === 204 || status === 304) return 'none';
  const announced = valuesOf(headers, 'content-length')[0];
  return announced === undefined ? 'unknown' : stateOf(body, Number(announced));
}

function stateOf(body: string, length: number): BodyState {
  if (length === 0) return 'none';
  return body.length >= length ? 'complete' : 'cut';
}
