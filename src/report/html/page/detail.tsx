import type { RefObject } from 'preact'
import { useMemo } from 'preact/hooks'
import type { TestStatus } from '../../../domain/test.js'
import { relativeLink } from '../../relative-link.js'
import { STATUS_WORDS } from '../../words.js'
import type { PageAttempt, PageData, PageDetail } from '../page-data.js'
import { CopyLine, Difference, KernelLog, TestLog } from './blocks.js'
import { outcome, SIGNS, time } from './format.js'
import { HistoryChart } from './history-chart.js'
import { readDetail } from './model.js'
import { TestLinks } from './test-links.js'

interface Props {
  readonly data: PageData
  readonly chosen: number | null
  readonly heading: RefObject<HTMLHeadingElement | null>
  readonly onClose: () => void
  readonly onOpen: (test: number) => void
  /** Other tests that fail alike. */
  readonly alike: readonly number[]
}

/** Everything about one test. */
export function DetailPane({ data, chosen, heading, onClose, onOpen, alike }: Props) {
  const detail = useMemo(() => (chosen === null ? null : readDetail(document, chosen)), [chosen])
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onClose()
  }
  if (chosen === null) {
    return (
      <section class="detail empty" aria-label="Test">
        <p>Choose a test to see its difference, kernel log and logs.</p>
      </section>
    )
  }
  const { tests } = data
  const place = tests.place[chosen] ?? 'pass'
  return (
    <section class={`detail ${place}`} aria-label="Test" onKeyDown={onKeyDown}>
      <button type="button" class="back" onClick={onClose}>
        ← all tests
      </button>
      <h2 ref={heading} tabIndex={-1}>
        {tests.name[chosen]} <small>on {data.sections[tests.section[chosen] ?? 0]?.name}</small>
      </h2>
      <p class="facts">
        <span class="badge">
          <span aria-hidden="true">{SIGNS[place]}</span> {outcome(place, tests.status[chosen] ?? 'pass', data.compared)}
        </span>
        {tests.change[chosen] !== '' && <span>{tests.change[chosen]}</span>}
        {tests.ms[chosen] !== null && <span>{time(tests.ms[chosen] ?? null)}</span>}
        {tests.usualMs[chosen] !== null && <span>usually {time(tests.usualMs[chosen] ?? null)}</span>}
        {detail?.source && <code title="Where the test is, in the suite’s sources">{detail.source}</code>}
      </p>
      {tests.note[chosen] !== '' && <p class="headline">{tests.note[chosen]}</p>}
      {alike.length > 0 && (
        <p class="alike">
          Fails alike: <TestLinks tests={alike} data={data} onOpen={onOpen} />
        </p>
      )}
      {detail === null ? (
        <p>Its details were left out to keep this page small: run.json and junit.xml beside it have them.</p>
      ) : (
        <Details data={data} chosen={chosen} detail={detail} />
      )}
    </section>
  )
}

function Details({ data, chosen, detail }: { data: PageData; chosen: number; detail: PageDetail }) {
  const { tests } = data
  const status: TestStatus = tests.status[chosen] ?? 'pass'
  const note = tests.note[chosen] ?? ''
  return (
    <>
      {detail.expected !== null && (
        <p class="expected">
          Expected to fail: {detail.expected.reason}{' '}
          {detail.expected.link !== null && (
            <a href={detail.expected.link} rel="noreferrer">
              {detail.expected.link}
            </a>
          )}
        </p>
      )}
      {status !== 'expunged' && <CopyLine label="Run it again" text={detail.reproduce} />}
      {detail.attempts.map((attempt, index) => (
        <Attempt
          key={index}
          attempt={attempt}
          note={note}
          title={detail.attempts.length > 1 ? `Attempt ${index + 1}: ${STATUS_WORDS[attempt.status]}` : null}
        />
      ))}
      {detail.base !== null && (
        <>
          <h3>On the base</h3>
          <p class="message">It {detail.base.said}.</p>
          {detail.base.attempts.map((attempt, index) => (
            <Attempt key={index} attempt={attempt} note={note} title={`On the base: ${STATUS_WORDS[attempt.status]}`} />
          ))}
        </>
      )}
      {detail.history.length > 0 && (
        <HistoryChart
          data={data}
          history={detail.history}
          past={detail.past}
          now={{ status: tests.place[chosen] === 'flaky' ? 'flaky' : status, ms: tests.ms[chosen] ?? null }}
        />
      )}
    </>
  )
}

/** True where the headline says it already: or, of a mismatch, the difference below does. */
function repeats({ message, diff }: PageAttempt, note: string): boolean {
  const words = (message ?? '').replace(/^- /, '').trim()
  return note.startsWith(words) || (diff !== null && /^output mismatch\b/.test(words))
}

function Attempt({ attempt, note, title }: { attempt: PageAttempt; note: string; title: string | null }) {
  return (
    <div class="attempt">
      {title !== null && (
        <h3>
          {title} <small>{time(attempt.seconds === null ? null : attempt.seconds * 1000)}</small>
        </h3>
      )}
      {attempt.message !== null && !repeats(attempt, note) && <p class="message">{attempt.message}</p>}
      {attempt.exit !== null && !note.startsWith(attempt.exit) && (
        <p class="exit">
          VM {attempt.guest}: {attempt.exit}
        </p>
      )}
      {attempt.reports.map((report) => (
        <KernelLog key={report.firstLine} report={report} headline={note} />
      ))}
      {attempt.explanation !== null && (
        <>
          <h4>From the guest’s memory</h4>
          <pre>{attempt.explanation}</pre>
        </>
      )}
      {attempt.diff !== null && <Difference text={attempt.diff} />}
      {attempt.kernelLog !== null && (
        <TestLog log={attempt.kernelLog} open={attempt.diff === null && attempt.reports.every(({ log }) => log === '')} />
      )}
      {attempt.logs.length > 0 && (
        <>
          <h4>Logs</h4>
          <ul class="logs">
            {attempt.logs.map(([kind, path]) => {
              const link = relativeLink(path)
              return (
                <li key={kind}>
                  {link === null ? <code>{path}</code> : <a href={link}>{path}</a>} <small>{kind}</small>
                </li>
              )
            })}
          </ul>
        </>
      )}
    </div>
  )
}
