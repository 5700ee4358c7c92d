import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Browser, chromium, type Page } from 'playwright-core'
import { someRuns } from '../../bench/report-history.js'
import { aRun } from '../../bench/report-record.js'
import type { RunRecord } from '../../src/domain/record.js'
import type { Comparison } from '../../src/domain/stages.js'
import { prepare, type ReportContext } from '../../src/report/context.js'
import { htmlPage } from '../../src/report/html/index.js'
import { indexPage, summarizeRun, TestTable } from '../../src/report/index.js'
import { addToHistory, comparisonOf, emptyHistory, pastVerdicts } from '../../src/results/index.js'
import { hostileRecord } from './hostile.js'
import { severalSuites } from './several-suites.js'
import { aStory } from './story.js'

const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The contrast (WCAG 2, relative luminance) of each visible text with the colour behind it. */
const CONTRASTS = `(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0)
  const behind = (element) => {
    for (let each = element; each !== null; each = each.parentElement) {
      const colour = parts(getComputedStyle(each).backgroundColor)
      if (colour.length < 4 || colour[3] > 0) return colour
    }
    return [255, 255, 255]
  }
  return [...document.querySelectorAll('body *')].flatMap((element) => {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('')
    if (text === '' || element.closest('script, style, canvas, svg, .unseen') !== null || element.getClientRects().length === 0) return []
    const [light, dark] = [luminance(parts(getComputedStyle(element).color)), luminance(behind(element))].sort((a, b) => b - a)
    return [{ text: text.slice(0, 40), ratio: Math.round(((light + 0.05) / (dark + 0.05)) * 10) / 10 }]
  })
})()`

/** Where the index has, of each chart, its newest run and its first words, and its tables: left and right edge on the screen. */
const PLACES = `Object.fromEntries(Object.entries({
  column: '#time svg a:last-of-type', cell: '#sections tr td:last-child', section: '#sections tr th', broke: '#broke table', runs: '#runs table',
}).map(([name, selector]) => {
  const { left, right } = document.querySelector(selector).getBoundingClientRect()
  return [name, [left, right]]
}))`

const isThere = existsSync(CHROMIUM)
if (!isThere) console.warn(`skipped: ${CHROMIUM} is not on this machine`)
const withBrowser = isThere ? describe : describe.skip

withBrowser('the page in a browser', () => {
  const directory = mkdtempSync(join(tmpdir(), 'vmtest-page-'))
  let browser: Browser

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, chromiumSandbox: false })
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    rmSync(directory, { recursive: true })
  })

  /** Opens a report as a double click does; anything it asks of a network, or complains about, is kept. */
  async function open(
    record: RunRecord,
    comparison: Comparison | null,
    width = 1280,
    context: ReportContext = {},
  ): Promise<{ page: Page; wrongs: string[] }> {
    const path = join(directory, `report-${Math.round(width)}.html`)
    writeFileSync(path, [...htmlPage(prepare(record, comparison, context))].join(''))
    const page = await browser.newPage({ viewport: { width, height: 800 } })
    const wrongs: string[] = []
    page.on('pageerror', (error) => wrongs.push(error.message))
    page.on('console', (message) => wrongs.push(message.text()))
    page.on('dialog', (dialog) => wrongs.push(`dialog ${dialog.message()}`))
    page.on('request', (request) => {
      if (request.url() !== `file://${path}`) wrongs.push(`request ${request.url()}`)
    })
    await page.goto(`file://${path}`)
    await page.waitForSelector('#list')
    return { page, wrongs }
  }

  /** Waits for an expression of the page to be true. Playwright's own wait evaluates strings in the page, which its policy forbids. */
  async function until(page: Page, expression: string): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      if (await page.evaluate<boolean>(expression)) return
      await page.waitForTimeout(25)
    }
    throw new Error(`never true: ${expression}`)
  }

  const { record, comparison } = aStory()
  const names = (page: Page) => page.locator('[role=option] .name').allTextContents()
  const focused = (page: Page) => page.evaluate<string>(`document.activeElement?.id || document.activeElement?.tagName`)

  test('the keyboard alone reads a failure, comes back and filters', async () => {
    const { page, wrongs } = await open(record, comparison)
    expect(await page.locator('h1').textContent()).toBe('3 new failures')
    expect((await names(page)).slice(0, 3)).toEqual(['generic/013', 'generic/475', 'generic/003'])
    await page.locator('#list').focus()
    await page.keyboard.press('ArrowDown')
    expect(await page.locator('[role=option][aria-selected=true] .name').textContent()).toBe('generic/475')
    await page.keyboard.press('Enter')
    await until(page, `document.activeElement?.tagName === 'H2'`)
    expect(await page.locator('.detail h2').textContent()).toContain('generic/475')
    expect(await page.locator('.frames td').first().textContent()).toBe('xfs_iget_cache_hit (inlined)')
    await page.keyboard.press('Escape')
    await until(page, `document.activeElement?.id === 'list'`)
    await page.keyboard.press('/')
    await until(page, `document.activeElement?.tagName === 'INPUT'`)
    await page.keyboard.type('fsstress')
    await until(page, `document.querySelectorAll('[role=option]').length === 1`)
    expect(await names(page)).toEqual(['generic/070'])
    expect(wrongs).toEqual([])
    await page.close()
  })

  test('tab stops reach every control, views change by arrow keys, and the timeline walks and opens', async () => {
    const run = aRun({ tests: 200, logCharacters: 0, vms: 2, verdicts: 'mixed' })
    const { page, wrongs } = await open(run.record, run.comparison)
    await page.locator('#tab-tests').focus()
    const reached: string[] = []
    for (let stop = 0; stop < 16; stop += 1) {
      await page.keyboard.press('Tab')
      reached.push(await focused(page))
    }
    expect(reached).toEqual(expect.arrayContaining(['INPUT', 'SELECT', 'BUTTON', 'list']))
    await page.locator('#tab-tests').focus()
    await page.keyboard.press('ArrowRight')
    await page.waitForSelector('canvas')
    await page.locator('canvas').focus()
    await page.keyboard.press('ArrowRight')
    const first = await page.locator('.now').textContent()
    expect(first).toMatch(/VM 1, at 9 s$/)
    await page.keyboard.press('+')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.detail h2')
    expect(first).toContain((await page.locator('.detail h2').textContent())?.split(' ')[0])
    expect(wrongs).toEqual([])
    await page.close()
  })

  test('every view, filter and test has an address, and an address shows what it says', async () => {
    const { page, wrongs } = await open(record, comparison)
    const address = () => page.evaluate<string>('location.hash')
    await page.getByRole('button', { name: /not run/ }).click()
    await page.locator('select[aria-label=Section]').selectOption('1')
    await page.locator('select[aria-label=Order]').selectOption('name')
    await page.locator('input[type=search]').fill('generic')
    await until(page, `location.hash.includes('q=generic')`)
    const found = await names(page)
    const kept = await address()
    await page.getByRole('tab', { name: 'Timeline' }).click()
    await until(page, `location.hash.startsWith('#timeline')`)
    await page.goBack()
    await page.waitForSelector('#list')
    expect([await address(), await names(page)]).toEqual([kept, found])
    const at = async (hash: string) => {
      await page.goto('about:blank')
      await page.goto(`file://${join(directory, 'report-1280.html')}${hash}`)
    }
    await at(kept)
    await page.waitForSelector('#list')
    expect([await names(page), await page.locator('input[type=search]').inputValue()]).toEqual([found, 'generic'])
    await at('#run')
    expect(await page.getByRole('tab', { selected: true }).textContent()).toBe('Run')
    await at('#timeline')
    expect(await page.getByRole('tab', { selected: true }).textContent()).toBe('Timeline')
    await at('#tests?test=ext4_1k%3Ageneric%2F003')
    expect(await page.locator('.detail h2').textContent()).toBe('generic/003 on ext4_1k')
    expect(wrongs).toEqual([])
    await page.close()
  })

  test('says a crash as people do, its panic once, and what it failed before', async () => {
    const runs = someRuns(20)
    const last = runs.at(-1)
    if (last === undefined) throw new Error('no run')
    const seen = { timeoutFactor: 8, runId: last.runId, startedAt: last.startedAt }
    const history = pastVerdicts(runs.reduce(addToHistory, emptyHistory), seen)
    const { page, wrongs } = await open(last, comparisonOf(last), 1400, { history })
    expect((await page.locator('[role=option]').filter({ hasText: 'generic/040' }).locator('.badge').textContent())?.trim()).toBe(
      '✕ crashed · new',
    )
    expect(await page.locator('.row.cause').textContent()).toBe('3 tests with one causeoutput mismatch: +fsck: 3 errors')
    await page.locator('[role=option]').filter({ hasText: 'generic/040' }).click()
    const detail = page.locator('.detail')
    expect(
      (await page.evaluate<string>(`document.querySelector('.detail').innerText`)).match(/KASAN: slab-use-after-free Read in xfs_iget/g),
    ).toHaveLength(1)
    // The kernel's own lines have it, folded.
    expect((await detail.textContent())?.match(/Kernel panic/g)).toHaveLength(1)
    expect(await detail.locator('section.past p').textContent()).toMatch(/^It never failed in 19 runs before; last passed 2026-11-23 on /)
    await page.locator('[role=option]').filter({ hasText: 'generic/020' }).click()
    expect(await detail.locator('section.past p').textContent()).toMatch(/^It failed in 6 of 19 runs before; .*failing since 2026-11-18/)
    await page.locator('[role=option]').filter({ hasText: 'generic/013' }).click()
    expect(await detail.locator('.alike button').allTextContents()).toEqual(['generic/027 on xfs_4k', 'generic/044 on xfs_4k'])
    const head = await page.locator('.tested').textContent()
    for (const fact of ['#42 xfs: keep inodes out', 'for-next', '6.18.0-rc1-139', 'compared with']) expect(head).toContain(fact)
    expect(wrongs).toEqual([])
    await page.close()
  })

  test('text stands out from what is behind it, in both colours', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await open(record, comparison)
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await until(page, `document.documentElement.dataset.theme === '${colorScheme}'`)
      await page.waitForTimeout(300)
      const faint = await page.evaluate<readonly { text: string; ratio: number }[]>(CONTRASTS)
      expect(faint.length).toBeGreaterThan(20)
      expect(faint.filter(({ ratio }) => ratio < 4.5)).toEqual([])
      await page.close()
    }
  })

  test('on a narrow screen list and test take turns', async () => {
    const { page, wrongs } = await open(record, comparison, 390)
    expect(await page.locator('.detail').isVisible()).toBe(false)
    await page.locator('[role=option]').nth(1).click()
    expect(await page.locator('.detail').isVisible()).toBe(true)
    expect(await page.locator('#list').isVisible()).toBe(false)
    expect(await page.evaluate(`document.documentElement.scrollWidth`)).toBeLessThanOrEqual(390)
    await page.locator('.back').click()
    await page.waitForSelector('#list')
    expect(wrongs).toEqual([])
    await page.close()
  })

  test('the index of runs begins with the newest on a narrow screen, and its tables need no scrolling', async () => {
    const table = new TestTable()
    const runs = someRuns(40).map((run) => summarizeRun(run, comparisonOf(run), { directory: run.runId, hasPage: true, table }))
    const path = join(directory, 'index.html')
    writeFileSync(path, [...indexPage({ title: 'Runs', runs, table, problems: [] })].join(''))
    for (const width of [390, 1400]) {
      const page = await browser.newPage({ viewport: { width, height: 800 } })
      await page.goto(`file://${path}`)
      const places: Record<string, readonly [left: number, right: number]> = await page.evaluate(PLACES)
      for (const [name, [left, right]] of Object.entries(places))
        expect({ name, width, seen: left >= 0 && right <= width + 1 }).toEqual({ name, width, seen: true })
      await page.close()
    }
  }, 60_000)

  test('colours follow the system and the button', async () => {
    const { page } = await open(record, comparison)
    const back = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    await page.emulateMedia({ colorScheme: 'dark' })
    await until(page, `document.documentElement.dataset.theme === 'dark'`)
    expect(await back()).toBe('rgb(13, 17, 23)')
    await page.locator('.theme').click()
    await until(page, `document.documentElement.dataset.theme === 'light'`)
    expect(await back()).toBe('rgb(255, 255, 255)')
    await page.close()
  })

  test('hostile text is shown, runs nothing and asks nothing of a network', async () => {
    for (const hostile of fc.sample(hostileRecord, { numRuns: 5, seed: 11 })) {
      const { page, wrongs } = await open(hostile, null)
      await page.getByRole('button', { name: 'all', exact: true }).click()
      for (let index = 0; index < hostile.tests.length; index += 1) {
        await page.locator('#list').focus()
        await page.keyboard.press('ArrowDown')
      }
      await page.locator('#tab-run').click()
      await page.waitForSelector('#panel-run')
      expect(await page.locator('img, iframe, object, embed').count()).toBe(0)
      expect(wrongs).toEqual([])
      await page.close()
    }
  }, 60_000)

  test('a run of several suites is filtered by suite, and the address brings the filter back', async () => {
    const { page, wrongs } = await open(severalSuites, null)
    await page.getByRole('button', { name: 'all', exact: true }).click()
    const rows = () => page.locator('[role=option]').allTextContents()
    await until(page, `document.querySelectorAll('[role=option]').length === 3`)
    await page.getByLabel('Suite').selectOption('smoke')
    await until(page, `document.querySelectorAll('[role=option]').length === 1`)
    expect((await rows()).join()).toContain('smoke.xfs')
    expect(await page.getByLabel('Section').locator('option').allTextContents()).toEqual(['all sections', 'smoke.xfs'])
    expect(new URL(page.url()).hash).toContain('suite=smoke')
    await page.reload()
    await page.waitForSelector('#list')
    await until(page, `document.querySelectorAll('[role=option]').length === 1`)
    await page.getByLabel('Suite').selectOption('')
    await until(page, `document.querySelectorAll('[role=option]').length === 3`)
    expect(wrongs).toEqual([])
    await page.close()
  })

  test('an injected script would be stopped by the policy', async () => {
    const { page, wrongs } = await open(record, comparison)
    // Trusted types refuse the text even before the policy for scripts refuses to run it.
    await page.evaluate(`{
      const script = document.createElement('script')
      try { script.textContent = 'document.title = "owned"'; document.body.append(script) } catch {}
    }`)
    expect(await page.title()).not.toBe('owned')
    expect(wrongs.join()).toMatch(/Content Security Policy|TrustedScript|Trusted Type/)
    await page.close()
  })

  test('50 000 tests stay usable: a search and a jump to the end in a blink, few rows in the page', async () => {
    const run = aRun({ tests: 50_000, logCharacters: 5_000_000, vms: 8, verdicts: 'mixed' })
    const { page, wrongs } = await open(run.record, run.comparison)
    await page.getByRole('button', { name: 'all', exact: true }).click()
    await until(page, `document.querySelector('.shown')?.textContent?.startsWith('50,000')`)
    const start = Date.now()
    await page.locator('#list').focus()
    await page.keyboard.press('End')
    await page.waitForSelector('[role=option][aria-posinset="50000"]')
    await page.locator('input[type=search]').fill('btrfs_default 4242')
    await until(page, `document.querySelectorAll('[role=option]').length === 1`)
    expect(Date.now() - start).toBeLessThan(60_000)
    await page.locator('input[type=search]').fill('')
    await until(page, `document.querySelector('.shown')?.textContent?.startsWith('50,000 of')`)
    expect(await page.locator('[role=option]').count()).toBeLessThan(120)
    expect(wrongs).toEqual([])
    await page.close()
  }, 120_000)
})
