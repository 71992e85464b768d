import { writeFile } from 'node:fs/promises';
import { connect, type NetConnectOpts } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { accepts } from '../ports.ts';
import { Program, type StopOptions } from '../program.ts';
import { TemporaryFolder } from '../temporary-folder.ts';

/** Options of a start. `${RUN_DIR}` in a configuration, in double quotes, is the folder of this run. */
export interface HaproxyOptions {
  /** Path of the program, or a name on the PATH. */
  readonly program: string;
  /** The configuration: its text, or the URL of a file that is used as it is. */
  readonly config: string | URL;
  /** More files beside a configuration given as text, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Environment variables for the configuration, in addition to `RUN_DIR`; their values may refer to that, too. */
  readonly env?: Readonly<Record<string, string>>;
  /** HAProxy is ready when it accepts connections here; `${RUN_DIR}/http.sock` by default. */
  readonly entry?: NetConnectOpts;
  /** The folder of this run, which the caller removes; by default a new one that is removed when HAProxy is stopped. */
  readonly folder?: TemporaryFolder;
}

/** A HAProxy in the foreground that accepts connections. */
export class Haproxy {
  /** `${RUN_DIR}/http.sock`, which most configurations bind. */
  readonly httpSocket: string;
  readonly #program: Program;
  readonly #folder: TemporaryFolder;
  readonly #isOwnFolder: boolean;

  private constructor(program: Program, folder: TemporaryFolder, isOwnFolder: boolean) {
    this.httpSocket = folder.file('http.sock');
    this.#program = program;
    this.#folder = folder;
    this.#isOwnFolder = isOwnFolder;
  }

  /**
   * Starts HAProxy and waits until it is ready.
   *
   * @throws Error with its output if it ends instead, or is not ready within 25 seconds.
   */
  static async start(options: HaproxyOptions): Promise<Haproxy> {
    const folder = options.folder ?? (await TemporaryFolder.make());
    let config = options.config;
    if (typeof config === 'string') {
      for (const [name, text] of Object.entries({ 'haproxy.cfg': config, ...options.files })) {
        await writeFile(folder.file(name), text);
      }
      config = pathToFileURL(folder.file('haproxy.cfg'));
    }
    const env: Record<string, string> = { RUN_DIR: folder.path };
    for (const [name, value] of Object.entries(options.env ?? {})) {
      env[name] = value.replaceAll('${RUN_DIR}', folder.path);
    }
    const path = options.program.includes('/') ? resolve(options.program) : options.program;
    const cwd = new URL('.', config);
    const program = new Program(path, ['-db', '-f', fileURLToPath(config)], { name: 'HAProxy', cwd, env });
    const haproxy = new Haproxy(program, folder, options.folder === undefined);
    try {
      const entry = options.entry ?? { path: haproxy.httpSocket };
      await program.until(async () => ((await accepts(entry)) ? true : undefined));
      return haproxy;
    } catch (error) {
      await haproxy.stop();
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.#program.pid;
  }

  /** The output on stdout and stderr so far. */
  get log(): string {
    return this.#program.output;
  }

  /**
   * Waits until its output matches. @returns the pattern's first group, or the whole match without one.
   *
   * @throws Error with its log if it ends before, or 25 seconds pass.
   */
  says(pattern: RegExp): Promise<string> {
    return this.#program.says(pattern);
  }

  /** Resolves when HAProxy has ended, with the way it ended: `exit code 1`, `signal SIGKILL`. */
  get ended(): Promise<string> {
    return this.#program.ended;
  }

  /** The answer to a command, such as `show stat`, on its stats socket, `${RUN_DIR}/stats.sock`. */
  async command(text: string): Promise<string> {
    const socket = connect(this.#folder.file('stats.sock'));
    socket.setEncoding('utf8').end(`${text}\n`);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    return answer;
  }

  /** Ends it, by force if it does not end in time. With SIGUSR1 it first answers the open requests. */
  async stop(options?: StopOptions): Promise<void> {
    await this.#program.stop(options);
    if (this.#isOwnFolder) await this.#folder.stop();
  }
}
