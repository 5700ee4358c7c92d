import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { prepare } from '../src/report/context.js'
import { htmlPage } from '../src/report/html/index.js'
import { aRun } from './report-record.js'

/**
 * How soon the report page of 10 000 tests answers in a browser: a search, a place, a section and each order, from the event to the frame
 * that shows it. The median of nine each. Limit: 100 ms.
 */
const TESTS = 10_000
const TIMES = 9
const LIMIT_MS = 100
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** What is done in the page, and undone before the next time. */
const ACTIONS: Readonly<Record<string, readonly [act: string, undo: string]>> = {
  search: [type('generic/4'), type('')],
  'search for nothing': [type('no such test'), type('')],
  'only what passed': [press('.chip.pass'), press('.chip.pass')],
  section: [choose('Section', '1'), choose('Section', '')],
  'by name': [choose('Order', 'name'), choose('Order', 'plan')],
  'slowest first': [choose('Order', 'slowest'), choose('Order', 'plan')],
  'slower than usual': [choose('Order', 'slower'), choose('Order', 'plan')],
  'most important first': [choose('Order', 'importance'), choose('Order', 'plan')],
}

function type(text: string): string {
  return `{ const field = document.querySelector('input[type=search]'); field.value = ${JSON.stringify(text)}; field.dispatchEvent(new Event('input', { bubbles: true })) }`
}

function press(selector: string): string {
  return `document.querySelector(${JSON.stringify(selector)}).click()`
}

function choose(label: string, value: string): string {
  return `{ const field = document.querySelector('select[aria-label=${label}]'); field.value = ${JSON.stringify(value)}; field.dispatchEvent(new Event('change', { bubbles: true })) }`
}

/** Milliseconds until the frame after the one that the action's effect is painted in has begun. */
async function timed(page: Page, action: string): Promise<number> {
  return page.evaluate<number>(
    `new Promise((resolve) => { const start = performance.now(); ${action}; requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start), 0)) })`,
  )
}

// It looks for its own files beside itself: it cannot be bundled.
const { chromium } = createRequire(join(process.cwd(), 'package.json'))('playwright-core') as typeof import('playwright-core')

const directory = mkdtempSync(join(tmpdir(), 'vmtest-bench-page-'))
const { record, comparison } = aRun({ tests: TESTS, logCharacters: 5_000_000, vms: 8, verdicts: 'mixed' })
writeFileSync(join(directory, 'report.html'), [...htmlPage(prepare(record, comparison))].join(''))
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--disable-gpu'], chromiumSandbox: false })
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  await page.goto(`file://${directory}/report.html#tests?show=all&sort=plan`)
  await page.waitForSelector('[role=option]')
  const medians: Record<string, number> = {}
  for (const [name, [act, undo]] of Object.entries(ACTIONS)) {
    const times: number[] = []
    for (let time = 0; time < TIMES; time += 1) {
      times.push(await timed(page, act))
      await timed(page, undo)
    }
    const sorted = times.sort((left, right) => left - right)
    medians[name] = Math.round((sorted[Math.floor(TIMES / 2)] ?? Number.NaN) * 10) / 10
    console.log(`${name}: ${medians[name]} ms (${sorted.map((ms) => ms.toFixed(0)).join(' ')})`)
  }
  const slowestMs = Math.max(...Object.values(medians))
  console.log(JSON.stringify({ tests: TESTS, slowestMs, limitMs: LIMIT_MS }))
  if (!(slowestMs < LIMIT_MS)) process.exitCode = 1
} finally {
  await browser.close()
  rmSync(directory, { recursive: true })
}
