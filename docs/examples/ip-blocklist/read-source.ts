/** Reads the bytes of a source: of a file, from a URL, or the members of a set. */
import { readFile, stat } from 'node:fs/promises';
import { kindOf } from './source-texts.ts';
import { readSet } from './read-set.ts';

/** The largest list that is read, in bytes: three million IPv6 addresses. */
const MAX_BYTES = 128 * 1024 * 1024;
/** Time limits for the beginning of a server's answer, and for all of it. */
const ANSWER_TIMEOUT_MS = 5_000;
const READ_TIMEOUT_MS = 60_000;

/** A server's validators of its last list, with which it is asked whether the list has changed. */
export interface Validators {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** The bytes of a source; for a URL with its validators. */
export interface SourceBytes {
  readonly bytes: Uint8Array;
  readonly validators?: Validators;
}

/**
 * All bytes of a source, or undefined if a server says that they have not changed since `known`.
 *
 * @throws Error if it cannot be read to its end.
 */
export async function readSource(source: string, known: Validators | undefined): Promise<SourceBytes | undefined> {
  switch (kindOf(source)) {
    case 'file':
      return { bytes: await readListFile(source) };
    case 'url':
      return readUrl(source, known);
    case 'set':
      return { bytes: await readSet(new URL(source), MAX_BYTES, READ_TIMEOUT_MS) };
  }
}

async function readListFile(path: string): Promise<Uint8Array> {
  const status = await stat(path);
  // Reading a pipe, or a device, may never end.
  if (!status.isFile()) throw new Error('expected a regular file');
  if (status.size > MAX_BYTES) throw tooLarge();
  return readFile(path);
}

async function readUrl(url: string, known: Validators | undefined): Promise<SourceBytes | undefined> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)), ANSWER_TIMEOUT_MS);
  const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(READ_TIMEOUT_MS)]);
  const headers = new Headers();
  if (known?.etag) headers.set('if-none-match', known.etag);
  if (known?.lastModified) headers.set('if-modified-since', known.lastModified);
  // fetch refuses a URL with a name and a password.
  const target = new URL(url);
  if (target.username !== '') {
    const credentials = [target.username, target.password].map(decodeURIComponent).join(':');
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
    target.username = '';
    target.password = '';
  }
  let response: Response;
  try {
    response = await fetch(target, { headers, signal });
  } finally {
    clearTimeout(timer);
  }
  if (response.status === 304 && known !== undefined) return undefined;
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`expected status 200; found ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  const body: AsyncIterable<Uint8Array> | undefined = response.body ?? undefined;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  const { headers: answered } = response;
  return {
    bytes: Buffer.concat(chunks, length),
    validators: { etag: answered.get('etag'), lastModified: answered.get('last-modified') },
  };
}

function tooLarge(): Error {
  return new Error(`expected at most ${MAX_BYTES} bytes`);
}
