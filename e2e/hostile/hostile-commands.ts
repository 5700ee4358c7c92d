/** What every workflow command of the guest carries: whoever obeys one shows it. */
export const OWNED = 'owned-by-the-guest'

/** Commands as the runner and act read them, new form and old; `text` before the old form is no obstacle to the runner. */
const COMMANDS = [
  `::set-output name=conclusion::${OWNED}`,
  `::set-output name=artifact-id::${OWNED}`,
  `::save-state name=receipt::${OWNED}`,
  `::set-env name=PATH::${OWNED}`,
  `::add-mask::${OWNED}`,
  `::add-matcher::${OWNED}`,
  `::error file=README.md,line=1::${OWNED}`,
  `::ERROR::${OWNED}`,
  `::warning::${OWNED}`,
  `::notice title=x%0A::${OWNED}%0A::set-output name=conclusion::${OWNED}`,
  `::debug::${OWNED}`,
  `::echo::on`,
  `::group::${OWNED}`,
  `::endgroup::${OWNED}`,
  `::stop-commands::${OWNED}`,
  `::${OWNED}::`,
  `::pause-logging::${OWNED}`,
  `##[error]${OWNED}`,
  `##[add-mask]${OWNED}`,
  `##[group]${OWNED}`,
  `##[stop-commands]${OWNED}`,
  `##vso[task.setvariable variable=conclusion]${OWNED}`,
  `text before ##[set-output name=conclusion;]${OWNED}`,
  `  ::add-path::${OWNED}`,
]

/** As sed writes them; what a reader of lines might take for the end of one, or for nothing at all. */
const DISGUISES = {
  'a carriage return': 'harmless\\r',
  'a backspace': 'x\\x08',
  'ANSI and OSC': '\\x1b[2K\\x1b[1A\\x1b]0;title\\x07\\x1b]8;;http://example.org/\\x1b\\\\',
  'an unterminated OSC': '\\x1b]0;',
  NUL: '\\x00',
  'bidi marks': '\\xe2\\x80\\xae\\xe2\\x81\\xa6',
  'a zero-width space and a byte order mark': '\\xe2\\x80\\x8b\\xef\\xbb\\xbf',
  'a no-break space': '\\xc2\\xa0',
  'bytes that are no UTF-8': '\\xff\\xfe\\xc0\\xaf',
  'next line as Latin-1': '\\x85',
  'next line as UTF-8': '\\xc2\\x85',
  'a vertical tab and a form feed': '\\x0b\\x0c',
  'a line separator': '\\xe2\\x80\\xa8',
} as const

/** Markup for each place a text of the guest ends in: HTML, XML, Markdown, a terminal, a mail client's autolinks. */
const MARKUP = [
  '<script>alert(1)</script> ]]> &lt; &#x3c;script&#x3e; | `x` ``` </details> </pre></code></td></table>',
  '<img src=x onerror=alert(1)> [x](javascript:alert(1)) ![x](http://example.org/x) <!-- --> <?xml version="1.0"?> <!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>&x;',
  '@someone #1 https://example.org/ ~~~ > quote | table | here |',
  // Cyrillic letters in the place of Latin ones, full-width colons, a combining flood.
  'generic/004 раssеd ：：set-output name=conclusion：：x z\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a',
]

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** Shell functions: `commands` prints them plain, `hostile` in every disguise, with markup. */
export const PRINT_HOSTILE = `
commands() { printf '%s\\n' ${COMMANDS.map(quoted).join(' ')}; }
hostile() {
  commands
${Object.values(DISGUISES)
  .map((disguise) => `  commands | sed 's|^|${disguise}|'`)
  .join('\n')}
  printf '%s\\n' ${MARKUP.map(quoted).join(' ')}
}
`
