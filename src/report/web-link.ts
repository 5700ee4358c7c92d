import { visibleLine } from './foreign-text.js'

/** Only what a click may open: a link of another scheme is shown as no link at all. */
export const webLink = (link: string | null | undefined): string | null =>
  link !== undefined && link !== null && /^https?:\/\/[^\s]+$/i.test(link) ? visibleLine(link) : null
