import { onTestFinished, vi } from 'vitest';

/** Takes what is written to stdout and stderr, until the test ends. @returns The texts in their order. */
export function takeWritten(): string[] {
  const written: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    const spy = vi.spyOn(stream, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    onTestFinished(() => spy.mockRestore());
  }
  return written;
}
