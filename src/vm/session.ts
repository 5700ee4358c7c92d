import { basename, join } from 'node:path'
import { describeError } from '../domain/errors.js'
import type { KernelReport, ReportPhase } from '../domain/kernel-report.js'
import type { SuiteName } from '../domain/test.js'
import type { GuestRun, VmExit } from '../domain/vm-run.js'
import type { ByteChannel, ChildProcess, Clock, Files } from '../ports/index.js'
import type { ProgressParser } from '../suites/suite.js'
import { BatchConversation, batchLines } from './batch-conversation.js'
import { EventQueue } from './channels/event-queue.js'
import { QmpClient, type QmpEvent } from './channels/qmp.js'
import type { ResultCaps } from './channels/result-files.js'
import { ConsoleLog } from './console/console-log.js'
import { LineSplitter } from './console/line-splitter.js'
import { diagnoseGuest } from './diagnose.js'
import type { Guest, GuestBatch, GuestEvent } from './guest.js'
import { guestExit, PANIC_LINE } from './guest-exit.js'
import { dumpGuestMemory } from './memory/dump.js'
import { PhaseMarks } from './phase-marks.js'
import { ReportCollector } from './report-collector.js'

/** Watches the console: the crash classifier, or nothing. */
export interface ConsoleObserver {
  line(text: string): readonly KernelReport[]
  end(): readonly KernelReport[]
}

export interface SessionOptions {
  readonly id: number
  readonly suite: SuiteName
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
  /**
   * The memory of a guest that panicked or hangs goes here (`target`: QEMU's name for it), where `takes` says so of what happened. QEMU was
   * then told to stop, not to end, at a reset.
   */
  readonly dump?: SessionDump
  /** Called when QEMU is gone: takes the disks away. */
  readonly cleanUp: () => Promise<void>
}

export interface SessionDump {
  readonly path: string
  readonly target: string
  /** @param what a kernel report's title, or what did not end */
  readonly takes: (what: string) => boolean
  /** The file is whole. */
  readonly onDumped: () => void
}

const STDERR_CAP = 16 * 1024
/** After QEMU's end its sockets are closed; this long they may take to be read to their end. */
const DRAIN_SECONDS = 30

/** One running QEMU and the four conversations with it. */
export class GuestSession implements Guest {
  readonly id: number
  private readonly queue = new EventQueue<GuestEvent>()
  private readonly log: ConsoleLog
  private readonly batches: BatchConversation
  private readonly qmp: QmpClient
  private readonly control: ByteChannel
  private readonly console: ByteChannel
  private readonly reports = new ReportCollector()
  private readonly phases = new PhaseMarks()
  private readonly boot = {
    kernelSeconds: null as number | null,
    initSeconds: null as number | null,
    readySeconds: null as number | null,
    firstTestSeconds: null as number | null,
  }
  private release: string | null = null
  private ready = false
  private stopped: VmExit | null = null
  /** It was given a batch. */
  private hasWorked = false
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
    this.batches = new BatchConversation({
      guest: options.id,
      suite: options.suite,
      section: options.section,
      runDirectory: options.runDirectory,
      directory: this.directory,
      files,
      clock,
      timeoutFactor: options.timeoutFactor,
      push: (event) => this.push(event),
      tell: (text) => this.tell(text),
      problems: () => (this.log.writeError === null ? [] : [`console log not written: ${describeError(this.log.writeError)}`]),
      ...(options.resultCaps === undefined ? {} : { resultCaps: options.resultCaps }),
    })
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
    if (!this.ready || this.batches.isRunning) throw new Error(`guest ${this.id} is not ready for batch ${batch.id}`)
    const lines = batchLines(batch)
    this.ready = false
    this.hasWorked = true
    await this.batches.begin(batch, lines, this.options.progressParser())
  }

  withdraw(tests: readonly string[]): readonly string[] {
    return this.batches.withdraw(tests)
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
    await this.dumpMemory(reason)
  }

  private push(event: GuestEvent): void {
    if (event.kind === 'test-start') this.boot.firstTestSeconds ??= this.elapsed
    this.queue.push(event)
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
      this.batches.readResults(results),
      this.batches.readOutput(output),
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
      gaveUp: this.log.gaveUp,
    })
    const batch = await this.batches.end(exit)
    await this.options.cleanUp().catch(() => undefined)
    // It was made when QEMU was started.
    if (this.options.dump !== undefined && this.memoryDump === null) await this.options.files.remove(this.options.dump.path)
    this.queue.push({ kind: 'exit', exit, guest: this.guestRun(exit), batch })
    this.queue.end()
  }

  private guestRun(exit: VmExit): GuestRun {
    const { options } = this
    return {
      id: this.id,
      suite: options.suite,
      section: options.section,
      startedAt: options.startedAt.toISOString(),
      endedAt: options.clock.now().toISOString(),
      exit,
      boot: { ...this.boot },
      consolePath: `${this.directory}/console.log`,
      directory: this.directory,
      ...(this.memoryDump === null ? {} : { memoryDump: this.memoryDump }),
      argv: [...options.argv],
      release: this.release,
      reports: this.reports.all(),
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
    this.phases.line(this.phase)
    this.addReports(this.options.observer.line(text))
  }

  private addReports(reports: readonly KernelReport[]): void {
    for (const found of reports) {
      const report = { ...found, phase: this.phaseOf(found) }
      if (this.reports.add(report)) this.queue.push({ kind: 'report', report })
    }
  }

  private phaseOf({ test, firstLine }: KernelReport): ReportPhase {
    const phase = this.phases.at(firstLine)
    return phase === 'set-up' && test !== null ? 'between' : phase
  }

  /** What the guest is at now. */
  private get phase(): ReportPhase {
    if (this.boot.readySeconds === null) return 'boot'
    return this.batches.isRunning || !this.hasWorked ? 'set-up' : 'end'
  }

  private async readControl(): Promise<void> {
    const lines = new LineSplitter(4096)
    for await (const chunk of this.control) {
      for (const { text } of lines.feed(chunk)) {
        if (text.startsWith('ready ')) this.becomeReady(text.slice('ready '.length))
        else if (text.startsWith('cannot ')) this.queue.push({ kind: 'cannot', words: text.slice('cannot '.length) })
        else if (text === 'bye') this.tookLeave = true
      }
    }
  }

  private becomeReady(release: string): void {
    this.release ??= release.slice(0, 200)
    this.boot.readySeconds ??= this.elapsed
    if (this.batches.isRunning || this.ready) return
    this.ready = true
    this.queue.push({ kind: 'ready', release: this.release })
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
    if (event === 'SHUTDOWN' && this.options.dump !== undefined) void this.endPaused()
  }

  /** With `-no-shutdown` QEMU waits after the guest's end, its memory as it was. */
  private async endPaused(): Promise<void> {
    // The panic's line may still be on its way from the console.
    await this.options.clock.sleep(0.5)
    if (this.panicLine !== null) await this.dumpMemory(this.panicLine)
    await this.qmp.command('quit', {}, 10).catch(() => this.options.child.kill('SIGKILL'))
  }

  /** Once: what a guest is ended for comes first. The title of a fatal report says better than `what` whether it is another one. */
  private async dumpMemory(what: string): Promise<void> {
    const { dump } = this.options
    if (dump === undefined || this.memoryDump !== null) return
    const titles = this.reports.all()
    const title = (titles.find(({ fatal }) => fatal) ?? titles.find(({ kind }) => kind === 'hung-task'))?.title
    if (!dump.takes(title ?? what)) return
    await dumpGuestMemory(this.qmp, dump.target).then(
      () => {
        this.memoryDump = `${this.directory}/${basename(dump.path)}`
        dump.onDumped()
      },
      (error) => this.batches.note(`no memory dump: ${describeError(error)}`),
    )
  }
}
