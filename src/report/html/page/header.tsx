import type { PageData } from '../page-data.js'
import { time } from './format.js'
import { ThemeButton } from './theme.js'

export type View = 'tests' | 'timeline' | 'run'
const VIEWS: readonly (readonly [View, string])[] = [
  ['tests', 'Tests'],
  ['timeline', 'Timeline'],
  ['run', 'Run'],
]
const MARKS = { good: '✓', bad: '✕', unsure: '!' } as const

interface Props {
  readonly data: PageData
  readonly view: View
  readonly onView: (view: View) => void
}

/** Verdict, what was tested, and the views. */
export function Header({ data, view, onView }: Props) {
  const { verdict, run, tests } = data
  const kernel = data.sections.find((section) => section.kernel !== '')?.kernel
  return (
    <header class={`head ${verdict.tone}`}>
      <div class="verdict">
        <span class="mark" aria-hidden="true">
          {MARKS[verdict.tone]}
        </span>
        <div>
          <h1>{verdict.title}</h1>
          <p>{verdict.reason}</p>
        </div>
      </div>
      <p class="what">
        {kernel !== undefined && <span>Linux {kernel}</span>}
        <span>{tests.name.length.toLocaleString('en')} tests</span>
        {run.seconds !== null && <span>{time(run.seconds * 1000)}</span>}
        <span>{run.accelerator}</span>
        <span>{run.startedAt.slice(0, 16).replace('T', ' ')} UTC</span>
      </p>
      <nav class="bar">
        <div role="tablist" aria-label="Views">
          {VIEWS.map(([name, title]) => (
            <button
              key={name}
              type="button"
              role="tab"
              id={`tab-${name}`}
              aria-selected={view === name}
              aria-controls={view === name ? `panel-${name}` : undefined}
              tabIndex={view === name ? 0 : -1}
              onClick={() => onView(name)}
              onKeyDown={(event) => moveTab(event, view, onView)}
            >
              {title}
            </button>
          ))}
        </div>
        <ThemeButton />
      </nav>
    </header>
  )
}

function moveTab(event: KeyboardEvent, view: View, onView: (view: View) => void): void {
  const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
  if (step === 0) return
  event.preventDefault()
  const at = VIEWS.findIndex(([name]) => name === view)
  const next = VIEWS[(at + step + VIEWS.length) % VIEWS.length]?.[0] ?? 'tests'
  onView(next)
  requestAnimationFrame(() => document.getElementById(`tab-${next}`)?.focus())
}
