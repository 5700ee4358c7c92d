import type { PageData } from '../page-data.js'

interface Props {
  readonly tests: readonly number[]
  readonly data: PageData
  readonly onOpen: (test: number) => void
}

const MOST = 50

/** Tests by name, each opened by a click. */
export function TestLinks({ tests, data, onOpen }: Props) {
  const left = tests.length - MOST
  return (
    <span class="links">
      {tests.slice(0, MOST).map((test) => (
        <button key={test} type="button" class="link" onClick={() => onOpen(test)}>
          {data.tests.name[test]}
          {data.sections.length > 1 && <small> on {data.sections[data.tests.section[test] ?? 0]?.name}</small>}
        </button>
      ))}
      {left > 0 && <span>and {left.toLocaleString('en')} more</span>}
    </span>
  )
}
