// A Gitea and its runner, of binaries built by hand (README.md), on this machine alone: one user, a token, repositories by push.
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

const USER = 'eco'

/** A port that was free a moment ago. */
async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Polls until `ask` gives something. @throws Error after the deadline, in words that begin with `what` */
export async function until(what, seconds, ask) {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const answer = await ask().catch(() => undefined)
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}

/** Starts a program whose output goes to a file. @returns its process, killed with all of its group by `stop` */
export function start(argv, { log, ...options }) {
  const out = openSync(log, 'a')
  const child = spawn(argv[0], argv.slice(1), { ...options, detached: true, stdio: ['ignore', out, out] })
  closeSync(out)
  const stop = () => {
    try {
      process.kill(-child.pid, 'SIGTERM')
    } catch {
      // It is gone.
    }
  }
  return { child, stop }
}

/** `gitea` with a database, an administrator and a token below `work`. `source` holds the module's templates and options. */
export class Gitea {
  static async open({ work, binary, source }) {
    const port = await freePort()
    const gitea = new Gitea(work, binary, `http://127.0.0.1:${port}`)
    gitea.configure(port, source)
    gitea.run('migrate')
    gitea.run('admin', 'user', 'create', '--admin', '--username', USER, '--password', 'not-a-secret-1', '--email', 'eco@example.org')
    gitea.token = gitea.run('admin', 'user', 'generate-access-token', '--username', USER, '--token-name', 'e2e', '--scopes', 'all', '--raw')
    gitea.server = start([binary, 'web', '--config', gitea.config], { log: join(work, 'gitea.log'), cwd: work, env: gitea.env })
    await until('the server', 120, () => gitea.get('/version'))
    return gitea
  }

  constructor(work, binary, url) {
    this.binary = binary
    this.url = url
    this.work = work
    this.config = join(work, 'app.ini')
    this.env = { ...process.env, HOME: work, GITEA_WORK_DIR: work, GITEA_I_AM_BEING_UNSAFE_RUNNING_AS_ROOT: 'true' }
  }

  configure(port, source) {
    const sections = {
      '': { RUN_USER: process.env.USER ?? 'root', RUN_MODE: 'prod' },
      server: {
        HTTP_ADDR: '127.0.0.1',
        HTTP_PORT: port,
        ROOT_URL: `${this.url}/`,
        STATIC_ROOT_PATH: source,
        DISABLE_SSH: true,
        OFFLINE_MODE: true,
      },
      database: { DB_TYPE: 'sqlite3', PATH: join(this.work, 'gitea.db') },
      security: { INSTALL_LOCK: true, SECRET_KEY: 'x'.repeat(64) },
      actions: { ENABLED: true, DEFAULT_ACTIONS_URL: 'self' },
      repository: { ROOT: join(this.work, 'repositories'), DEFAULT_BRANCH: 'main' },
      log: { ROOT_PATH: join(this.work, 'log'), LEVEL: 'Warn' },
    }
    const text = Object.entries(sections).flatMap(([name, values]) => [
      ...(name === '' ? [] : [`[${name}]`]),
      ...Object.entries(values).map(([key, value]) => `${key} = ${value}`),
    ])
    writeFileSync(this.config, `${text.join('\n')}\n`)
  }

  run(...argv) {
    return execFileSync(this.binary, [...argv, '--config', this.config], { cwd: this.work, env: this.env, encoding: 'utf8' })
      .trim()
      .split('\n')
      .pop()
  }

  async request(path, options = {}) {
    const headers = { authorization: `token ${this.token}`, 'content-type': 'application/json' }
    const response = await fetch(`${this.url}/api/v1${path}`, { ...options, headers })
    if (!response.ok) throw new Error(`${path}: HTTP ${response.status} ${await response.text()}`)
    return response
  }

  async get(path) {
    return (await this.request(path)).json()
  }

  /** A public repository. @returns where it is pushed to */
  async repository(name) {
    await this.request('/user/repos', { method: 'POST', body: JSON.stringify({ name, default_branch: 'main' }) })
    return `${this.url.replace('://', `://${USER}:${this.token}@`)}/${USER}/${name}.git`
  }

  stop() {
    this.server?.stop()
  }
}

/**
 * The runner in host mode. Its work directory is another in every life, as on machines that share nothing; /nix is an empty memory
 * file system, so that whatever is there came from the cache.
 */
export class GiteaRunner {
  static register({ work, binary, gitea }) {
    const runner = new GiteaRunner(work, binary)
    mkdirSync(runner.directory, { recursive: true })
    const settings = [
      'cache:',
      '  enabled: true',
      `  dir: ${join(work, 'runner-cache')}`,
      '  host: 127.0.0.1',
      'runner:',
      `  file: ${join(runner.directory, 'registration')}`,
    ]
    writeFileSync(runner.config, `${settings.join('\n')}\n`)
    const argv = ['register', '--no-interactive', '--instance', gitea.url, '--token', gitea.run('actions', 'generate-runner-token')]
    execFileSync(binary, ['--config', runner.config, ...argv, '--name', 'e2e', '--labels', 'e2e:host'], { cwd: runner.directory })
    return runner
  }

  constructor(work, binary) {
    this.work = work
    this.binary = binary
    this.directory = join(work, 'runner')
    this.config = join(this.directory, 'config.yaml')
  }

  start(life) {
    const home = join(this.work, `home-${life}`)
    mkdirSync(home, { recursive: true })
    const mount = 'mkdir -p /nix && mount -t tmpfs -o mode=0755 none /nix && exec "$@"'
    const argv = ['unshare', '-m', '--propagation', 'private', 'sh', '-c', mount, 'sh', this.binary, '--config', this.config, 'daemon']
    const env = { ...process.env, HOME: home, XDG_CACHE_HOME: join(home, 'cache') }
    this.process = start(argv, { log: join(this.work, 'runner.log'), cwd: this.directory, env })
  }

  stop() {
    this.process?.stop()
  }
}
