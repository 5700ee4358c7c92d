import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Browser, chromium, type Page } from 'playwright-core'
import { aRun } from '../../bench/report-record.js'
import type { RunRecord } from '../../src/domain/record.js'
import type { Comparison } from '../../src/domain/stages.js'
import { prepare } from '../../src/report/context.js'
import { htmlPage } from '../../src/report/html/index.js'
import { hostileRecord } from './hostile.js'
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
  async function open(record: RunRecord, comparison: Comparison | null, width = 1280): Promise<{ page: Page; wrongs: string[] }> {
    const path = join(directory, `report-${Math.round(width)}.html`)
    writeFileSync(path, [...htmlPage(prepare(record, comparison))].join(''))
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
    expect(first).toMatch(/VM 1, at 9\.0 s$/)
    await page.keyboard.press('+')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.detail h2')
    expect(first).toContain((await page.locator('.detail h2').textContent())?.split(' ')[0])
    expect(wrongs).toEqual([])
    await page.close()
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
