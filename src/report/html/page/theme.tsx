import { useLayoutEffect, useState } from 'preact/hooks'

const NEXT = { system: 'light', light: 'dark', dark: 'system' } as const
const NAMES = { system: 'as the system', light: 'light', dark: 'dark' } as const

/** Chooses the colours. The style sheet and the timeline follow `data-theme`, which is `light` or `dark` always. */
export function ThemeButton() {
  const [theme, setTheme] = useState<keyof typeof NEXT>('system')
  useLayoutEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)')
    const apply = () => {
      document.documentElement.dataset.theme = theme === 'system' ? (query.matches ? 'dark' : 'light') : theme
    }
    apply()
    query.addEventListener('change', apply)
    return () => query.removeEventListener('change', apply)
  }, [theme])
  return (
    <button type="button" class="theme" onClick={() => setTheme(NEXT[theme])} title="Change colours">
      <span aria-hidden="true">◐</span> {NAMES[theme]}
    </button>
  )
}
