import { accepts, freePort } from './ports.ts';
import { Program, type StopOptions } from './program.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** A Redis or Valkey in the foreground, on a port of 127.0.0.1, that stores nothing on disk. */
export class Store {
  /** Host and port: `127.0.0.1:49152`. */
  readonly address: string;
  readonly port: number;
  readonly #program: Program;
  readonly #folder: TemporaryFolder;

  private constructor(port: number, program: Program, folder: TemporaryFolder) {
    this.address = `127.0.0.1:${port}`;
    this.port = port;
    this.#program = program;
    this.#folder = folder;
  }

  /**
   * Starts a store of this program, and waits until it accepts connections; on any free port by default. `args` are more
   * options: `--requirepass`, `secret`.
   *
   * @throws Error with its output if it ends instead.
   */
  static async start(path: string, args: readonly string[] = [], port?: number): Promise<Store> {
    const folder = await TemporaryFolder.make();
    const chosen = port ?? (await freePort());
    const options = ['--port', `${chosen}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const program = new Program(path, [...options, '--dir', folder.path, ...args]);
    const store = new Store(chosen, program, folder);
    try {
      await program.until(async () => ((await accepts({ host: '127.0.0.1', port: chosen })) ? true : undefined));
      return store;
    } catch (error) {
      await store.stop();
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.#program.pid;
  }

  /** Sends it a signal: SIGSTOP for a store that no longer answers. */
  signal(signal: NodeJS.Signals): void {
    this.#program.signal(signal);
  }

  /** Ends it. */
  async stop(options?: StopOptions): Promise<void> {
    await this.#program.stop(options);
    await this.#folder.stop();
  }
}
