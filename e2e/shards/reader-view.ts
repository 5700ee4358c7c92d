import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { elementsOf, parseXml } from '../../__tests__/report/xml-reader.js'
import type { RunRecord } from '../../src/domain/record.js'
import type { PageDetail } from '../../src/report/html/page-data.js'
import { pageData } from '../results/renderings.js'

/** What a run left for its readers. */
export interface Renderings {
  readonly record: RunRecord
  readonly junit: string
  readonly html: string
}

/** @param directory a run's own, or its artifact */
export function readRenderings(directory: string): Renderings {
  const text = (name: string) => readFileSync(join(directory, name), 'utf8')
  return { record: JSON.parse(text('run.json')) as RunRecord, junit: text('junit.xml'), html: text('report.html') }
}

/**
 * What verdict, JUnit file and page say of a run, without what differs from one run of the same to the next: times, guests, names of
 * directories, and past runs. A run that was shared out and one that was not are to have the same.
 */
export function readerView({ record, junit, html }: Renderings): object {
  const { kind, reason, counts } = record.conclusion
  return {
    conclusion: { kind, reason, counts },
    tests: record.tests.map(({ suite, section, name, status }) => `${suite} ${section} ${name} ${status}`),
    junit: junitView(junit),
    page: pageView(html),
  }
}

function junitView(text: string): object {
  const xml = parseXml(text)
  const numbers = ({ attributes }: ReturnType<typeof elementsOf>[number]) =>
    ['name', 'tests', 'failures', 'errors', 'skipped'].map((name) => `${name}=${attributes[name] ?? ''}`).join(' ')
  const cases = elementsOf(xml, 'testcase').map(({ attributes, children }) =>
    [attributes.classname, attributes.name, ...children.map(({ name }) => name).filter((name) => !name.startsWith('system-'))].join(' '),
  )
  return { all: numbers(xml), suites: elementsOf(xml, 'testsuite').map(numbers), cases }
}

function pageView(html: string): object {
  const { verdict, compared, sections, tests, tested, causes, problems, disagreements, reasons, outside, lost, vanished } = pageData({
    html,
  })
  const { name, section, place, status, note, change } = tests
  const plain = /<main class="plain">(.*?)<\/main>/s.exec(html)?.[1]
  return {
    ...{ plain, verdict, compared, sections, tested, causes, problems, disagreements, reasons, outside, lost, vanished },
    tests: { name, section, place, status, note, change },
    details: name.map((_name, index) => detailView(html, index)),
  }
}

function detailView(html: string, index: number): object {
  const json = new RegExp(`<script type="application/json" id="t${index}">(.*?)</script>`, 's').exec(html)?.[1]
  const { source, reproduce, reason, expected, attempts, base } = JSON.parse(json ?? '') as PageDetail
  const tries = attempts.map(({ status, message, exit, diff, reports }) => ({
    status,
    message,
    exit,
    diff,
    reports: reports.map(({ title }) => title),
  }))
  return { source, reproduce, reason, expected, base: base?.said ?? null, attempts: tries }
}
