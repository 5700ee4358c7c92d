/** Shells there is a completion for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** The hidden command the shells ask. */
export const COMPLETE_COMMAND = '__complete'

/** Between the words of the line, which are one argument, so that none of them is taken for an option. */
export const WORD_SEPARATOR = '\u001f'

/** The shells know nothing of the program: they hand the line over and get a word, a tab and its description a line. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# vmtest completion for bash: eval "$(vmtest completion bash)"
_vmtest() {
  local IFS=$'\\x1f' line head= at=$COMP_CWORD
  line="\${COMP_WORDS[*]:0:COMP_CWORD+1}"
  # bash cuts words at colons too, and keeps what stands before the last one.
  [[ \${COMP_WORDS[at]} == : ]] || ((at--))
  if [[ \${COMP_WORDS[at]} == : ]]; then
    while ((at > 0)) && [[ \${COMP_WORDS[at]} == : || \${COMP_WORDS[at + 1]} == : ]]; do head=\${COMP_WORDS[at--]}$head; done
  fi
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    # bash replaces only what follows the last = of the line.
    [[ $word == --*=* ]] && word=\${word#*=}
    COMPREPLY+=("\${word#"$head"}")
  done < <("\${COMP_WORDS[0]/#\\~/$HOME}" ${COMPLETE_COMMAND} "$line" 2>/dev/null)
}
complete -o default -F _vmtest vmtest
`,
  zsh: `#compdef vmtest
# vmtest completion for zsh: eval "$(vmtest completion zsh)", after compinit
_vmtest() {
  local -a values displays
  local word description
  while IFS=$'\\t' read -r word description; do
    values+=("$word")
    displays+=("$word\${description:+  -- $description}")
  done < <(\${(e)~words[1]} ${COMPLETE_COMMAND} "\${(pj:\\x1f:)words[1,CURRENT]}" 2>/dev/null)
  if (( \${#values} )); then compadd -l -d displays -a values; else _files; fi
}
if [[ \${funcstack[1]} == _vmtest ]]; then _vmtest "$@"; else compdef _vmtest vmtest; fi
`,
  fish: `# vmtest completion for fish: vmtest completion fish | source
function __vmtest_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] ${COMPLETE_COMMAND} (string join \\x1f -- $words) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c vmtest -f -a '(__vmtest_complete)'
`,
}

/** The script that makes a shell complete `vmtest`. */
export const completionScript = (shell: Shell): string => SCRIPTS[shell]
