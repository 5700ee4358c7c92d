import { elementsOf, parseXml } from '../../__tests__/report/xml-reader.js'
import type { PageData, PageDetail } from '../../src/report/html/page-data.js'
import type { Step } from './step.js'

/** The page's data, as its script reads it. */
export function pageData({ html }: Pick<Step, 'html'>): PageData {
  const json = /<script type="application\/json" id="run">(.*?)<\/script>/s.exec(html)?.[1]
  return JSON.parse(json ?? '') as PageData
}

/** What the page shows of a test when it is opened. */
export function pageDetail(step: Pick<Step, 'html'>, test: string): PageDetail {
  const index = pageData(step).tests.name.indexOf(test)
  const json = new RegExp(`<script type="application/json" id="t${index}">(.*?)</script>`, 's').exec(step.html)?.[1]
  return JSON.parse(json ?? '') as PageDetail
}

/** Place and change of every test, as the page has them. */
export function pagePlaces(step: Step): Record<string, string> {
  const { tests } = pageData(step)
  return Object.fromEntries(tests.name.map((name, index) => [name, `${tests.place[index]} ${tests.change[index]}`.trim()]))
}

/** The first element that says something of each test; '' for a plain pass. */
export function junitWords({ junit }: Step): Record<string, string> {
  const cases = elementsOf(parseXml(junit), 'testcase')
  return Object.fromEntries(
    cases.map(({ attributes, children }) => [attributes.name, [children[0]?.name, children[0]?.attributes.type].filter(Boolean).join(' ')]),
  )
}

/** What the summary lists below a heading or a fold, up to the next. */
export function summaryPart({ summary }: Step, title: string): readonly string[] {
  const [, part = ''] = summary.split(title)
  const [own = ''] = part.split(/\n(?:### |<details>)/)
  return [...new Set([...own.matchAll(/selftest\/\d+/g)].map(([name]) => name))]
}
