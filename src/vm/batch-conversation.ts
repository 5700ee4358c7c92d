import { join } from 'node:path'
import { parseProgramEnd } from '../domain/program-end.js'
import type { SuiteName } from '../domain/test.js'
import { testFileName } from '../domain/test-file.js'
import type { BatchRun, VmExit } from '../domain/vm-run.js'
import type { ByteChannel, Clock, Files } from '../ports/index.js'
import type { ProgressParser } from '../suites/suite.js'
import { BatchProgress, OUTPUT_LAG_SECONDS } from './batch-progress.js'
import { OutputSplitter } from './channels/output-stream.js'
import { type ProgramFiles, printable, type ResultCaps, ResultFiles } from './channels/result-files.js'
import { type ResultFrame, ResultFrameParser } from './channels/result-frames.js'
import type { GuestBatch, GuestEvent } from './guest.js'
import { assertOneLine } from './initramfs/settings.js'
import { OutputFile } from './output-file.js'
import { programLines, progressWord } from './test-program.js'

/** What a conversation about batches needs of the guest it is held with. */
export interface BatchPlace {
  readonly guest: number
  readonly suite: SuiteName
  readonly section: string
  readonly runDirectory: string
  /** The guest's directory, relative to the run's. */
  readonly directory: string
  readonly files: Files
  readonly clock: Clock
  /** Stretches the limits of a slow guest; 1 under KVM. */
  readonly timeoutFactor: number
  readonly resultCaps?: ResultCaps
  readonly push: (event: GuestEvent) => void
  /** Says something to the agent. */
  readonly tell: (text: string) => Promise<void>
  /** What else went wrong with the guest's files, in sentences; asked when a batch ends. */
  readonly problems: () => readonly string[]
}

/**
 * The guest's batches, one after another, over three channels: control says what to run, results brings files and marks (a test starts,
 * the batch ends), output is what the suite prints.
 */
export class BatchConversation {
  private readonly results: ResultFiles
  private readonly output: OutputFile
  private progress: BatchProgress | null = null

  constructor(private readonly place: BatchPlace) {
    this.results = new ResultFiles(place.files, place.resultCaps)
    this.output = new OutputFile(place.files)
  }

  /** True between a batch's begin and its end. */
  get isRunning(): boolean {
    return this.progress !== null
  }

  /** Adds a sentence to the record of the batch that runs, if one does. */
  note(text: string): void {
    this.progress?.notes.push(text)
  }

  /** @param lines the batch as the agent is told it (`batchLines`) */
  async begin(batch: GuestBatch, lines: string, parser: ProgressParser): Promise<void> {
    const { runDirectory, directory, tell } = this.place
    const path = join(runDirectory, directory, 'batches', String(batch.id))
    this.results.begin(join(path, 'results'), batch.programs === undefined ? null : this.programFiles(batch.programs))
    await this.output.begin(join(path, 'check.stdout'))
    this.progress = new BatchProgress(batch, parser)
    await tell(lines)
  }

  /** The files that the agent writes for each program of a batch. */
  private programFiles(programs: NonNullable<GuestBatch['programs']>): ProgramFiles {
    const byFile = new Map(programs.map((program) => [testFileName(program.name), program]))
    return {
      // Of tests that ended nothing changes any more, and of others there is nothing yet: what claims to be theirs is another test's doing.
      isExpected: (file) => byFile.has(file) && byFile.get(file)?.name === this.progress?.running,
      ended: (file, text) => {
        const program = byFile.get(file)
        if (program !== undefined) this.progress?.programEnded(program.name, progressWord(parseProgramEnd(text), program))
      },
    }
  }

  /** Takes tests out of the batch (`Guest.withdraw`). */
  withdraw(tests: readonly string[]): readonly string[] {
    return this.progress?.withdraw(tests) ?? []
  }

  /** The batch as it stands, or null where none runs; `exit` where the guest ended under it. */
  async end(exit: VmExit | null): Promise<BatchRun | null> {
    const { progress, place } = this
    if (progress === null) return null
    this.progress = null
    const problems = [...(await this.output.close()), ...place.problems()]
    const directory = `${place.directory}/batches/${progress.batch.id}`
    const notes = [...this.results.notes(), ...problems]
    return progress.finish({ guest: place.guest, suite: place.suite, section: place.section, directory, notes }, exit)
  }

  async readResults(channel: ByteChannel): Promise<void> {
    const parser = new ResultFrameParser()
    for await (const chunk of channel) await this.takeFrames(parser.feed(chunk))
    await this.takeFrames(parser.end())
  }

  async readOutput(channel: ByteChannel): Promise<void> {
    const splitter = new OutputSplitter()
    const take = async (pieces: ReturnType<OutputSplitter['feed']>) => {
      for (const piece of pieces) {
        if (piece.kind === 'bytes') {
          this.progress?.handOn(piece.bytes)
          const text = await this.output.append(piece.bytes)
          for (const word of this.progress?.output(text) ?? []) this.place.push(word)
        } else if (piece.batch === this.progress?.batch.id) this.progress.endOutput()
      }
    }
    for await (const chunk of channel) await take(splitter.feed(chunk))
    await take(splitter.end())
  }

  private async takeFrames(frames: readonly ResultFrame[]): Promise<void> {
    for (const frame of frames) {
      if (frame.kind === 'mark') await this.mark(frame.text)
      else await this.results.accept(frame)
    }
  }

  /** Everything before the mark is on disk; only then the guest may go on. */
  private async mark(text: string): Promise<void> {
    const { progress, place } = this
    const at = place.clock.now()
    if (progress !== null && text.startsWith('start ')) {
      const name = text.slice('start '.length)
      if (progress.isWithdrawn(name)) return this.endEarly(progress, name, at)
      if (progress.believes(name)) await this.testStarts(progress, name, at)
      else this.results.note('test start not believed', printable(name))
    } else if (progress !== null && text.startsWith('end ')) {
      const status = Number(text.slice('end '.length))
      progress.exited(Number.isInteger(status) ? status : null)
      await this.results.settle()
      await this.waitForOutput(() => progress.outputComplete, 5 * place.timeoutFactor)
      if (!progress.outputComplete) progress.notes.push('the end of the output did not arrive')
      this.pushEnd(progress, at)
      const batch = await this.end(null)
      if (batch !== null) place.push({ kind: 'batch-end', batch })
    }
    await place.tell('ack\n')
  }

  /** The guest came to a test that another has by now. */
  private async endEarly(progress: BatchProgress, name: string, at: Date): Promise<void> {
    await this.waitForOutput(() => progress.settled, OUTPUT_LAG_SECONDS)
    this.pushEnd(progress, at)
    progress.endByUs(name)
    await this.place.tell('stop\n')
  }

  private async testStarts(progress: BatchProgress, name: string, at: Date): Promise<void> {
    await this.waitForOutput(() => progress.settled, OUTPUT_LAG_SECONDS)
    this.pushEnd(progress, at)
    progress.startTest(name, at)
    this.place.push({ kind: 'test-start', name })
  }

  private pushEnd(progress: BatchProgress, at: Date): void {
    const end = progress.endTest(at)
    if (end !== null) this.place.push(end)
  }

  private async waitForOutput(arrived: () => boolean, seconds: number): Promise<void> {
    const late = new AbortController()
    let expired = false
    const limit = this.place.clock.sleep(seconds, late.signal).then(() => {
      expired = true
    })
    while (!arrived() && !expired && this.progress !== null) await Promise.race([this.progress.nextOutput(), limit])
    late.abort()
  }
}

/**
 * A batch as the agent reads it.
 * @throws UserError for control characters in a value
 */
export function batchLines(batch: GuestBatch): string {
  if (batch.programs !== undefined) return `each ${batch.id}\n${programLines(batch.programs)}go\n`
  const variables = Object.entries(batch.environment).map(([name, value]) => {
    assertOneLine(name, value)
    return `e ${name}=${value}\n`
  })
  const words = batch.arguments.map((word) => {
    assertOneLine('an argument of the suite', word)
    return `a ${word}\n`
  })
  return `run ${batch.id}\n${variables.join('')}${words.join('')}go\n`
}
