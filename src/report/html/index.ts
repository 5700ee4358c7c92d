import type { Rendered } from '../context.js'
import { headlineOf } from '../evidence.js'
import { visibleLine } from '../foreign-text.js'
import { verdictOf } from '../verdict.js'

const html = (text: string): string => visibleLine(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** The report as one HTML page, in pieces. */
export function* htmlPage(rendered: Rendered): Generator<string> {
  const verdict = verdictOf(rendered.record, rendered.placement)
  yield `<!doctype html><meta charset="utf-8"><title>${html(verdict.title)}</title><h1>${html(verdict.title)}</h1><table>\n`
  for (const { test, place } of rendered.placement.tests) {
    yield `<tr><td>${place}<td>${html(test.section)}<td>${html(test.name)}<td>${html(headlineOf(test))}\n`
  }
  yield '</table>\n'
}
