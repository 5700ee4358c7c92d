import { useState } from 'preact/hooks'
import type { PageReport } from '../page-data.js'

/** A command on one line, with a button that copies it. */
export function CopyLine({ label, text }: { label: string; text: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
      setTimeout(() => setCopied(false), 1500)
    } catch {
      // No clipboard here: the text can be selected.
    }
  }
  return (
    <div class="copy">
      <span class="label">{label}</span>
      <code>{text}</code>
      <button type="button" onClick={() => void copy()}>
        {copied ? 'copied' : 'copy'}
      </button>
    </div>
  )
}

const lineClass = (line: string): string => {
  const mark = line.trimStart()[0]
  if (/^\s*(\+\+\+|---) /.test(line)) return 'file'
  if (mark === '+') return 'plus'
  if (mark === '-') return 'minus'
  return mark === '@' ? 'hunk' : ''
}

/** A difference in colours; the signs stay, for those who do not see them. */
export function Difference({ text }: { text: string }) {
  return (
    <>
      <h4>Difference from the golden output</h4>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and not every browser lets keys reach that otherwise */}
      <pre class="diff" tabIndex={0}>
        {text
          .replace(/\n$/, '')
          .split('\n')
          .map((line, index) => (
            <span key={index} class={lineClass(line)}>
              {line}
              {'\n'}
            </span>
          ))}
      </pre>
    </>
  )
}

/** A kernel report: decoded frames first, the kernel's own lines below. */
export function KernelLog({ report }: { report: PageReport }) {
  return (
    <div class="report">
      <h4>
        {report.title}
        {report.fatal && <em> fatal</em>}
        {report.provoked && <em> provoked by the test</em>}
      </h4>
      {report.frames.length > 0 && (
        <table class="frames">
          <tbody>
            {report.frames.map(([name, where], index) => (
              <tr key={index}>
                <td>{name}</td>
                <td>{where}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {report.log !== '' && (
        <details open={report.frames.length === 0}>
          <summary>
            Kernel log, console lines {report.firstLine} to {report.lastLine}
          </summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
          <pre tabIndex={0}>{report.log}</pre>
        </details>
      )}
    </div>
  )
}
