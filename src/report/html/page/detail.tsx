import type { RefObject } from 'preact'
import { useMemo } from 'preact/hooks'
import type { PageAttempt, PageData, PageDetail } from '../page-data.js'
import { CopyLine, Difference, KernelLog } from './blocks.js'
import { placeName, relativeLink, SIGNS, time } from './format.js'
import { HistoryChart } from './history-chart.js'
import { readDetail } from './model.js'

interface Props {
  readonly data: PageData
  readonly chosen: number | null
  readonly heading: RefObject<HTMLHeadingElement | null>
  readonly onClose: () => void
}

/** Everything about one test. */
export function DetailPane({ data, chosen, heading, onClose }: Props) {
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
          <span aria-hidden="true">{SIGNS[place]}</span> {placeName(place, data.compared)}
        </span>
        <span>{tests.status[chosen]}</span>
        {tests.change[chosen] !== '' && <span>{tests.change[chosen]}</span>}
        {tests.ms[chosen] !== null && <span>{time(tests.ms[chosen] ?? null)}</span>}
        {tests.usualMs[chosen] !== null && <span>usually {time(tests.usualMs[chosen] ?? null)}</span>}
        {detail?.source && <code>{detail.source}</code>}
      </p>
      {tests.note[chosen] !== '' && <p class="headline">{tests.note[chosen]}</p>}
      {detail === null ? (
        <p>Its details were left out to keep this page small: run.json and junit.xml beside it have them.</p>
      ) : (
        <Details detail={detail} status={tests.status[chosen] ?? ''} note={tests.note[chosen] ?? ''} />
      )}
    </section>
  )
}

function Details({ detail, status, note }: { detail: PageDetail; status: string; note: string }) {
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
          title={detail.attempts.length > 1 ? `Attempt ${index + 1}: ${attempt.status}` : null}
        />
      ))}
      {detail.base !== null && (
        <>
          <h3>On the base</h3>
          <p class="message">It {detail.base.said}.</p>
          {detail.base.attempts.map((attempt, index) => (
            <Attempt key={index} attempt={attempt} note={note} title={`On the base: ${attempt.status}`} />
          ))}
        </>
      )}
      {detail.history.length > 0 && <HistoryChart history={detail.history} nowMs={detail.attempts[0]?.seconds ?? null} />}
    </>
  )
}

function Attempt({ attempt, note, title }: { attempt: PageAttempt; note: string; title: string | null }) {
  return (
    <div class="attempt">
      {title !== null && (
        <h3>
          {title} <small>{time(attempt.seconds === null ? null : attempt.seconds * 1000)}</small>
        </h3>
      )}
      {attempt.message !== null && !note.startsWith(attempt.message.replace(/^- /, '').trim()) && <p class="message">{attempt.message}</p>}
      {attempt.exit !== null && (
        <p class="exit">
          VM {attempt.guest}: {attempt.exit}
        </p>
      )}
      {attempt.reports.map((report) => (
        <KernelLog key={report.firstLine} report={report} />
      ))}
      {attempt.explanation !== null && (
        <>
          <h4>From the guest’s memory</h4>
          <pre>{attempt.explanation}</pre>
        </>
      )}
      {attempt.diff !== null && <Difference text={attempt.diff} />}
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
