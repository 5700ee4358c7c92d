import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { PageReport } from '../page-data.js'

/** A link that leaves the page: only addresses that were checked to be of the web come here. */
export function Outside({ href, children }: { href: string; children: ComponentChildren }) {
  return (
    <a href={href} rel="noreferrer">
      {children}
    </a>
  )
}

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

/** A kernel report: decoded frames first, the kernel's own lines below. @param headline what stands above already: a title is not said again */
export function KernelLog({ report, headline = '' }: { report: PageReport; headline?: string }) {
  return (
    <div class="report">
      <h4>
        {headline.startsWith(report.title) ? 'Where in the kernel' : report.title}
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

/** What the kernel logged while a test ran. */
export function TestLog({ log, open }: { log: { readonly firstLine: number; readonly text: string }; open: boolean }) {
  return (
    <details class="testlog" open={open}>
      <summary>Kernel log while it ran, from line {log.firstLine} of the console</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <pre tabIndex={0}>{log.text}</pre>
    </details>
  )
}
