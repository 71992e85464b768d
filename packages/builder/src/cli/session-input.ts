import { parseSession, SessionFileError, type Session } from './capture/session-file.ts';
import { UsageError } from './usage-error.ts';

/** The recording in a file that is called `name`. @throws {UsageError} when it is not a session file. */
export function sessionIn(bytes: Buffer, name: string): Session {
  try {
    return parseSession(bytes.toString('utf8'));
  } catch (error) {
    if (!(error instanceof SessionFileError)) throw error;
    throw new UsageError(`${name} is not a session file: ${error.message}`, '"spop record" writes one');
  }
}
