import type { PageData } from '../page-data.js'
import { VIEWS, type View } from './address.js'
import { Outside } from './blocks.js'
import { count, time } from './format.js'
import { ThemeButton } from './theme.js'

const TITLES: Readonly<Record<View, string>> = { tests: 'Tests', timeline: 'Timeline', run: 'Run' }
/** Facts of what was tested that stand above everything; the others are in the view of the run. */
const HEAD_FACTS: readonly string[] = ['pull request', 'series', 'commit', 'branch', 'kernel', 'compared with']
const MARKS = { good: '✓', bad: '✕', unsure: '!' } as const

interface Props {
  readonly data: PageData
  readonly view: View
  readonly onView: (view: View) => void
}

/** Verdict, what was tested, and the views. */
export function Header({ data, view, onView }: Props) {
  const { verdict, run, tests } = data
  const facts = data.tested.filter(({ name }) => HEAD_FACTS.includes(name))
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
        <span>{count(tests.name.length, 'test')}</span>
        {run.seconds !== null && <span>{time(run.seconds * 1000)}</span>}
        <span>{run.accelerator}</span>
        <span>{run.startedAt.slice(0, 16).replace('T', ' ')} UTC</span>
      </p>
      {facts.length > 0 && (
        <dl class="tested">
          {facts.map(({ name, value, link }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd title={value}>{link === null ? value : <Outside href={link}>{value}</Outside>}</dd>
            </div>
          ))}
        </dl>
      )}
      <nav class="bar">
        <div role="tablist" aria-label="Views">
          {VIEWS.map((name) => (
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
              {TITLES[name]}
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
  const at = VIEWS.indexOf(view)
  const next = VIEWS[(at + step + VIEWS.length) % VIEWS.length] ?? 'tests'
  onView(next)
  requestAnimationFrame(() => document.getElementById(`tab-${next}`)?.focus())
}
