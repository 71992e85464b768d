/** Container images, built by buildah without a registry and without Docker, and programs that run in them. Needs root. */
import { execFile, spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Program } from './program.ts';
import { TemporaryFolder } from './temporary-folder.ts';

const exec = promisify(execFile);
/** The path in an image of certificates that Node trusts besides its own. */
const CERTIFICATES = '/etc/ssl/extra.pem';
/** What this machine trusts. */
const DEBIAN_CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** Options of a program in a container, in addition to the image's settings. */
export interface RunOptions {
  readonly uid: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Replaces the image's own command. */
  readonly command?: readonly string[];
}

/** The configuration of an image. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly Healthcheck?: { readonly Test: readonly string[] };
}

/** The reason why no image can be built on this machine; undefined if it can. */
export function whyNoContainers(): string | undefined {
  if (process.getuid?.() !== 0) return 'containers are built as root';
  for (const tool of ['buildah', 'unshare', 'chroot']) {
    if (spawnSync(tool, ['--version']).error !== undefined) return `there is no ${tool} on this machine`;
  }
  return undefined;
}

/** Adds the parts of Node's image to a root directory: this Node, npm with the settings of this machine, and a user. */
async function addNode(root: string): Promise<void> {
  for (const made of ['usr/local/bin', 'usr/local/etc', 'tmp', 'root', 'proc', 'dev', 'etc/ssl']) {
    await mkdir(`${root}/${made}`, { recursive: true });
  }
  await chmod(`${root}/tmp`, 0o1777);
  await writeFile(`${root}/etc/passwd`, 'root:x:0:0:root:/root:/bin/sh\n');
  await cp(process.execPath, `${root}/usr/local/bin/node`);
  const { stdout: npm } = await exec('sh', ['-c', 'command -v npm']);
  await cp(dirname(dirname(await realpath(npm.trim()))), `${root}/usr/local/lib/npm`, { recursive: true });
  await symlink('../lib/npm/bin/npx-cli.js', `${root}/usr/local/bin/npx`);
  const { stdout: settings } = await exec('npm', ['config', 'get', 'globalconfig']);
  for (const [from, to] of [
    [settings.trim(), '/usr/local/etc/npmrc'],
    [`${homedir()}/.npmrc`, '/root/.npmrc'],
    [process.env['NODE_EXTRA_CA_CERTS'] ?? DEBIAN_CERTIFICATES, CERTIFICATES],
  ] as const) {
    if (existsSync(from)) await cp(from, root + to, { dereference: true });
  }
}

/** A store of images in a temporary folder. */
export class ContainerImages {
  readonly #folder: TemporaryFolder;

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
  }

  static async make(): Promise<ContainerImages> {
    const folder = await TemporaryFolder.make();
    await writeFile(folder.file('policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
    return new ContainerImages(folder);
  }

  /**
   * Makes an image that replaces the official one of Node. @param debian the folder with Debian's dash, coreutils and libstdc++6,
   * unpacked.
   */
  async makeNodeBase(name: string, debian: string): Promise<void> {
    const root = this.#folder.file('base');
    await cp(debian, root, { recursive: true, verbatimSymlinks: true });
    await addNode(root);
    const container = await this.#buildah('from', 'scratch');
    await this.#buildah('copy', container, root, '/');
    const env = [
      'PATH=/usr/local/bin:/usr/bin:/bin',
      `NODE_EXTRA_CA_CERTS=${existsSync(root + CERTIFICATES) ? CERTIFICATES : ''}`,
    ];
    await this.#buildah('config', ...env.flatMap((each) => ['--env', each]), container);
    await this.#buildah('commit', ...this.#policy, '--disable-compression', container, name);
  }

  /** Builds an image of this name, with the packages in pnpm's store on this machine. */
  async build(name: string, file: string, context: string): Promise<void> {
    const { stdout: store } = await exec('pnpm', ['store', 'path'], { cwd: context });
    const volume = ['--volume', `${dirname(store.trim())}:/root/.local/share/pnpm/store`];
    const where = ['--isolation', 'chroot', '--network', 'host', '--pull-never', ...this.#policy];
    await this.#buildah('build', '--format', 'docker', ...where, ...volume, '--file', file, '--tag', name, context);
  }

  async configOf(name: string): Promise<ImageConfig> {
    const { Docker } = JSON.parse(await this.#buildah('inspect', '--type', 'image', name)) as {
      Docker: { config: ImageConfig };
    };
    return Docker.config;
  }

  /** Unpacks an image for {@link run}. @returns the folder. */
  async unpack(name: string): Promise<string> {
    return this.#buildah('mount', await this.#buildah('from', '--pull-never', name));
  }

  /**
   * Runs a program in an unpacked image, as a container runtime would: as this user, of group 0, without the right to write
   * anywhere. It uses the network of this machine.
   */
  run(root: string, config: ImageConfig, { uid, env = {}, command = config.Cmd }: RunOptions): Program {
    const script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec chroot "$@"';
    const variables = [...config.Env, ...Object.entries(env).map(([key, value]) => `${key}=${value}`)];
    const inside = ['env', '-i', `--chdir=${config.WorkingDir}`, ...variables, ...command];
    return new Program(
      'unshare',
      ['--mount', 'sh', '-c', script, 'sh', root, `--userspec=${uid}:0`, '--groups=', root, ...inside],
      { name: command.join(' ') },
    );
  }

  /** Deletes all images. */
  async stop(): Promise<void> {
    await this.#buildah('umount', '--all');
    await this.#folder.stop();
  }

  get #policy(): readonly string[] {
    return ['--signature-policy', this.#folder.file('policy.json')];
  }

  async #buildah(command: string, ...args: readonly string[]): Promise<string> {
    const store = [
      '--storage-driver',
      'vfs',
      '--root',
      this.#folder.file('store'),
      '--runroot',
      this.#folder.file('run'),
    ];
    const { stdout } = await exec('buildah', [...store, command, ...args], { maxBuffer: 1 << 26 });
    return stdout.trim();
  }
}
