import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/**
 * `node run-packed.ts <folder>`, with packages unpacked below `<folder>/node_modules/@spop`, and the builder installed by npm in
 * `<folder>/npx`: runs the program of the builder with npx, as its users do, against an agent of the unpacked package.
 */
const folder = resolve(process.argv[2] ?? '.');
const load = createRequire(join(folder, 'program.js'));

/** The part of the agent's package that is used here. */
interface AgentPackage {
  createAgent(options: { hooks: { unhandledNotify(): void } }): {
    listen(target: { port: number }): Promise<{ port: number }>;
    close(): Promise<void>;
  };
}

async function spop(...words: readonly string[]): Promise<string> {
  const all = ['--offline', '@spop/builder', ...words];
  const { stdout } = await promisify(execFile)('npx', all, { cwd: join(folder, 'npx'), encoding: 'utf8' });
  return stdout;
}

const agent = (load('@spop/agent') as AgentPackage).createAgent({ hooks: { unhandledNotify: () => undefined } });
const { port } = await agent.listen({ port: 0 });
for (const [words, expected] of [
  [['--help'], /^Usage: spop COMMAND/],
  [['ping', `127.0.0.1:${port}`], / is up: SPOP 2\.0, /],
  [['send', `127.0.0.1:${port}`, 'nobody-handles-this', '--json'], /^\{"count":1,.*"actions":\[\]\}$/m],
  [['completions', 'bash'], /complete .* spop$/m],
] as const) {
  const stdout = await spop(...words);
  if (!expected.test(stdout)) throw new Error(`npx @spop/builder ${words.join(' ')} wrote:\n${stdout}`);
  console.log(`npx @spop/builder ${words[0]}: ${stdout.split('\n')[0]}`);
}
await agent.close();
