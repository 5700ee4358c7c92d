import type { AddCommand } from '../cli.js'
export const reportCommand: AddCommand = () => undefined
