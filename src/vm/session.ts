import { basename, join } from 'node:path'
import { describeError } from '../domain/errors.js'
import type { KernelReport } from '../domain/kernel-report.js'
import type { BatchRun, GuestRun, VmExit } from '../domain/vm-run.js'
import type { ByteChannel, ChildProcess, Clock, Files } from '../ports/index.js'
import type { ProgressParser } from '../suites/suite.js'
import { BatchProgress, OUTPUT_LAG_SECONDS } from './batch-progress.js'
import { EventQueue } from './channels/event-queue.js'
import { OutputSplitter } from './channels/output-stream.js'
import { QmpClient, type QmpEvent } from './channels/qmp.js'
import { type ResultCaps, ResultFiles } from './channels/result-files.js'
import { type ResultFrame, ResultFrameParser } from './channels/result-frames.js'
import { ConsoleLog } from './console/console-log.js'
import { LineSplitter } from './console/line-splitter.js'
import { diagnoseGuest, dumpGuestMemory } from './diagnose.js'
import type { Guest, GuestBatch, GuestEvent } from './guest.js'
import { guestExit, PANIC_LINE } from './guest-exit.js'
import { assertOneLine } from './initramfs/settings.js'
import { OutputFile } from './output-file.js'

/** Watches the console: the crash classifier, or nothing. */
export interface ConsoleObserver {
  line(text: string): readonly KernelReport[]
  end(): readonly KernelReport[]
}

export interface SessionOptions {
  readonly id: number
  readonly section: string
  readonly argv: readonly string[]
  readonly runDirectory: string
  /** `clock.monotonicSeconds()` and the time just before QEMU was started. */
  readonly startedSeconds: number
  readonly startedAt: Date
  readonly child: ChildProcess
  readonly files: Files
  readonly clock: Clock
  readonly observer: ConsoleObserver
  readonly progressParser: () => ProgressParser
  /** Stretches the limits of a slow guest; 1 under KVM. */
  readonly timeoutFactor: number
  readonly resultCaps?: ResultCaps
  readonly consoleCapBytes?: number
  /** A panicked guest's memory goes here. QEMU was then told to stop, not to end, at a reset. */
  readonly dumpPath?: string
  /** Called when QEMU is gone: takes the disks away. */
  readonly cleanUp: () => Promise<void>
}

/** Reports kept of one guest: a kernel that warns in a loop must not fill our memory. */
const MOST_REPORTS = 1000
const STDERR_CAP = 16 * 1024
/** After QEMU's end its sockets are closed; this long they may take to be read to their end. */
const DRAIN_SECONDS = 30

/** One running QEMU and the four conversations with it. */
export class GuestSession implements Guest {
  readonly id: number
  private readonly queue = new EventQueue<GuestEvent>()
  private readonly log: ConsoleLog
  private readonly results: ResultFiles
  private readonly output: OutputFile
  private readonly qmp: QmpClient
  private readonly control: ByteChannel
  private readonly console: ByteChannel
  private readonly reports: KernelReport[] = []
  private readonly boot = {
    kernelSeconds: null as number | null,
    initSeconds: null as number | null,
    readySeconds: null as number | null,
    firstTestSeconds: null as number | null,
  }
  private release: string | null = null
  private ready = false
  private progress: BatchProgress | null = null
  private stopped: VmExit | null = null
  private finishing = false
  private tookLeave = false
  private panicLine: string | null = null
  private hostProblem: string | null = null
  private memoryDump: string | null = null
  private stderr = ''
  private consoleBytes = 0
  private ended = false

  constructor(private readonly options: SessionOptions) {
    this.id = options.id
    const { files, clock, child } = options
    const [console, control, results, output, qmp] = child.channels
    if (console === undefined || control === undefined || results === undefined || output === undefined || qmp === undefined) {
      throw new Error('QEMU was started without its five channels')
    }
    this.console = console
    this.control = control
    this.log = new ConsoleLog({
      directory: this.absoluteDirectory,
      files,
      clock,
      onLine: (text) => this.consoleLine(text),
      ...(options.consoleCapBytes === undefined ? {} : { capBytes: options.consoleCapBytes }),
    })
    this.results = new ResultFiles(files, options.resultCaps)
    this.output = new OutputFile(files)
    this.qmp = new QmpClient(qmp, clock, (event) => this.qmpEvent(event))
    void this.follow(results, output)
  }

  /** Relative to the run's directory. */
  private get directory(): string {
    return `guests/${this.id}`
  }

  private get absoluteDirectory(): string {
    return join(this.options.runDirectory, this.directory)
  }

  private get elapsed(): number {
    return this.options.clock.monotonicSeconds() - this.options.startedSeconds
  }

  events(): AsyncIterable<GuestEvent> {
    return this.queue
  }

  async run(batch: GuestBatch): Promise<void> {
    if (!this.ready || this.progress !== null) throw new Error(`guest ${this.id} is not ready for batch ${batch.id}`)
    const lines = batchLines(batch)
    const directory = join(this.absoluteDirectory, 'batches', String(batch.id))
    this.ready = false
    this.results.begin(join(directory, 'results'))
    await this.output.begin(join(directory, 'check.stdout'))
    this.progress = new BatchProgress(batch, this.options.progressParser())
    await this.tell(lines)
  }

  async finish(): Promise<void> {
    this.finishing = true
    await this.tell('finish\n')
  }

  async stop(exit: VmExit): Promise<void> {
    this.stopped ??= exit
    this.options.child.kill('SIGKILL')
    await this.options.child.exit
  }

  async diagnose(reason: string): Promise<void> {
    if (this.ended) return
    const { files, clock, timeoutFactor } = this.options
    await diagnoseGuest({
      reason,
      qmp: this.qmp,
      clock,
      timeoutFactor,
      sendKey: (key) => this.console.write(key),
      consoleBytes: () => this.consoleBytes,
      save: async (text) => {
        const file = await files.openAppend(join(this.absoluteDirectory, 'qmp.txt'))
        await file.append(text).finally(() => file.close())
      },
    })
  }

  async dumpMemory(path: string): Promise<void> {
    await dumpGuestMemory(this.qmp, path)
  }

  /** Says something to the agent. A guest that is gone does not hear it; its exit tells. */
  private async tell(text: string): Promise<void> {
    await this.control.write(text).catch(() => undefined)
  }

  private async follow(results: ByteChannel, output: ByteChannel): Promise<void> {
    const { child, clock } = this.options
    const conversations = Promise.allSettled([
      this.readConsole(),
      this.readControl(),
      this.readResults(results),
      this.readOutput(output),
      this.qmp.read(),
      this.readStderr(),
    ])
    const process = await child.exit
    const drained = new AbortController()
    await Promise.race([conversations, clock.sleep(DRAIN_SECONDS, drained.signal)])
    drained.abort()
    await this.close(process)
  }

  private async close(process: { code: number | null; signal: string | null }): Promise<void> {
    this.ended = true
    await this.log.close()
    this.addReports(this.options.observer.end())
    const exit = guestExit({
      stopped: this.stopped,
      panicLine: this.panicLine,
      process,
      stderr: this.stderr,
      hostProblem: this.hostProblem,
      tookLeave: this.finishing && this.tookLeave,
      lastLine: this.log.lastLine,
    })
    const batch = this.progress === null ? null : await this.endBatch(exit)
    await this.options.cleanUp().catch(() => undefined)
    this.queue.push({ kind: 'exit', exit, guest: this.guestRun(exit), batch })
    this.queue.end()
  }

  private guestRun(exit: VmExit): GuestRun {
    const { options } = this
    return {
      id: this.id,
      startedAt: options.startedAt.toISOString(),
      endedAt: options.clock.now().toISOString(),
      exit,
      boot: { ...this.boot },
      consolePath: `${this.directory}/console.log`,
      directory: this.directory,
      ...(this.memoryDump === null ? {} : { memoryDump: this.memoryDump }),
      argv: [...options.argv],
      release: this.release,
      reports: [...this.reports],
    }
  }

  private async readConsole(): Promise<void> {
    for await (const chunk of this.console) {
      this.boot.kernelSeconds ?? this.reached('kernel')
      this.consoleBytes += chunk.length
      await this.log.feed(chunk)
    }
  }

  private reached(milestone: 'kernel' | 'init'): void {
    if (milestone === 'kernel') this.boot.kernelSeconds = this.elapsed
    else this.boot.initSeconds = this.elapsed
    this.queue.push({ kind: milestone })
  }

  private consoleLine(text: string): void {
    if (text === 'vmtest: init' && this.boot.initSeconds === null) this.reached('init')
    if (this.panicLine === null && PANIC_LINE.test(text)) this.panicLine = text
    this.addReports(this.options.observer.line(text))
  }

  private addReports(reports: readonly KernelReport[]): void {
    for (const report of reports) {
      if (this.reports.length >= MOST_REPORTS) return
      this.reports.push(report)
      this.queue.push({ kind: 'report', report })
    }
  }

  private async readControl(): Promise<void> {
    const lines = new LineSplitter(4096)
    for await (const chunk of this.control) {
      for (const { text } of lines.feed(chunk)) {
        if (text.startsWith('ready ')) this.becomeReady(text.slice('ready '.length))
        else if (text === 'bye') this.tookLeave = true
      }
    }
  }

  private becomeReady(release: string): void {
    this.release ??= release.slice(0, 200)
    this.boot.readySeconds ??= this.elapsed
    if (this.progress !== null || this.ready) return
    this.ready = true
    this.queue.push({ kind: 'ready', release: this.release })
  }

  private async readResults(channel: ByteChannel): Promise<void> {
    const parser = new ResultFrameParser()
    for await (const chunk of channel) await this.takeFrames(parser.feed(chunk))
    await this.takeFrames(parser.end())
  }

  private async takeFrames(frames: readonly ResultFrame[]): Promise<void> {
    for (const frame of frames) {
      if (frame.kind === 'mark') await this.mark(frame.text)
      else await this.results.accept(frame)
    }
  }

  /** Everything before the mark is on disk; only then the guest may go on. */
  private async mark(text: string): Promise<void> {
    const { progress } = this
    const at = this.options.clock.now()
    if (progress !== null && text.startsWith('start ')) {
      await this.waitForOutput(() => progress.settled, OUTPUT_LAG_SECONDS)
      this.pushEnd(progress, at)
      const name = text.slice('start '.length)
      progress.startTest(name, at)
      this.boot.firstTestSeconds ??= this.elapsed
      this.queue.push({ kind: 'test-start', name })
    } else if (progress !== null && text.startsWith('end ')) {
      const status = Number(text.slice('end '.length))
      progress.exited(Number.isInteger(status) ? status : null)
      await this.waitForOutput(() => progress.outputComplete, 5 * this.options.timeoutFactor)
      if (!progress.outputComplete) progress.notes.push('the end of the output did not arrive')
      this.pushEnd(progress, at)
      this.queue.push({ kind: 'batch-end', batch: await this.endBatch(null) })
    }
    await this.tell('ack\n')
  }

  private pushEnd(progress: BatchProgress, at: Date): void {
    const end = progress.endTest(at)
    if (end !== null) this.queue.push(end)
  }

  private async waitForOutput(arrived: () => boolean, seconds: number): Promise<void> {
    const late = new AbortController()
    let expired = false
    const limit = this.options.clock.sleep(seconds, late.signal).then(() => {
      expired = true
    })
    while (!arrived() && !expired && this.progress !== null) await Promise.race([this.progress.nextOutput(), limit])
    late.abort()
  }

  private async endBatch(exit: VmExit | null): Promise<BatchRun> {
    const { progress } = this
    if (progress === null) throw new Error('no batch to end')
    this.progress = null
    const problems = await this.output.close()
    if (this.log.writeError !== null) problems.push(`console log not written: ${describeError(this.log.writeError)}`)
    const directory = `${this.directory}/batches/${progress.batch.id}`
    const notes = [...this.results.notes(), ...problems]
    return progress.finish({ guest: this.id, section: this.options.section, directory, notes }, exit)
  }

  private async readOutput(channel: ByteChannel): Promise<void> {
    const splitter = new OutputSplitter()
    const take = async (pieces: ReturnType<OutputSplitter['feed']>) => {
      for (const piece of pieces) {
        if (piece.kind === 'bytes') this.progress?.output(await this.output.append(piece.bytes))
        else if (piece.batch === this.progress?.batch.id) this.progress.endOutput()
      }
    }
    for await (const chunk of channel) await take(splitter.feed(chunk))
    await take(splitter.end())
  }

  private async readStderr(): Promise<void> {
    for await (const chunk of this.options.child.stderr) {
      this.stderr = (this.stderr + Buffer.from(chunk).toString('utf8')).slice(-STDERR_CAP)
    }
  }

  private qmpEvent({ event, data }: QmpEvent): void {
    if (event === 'BLOCK_IO_ERROR' && data.nospace === true) {
      // QEMU has stopped the guest (werror=enospc). It would wait for ever, and none of it is the guest's fault.
      this.hostProblem = `no space left on the host for ${String(data.device || data['node-name'])} of guest ${this.id}`
      this.options.child.kill('SIGKILL')
    }
    if (event === 'SHUTDOWN' && this.options.dumpPath !== undefined) void this.endPaused(this.options.dumpPath)
  }

  /** With `-no-shutdown` QEMU waits after the guest's end, its memory as it was. */
  private async endPaused(dumpPath: string): Promise<void> {
    // The panic's line may still be on its way from the console.
    await this.options.clock.sleep(0.5)
    if (this.panicLine !== null) {
      await this.dumpMemory(dumpPath).then(
        () => {
          this.memoryDump = `${this.directory}/${basename(dumpPath)}`
        },
        (error) => this.progress?.notes.push(`no memory dump: ${describeError(error)}`),
      )
    }
    await this.qmp.command('quit', {}, 10).catch(() => this.options.child.kill('SIGKILL'))
  }
}

/** @throws UserError for control characters in a value */
function batchLines(batch: GuestBatch): string {
  const variables = Object.entries(batch.environment).map(([name, value]) => {
    assertOneLine(name, value)
    return `e ${name}=${value}\n`
  })
  const words = batch.arguments.map((word) => {
    assertOneLine('an argument of check', word)
    return `a ${word}\n`
  })
  return `run ${batch.id}\n${variables.join('')}${words.join('')}go\n`
}
