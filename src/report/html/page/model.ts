import type { PageData, PageDetail } from '../page-data.js'

/** Reads the page's own data elements. A damaged page says so instead of showing a part as if it were all. */
export function readRun(document: Document): PageData {
  const element = document.getElementById('run')
  if (element === null) throw new Error('this page is cut off: its data is missing')
  return JSON.parse(element.textContent ?? '')
}

/** A test's details, parsed when asked for; null where they were left out. */
export function readDetail(document: Document, index: number): PageDetail | null {
  const element = document.getElementById(`t${index}`)
  return element === null ? null : JSON.parse(element.textContent ?? '')
}
