import type { SpawnSyncOptions, SpawnSyncReturns } from 'node:child_process'
import type { BuildOptions, BuildResult } from 'esbuild'

export const root: string
export const ENTRIES: Readonly<Record<'main' | 'post' | 'cli' | 'service' | 'reader', string>>
export function bundle(options: BuildOptions): Promise<BuildResult>
export function load(...paths: readonly string[]): Promise<Record<string, unknown>>
export function withBundled<Result>(
  entry: string,
  use: (run: (args: readonly string[], options?: SpawnSyncOptions) => SpawnSyncReturns<string>) => Result,
): Promise<Result>
