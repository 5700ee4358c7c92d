const WORDS: Readonly<Record<string, string>> = { p: 'passed', f: 'failed', c: 'crashed', t: 'timed out', l: 'flaky', n: 'not run' }
const SIGNS: Readonly<Record<string, string>> = { p: '✓', f: '✕', c: '✕', t: '✕', l: '≈', n: '–' }

/** Earlier verdicts of a test in its row, oldest first. */
export function PastMarks({ letters }: { letters: string }) {
  if (letters === '') return <span class="past" />
  const words = [...letters].map((letter) => WORDS[letter] ?? '').join(', ')
  return (
    <span class="past" role="img" aria-label={`before: ${words}`} title={`before, oldest first: ${words}`}>
      {[...letters].map((letter, index) => (
        <i key={index} class={letter}>
          {SIGNS[letter]}
        </i>
      ))}
    </span>
  )
}
