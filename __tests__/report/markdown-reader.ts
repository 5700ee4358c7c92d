import type { Nodes, Root } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'

/** Markdown as GitHub's dialect is parsed. */
export function parseMarkdown(text: string): Root {
  return fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] })
}

/** Every node, in document order. */
export function nodesOf(node: Nodes): Nodes[] {
  return [node, ...('children' in node ? node.children.flatMap((child) => nodesOf(child as Nodes)) : [])]
}

const OURS = /<(?:details(?: open)?|\/details|summary|\/summary|code|\/code|span|\/span)>/g

/**
 * What foreign text could have done to a page on GitHub, as a list of what it did: links, images, HTML, mentions, issue
 * references, math. Empty for a safe document.
 */
export function effectsIn(text: string): string[] {
  return nodesOf(parseMarkdown(text)).flatMap((node) => {
    switch (node.type) {
      case 'link':
      case 'linkReference':
      case 'image':
      case 'imageReference':
      case 'definition':
      case 'footnoteDefinition':
      case 'footnoteReference':
        return [node.type]
      case 'html':
        return effectsOfHtml(node.value)
      case 'text':
        return effectsOfText(node.value)
      default:
        return []
    }
  })
}

function effectsOfHtml(html: string): string[] {
  const left = html.replace(OURS, '')
  if (/[<>]/.test(left)) return [`html: ${html}`]
  // Outside code GitHub looks for mentions in HTML as well.
  const shown = html.replace(/<code>.*?<\/code>/gs, '').replace(OURS, '')
  return effectsOfText(shown)
}

function effectsOfText(text: string): string[] {
  const found: string[] = []
  if (/@\w/.test(text)) found.push(`mention: ${text}`)
  if (/#\d|\bGH-\d/i.test(text)) found.push(`issue: ${text}`)
  if (/:\/\/\S/.test(text)) found.push(`address: ${text}`)
  if (/\b[0-9a-f]{7,40}\b/i.test(text)) found.push(`commit: ${text}`)
  if (text.includes('$') && text !== '$') found.push(`math: ${text}`)
  return found
}
