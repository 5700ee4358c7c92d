import type { ComponentChildren } from 'preact'
import { PLACES } from '../../bucket.js'
import { relativeLink } from '../../relative-link.js'
import type { PageData } from '../page-data.js'
import { KernelLog, Outside } from './blocks.js'
import { placeName, size, time } from './format.js'
import { TestLinks } from './test-links.js'

interface Props {
  readonly data: PageData
  readonly onReason: (reason: string) => void
  readonly onOpen: (test: number) => void
}

/** What is true of the run as a whole. */
export function RunView({ data, onReason, onOpen }: Props) {
  return (
    <div class="run" id="panel-run" role="tabpanel" aria-labelledby="tab-run">
      <Block title="Lost tests" show={data.lost.length > 0}>
        <Table
          head={['tests', 'reason', 'names']}
          rows={data.lost.map((each) => [String(each.tests.length), each.reason, each.tests.join(', ')])}
        />
      </Block>
      <Block title="What was tested" show={data.tested.length > 0}>
        <Table
          head={['what', 'value']}
          rows={data.tested.map(({ name, value, link }) => [
            name,
            link === null ? (
              value
            ) : (
              <Outside key="link" href={link}>
                {value}
              </Outside>
            ),
          ])}
        />
      </Block>
      <Block title="Failures with one cause" show={data.causes.length > 0}>
        <Table
          head={['tests', 'cause', 'names']}
          rows={data.causes.map(({ title, tests }) => [
            String(tests.length),
            title,
            <TestLinks key="tests" tests={tests} data={data} onOpen={onOpen} />,
          ])}
        />
      </Block>
      <Coverage data={data} />
      <Block title="Problems" show={data.problems.length > 0}>
        <ul>
          {data.problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      </Block>
      <Block title="Kernel reports outside any test" show={data.outside.length > 0}>
        {data.outside.map((report) => (
          <KernelLog key={report.firstLine} report={report} />
        ))}
      </Block>
      <Sections data={data} />
      <Block title="Sources that disagree" show={data.disagreements.length > 0}>
        <Table
          head={['test', 'section', 'what each says', 'what is taken']}
          rows={data.disagreements.map((each) => [each.test, each.section, each.said, each.taken])}
        />
      </Block>
      <Block title="Vanished since the baseline" show={data.vanished.length > 0}>
        <Table head={['test', 'section']} rows={data.vanished.map((each) => [each.name, each.section])} />
      </Block>
      <Reasons data={data} onReason={onReason} />
      <Block title="VMs" show={data.guests.length > 0}>
        <Table
          head={['VM', 'up for', 'to ready', 'ended', 'console']}
          rows={data.guests.map((guest) => [
            String(guest.id),
            time(guest.endMs - guest.startMs),
            guest.readyMs === null ? 'never' : time(guest.readyMs - guest.startMs),
            guest.exit,
            <PathLink key="path" path={guest.console} />,
          ])}
        />
      </Block>
      <Block title="Caches" show={data.cache.length > 0}>
        <Table
          head={['layer', 'outcome', 'size', 'restore', 'save', 'spared', 'detail']}
          rows={data.cache.map((entry) => [
            entry.layer,
            entry.outcome,
            size(entry.bytes),
            seconds(entry.restoreSeconds),
            seconds(entry.saveSeconds),
            seconds(entry.savedSeconds),
            entry.detail,
          ])}
        />
      </Block>
      <Block title="Where it ran" show={true}>
        <Table head={['what', 'value']} rows={data.facts.map(([name, value]) => [name, value])} />
      </Block>
    </div>
  )
}

const seconds = (value: number | null): string => time(value === null ? null : value * 1000)

function PathLink({ path }: { path: string }) {
  const link = relativeLink(path)
  return link === null ? <code>{path}</code> : <a href={link}>{path}</a>
}

function Block({ title, show, children }: { title: string; show: boolean; children: ComponentChildren }) {
  if (!show) return null
  return (
    <section>
      <h2>{title}</h2>
      {children}
    </section>
  )
}

function Table({ head, rows }: { head: readonly string[]; rows: readonly (readonly ComponentChildren[])[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            {head.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Sections({ data }: { data: PageData }) {
  const places = PLACES.filter((place) => data.tests.place.includes(place))
  const counts = data.sections.map(() => new Map<string, number>())
  data.tests.place.forEach((place, index) => {
    const own = counts[data.tests.section[index] ?? 0]
    own?.set(place, (own.get(place) ?? 0) + 1)
  })
  return (
    <Block title="Sections" show={data.sections.length > 0}>
      <Table
        head={['section', 'file system', 'options', 'kernel', ...places.map((place) => placeName(place, data.compared))]}
        rows={data.sections.map((section, index) => [
          section.name,
          section.kind,
          section.options,
          section.couldNotTest ?? section.kernel,
          ...places.map((place) => String(counts[index]?.get(place) ?? 0)),
        ])}
      />
    </Block>
  )
}

function Reasons({ data, onReason }: Omit<Props, 'onOpen'>) {
  const compared = data.reasons.some((each) => each.before !== null)
  return (
    <Block title="Why tests did not run" show={data.reasons.length > 0}>
      <Table
        head={['reason', 'tests', ...(compared ? ['change'] : [])]}
        rows={data.reasons.map((each) => [
          <button key="show" type="button" class="link" onClick={() => onReason(each.reason.replace(/^expunged: /, ''))}>
            {each.reason}
          </button>,
          String(each.now),
          ...(compared ? [signed(each.now - (each.before ?? 0))] : []),
        ])}
      />
    </Block>
  )
}

const signed = (change: number): string => (change > 0 ? `+${change}` : change < 0 ? `\u2212${-change}` : '0')

function Coverage({ data: { coverage } }: { data: PageData }) {
  if (coverage === null) return null
  return (
    <Block title="Coverage of the change" show={true}>
      <p>{coverage.head}</p>
      {coverage.unreached.length > 0 && <p>No test reaches {coverage.unreached.join(', ')}.</p>}
      {coverage.rows.length > 0 && (
        <Table
          head={['line', 'ran', 'source', 'what']}
          rows={coverage.rows.map(({ place, ran, text, what }) => [
            <code key="place">{place}</code>,
            ran,
            <code key="text">{text}</code>,
            what,
          ])}
        />
      )}
    </Block>
  )
}
