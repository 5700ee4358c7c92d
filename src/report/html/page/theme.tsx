import { useLayoutEffect, useState } from 'preact/hooks'

const NEXT = { system: 'light', light: 'dark', dark: 'system' } as const
const NAMES = { system: 'auto', light: 'light', dark: 'dark' } as const
const MEANINGS = { system: 'Colours as the system has them', light: 'Light colours', dark: 'Dark colours' } as const

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
    <button
      type="button"
      class="theme"
      onClick={() => setTheme(NEXT[theme])}
      title={`${MEANINGS[theme]}; change`}
      aria-label={`${MEANINGS[theme]}; change`}
    >
      <span aria-hidden="true">◐</span> {NAMES[theme]}
    </button>
  )
}
