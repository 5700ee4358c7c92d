import type { AddCommand } from '../cli.js'
export const shellCommand: AddCommand = () => undefined
