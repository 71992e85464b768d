/**
 * Prints on standard error what is being done, with the seconds since the start: in a terminal each text takes the place
 * of the one before, elsewhere each has a line.
 */
export function startProgress(): (text: string) => void {
  const startedAt = performance.now();
  return (text) => {
    const line = `[${Math.round((performance.now() - startedAt) / 1000)} s] ${text}`;
    process.stderr.write(process.stderr.isTTY ? `\r\u001B[K${line}` : `${line}\n`);
  };
}
