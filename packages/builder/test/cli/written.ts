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

/** What a program has written, while it runs in the test's process. */
export interface Capture {
  readonly texts: { stdout: string; stderr: string };
  readonly stop: () => void;
}

/** Takes what is written to stdout and stderr, each as `toText` makes it, until `stop()`. */
export function captureOutput(toText: (written: string) => string = (written) => written): Capture {
  const texts = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((written) => {
      texts[name] += toText(String(written));
      return true;
    }),
  );
  const stop = (): void => {
    for (const spy of spies) spy.mockRestore();
  };
  return { texts, stop };
}
