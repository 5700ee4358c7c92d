import { expect, test } from '@jest/globals'
import { StageGroups } from '../../src/action/stage-groups.js'
import type { Progress, StageName } from '../../src/domain/stages.js'

test('each stage is a group, opened before its first line and closed before the next one’s', () => {
  const log: string[] = []
  const groups = new StageGroups({ openGroup: (title) => log.push(`[${title}`), closeGroup: () => log.push(']') })
  const stage = (name: StageName, message: string) => {
    const progress: Progress = { kind: 'stage', stage: name, message }
    groups.show(progress)
    log.push(message)
  }
  stage('nix', '2.8.0 (found: /usr/bin/nix)')
  stage('nix', 'a note')
  stage('cache', 'store: miss')
  stage('build', '.#vmtest')
  groups.show({ kind: 'waiting', message: 'for Nix' })
  stage('cache', 'store: saved')
  groups.close()
  groups.close()
  expect(log).toEqual([
    ...['[Nix', '2.8.0 (found: /usr/bin/nix)', 'a note', ']'],
    ...['[cache', 'store: miss', ']', '[build', '.#vmtest', ']', '[cache', 'store: saved', ']'],
  ])
})
