// Uses no library: the stand-in is tested against what the runner documents, not against what a client happens to write.
import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'

const env = process.env
const mode = env.INPUT_MODE
console.log(`token ${env.INPUT_TOKEN.length > 0 ? 'given' : 'absent'}`)
appendFileSync(env.GITHUB_OUTPUT, 'result<<EOF_1\nline 1\nline=2\nEOF_1\nplain=value\n')
appendFileSync(env.GITHUB_STATE, `mode=${mode}\n`)
appendFileSync(env.GITHUB_ENV, 'FROM_STEP=kept\n')
appendFileSync(env.GITHUB_PATH, '/opt/added\n')

const modes = {
  pass: () => console.log('passed'),
  fail: () => process.exit(1),
  mask: () => console.log('::add-mask::hunter2\nthe password is hunter2'),
  hostile: () => {
    console.log('::stop-commands::tok-1')
    console.log('::error::faked\n  ::add-mask::e\n##[error]faked\n::tok-2::\n::endgroup::')
    console.log('::tok-1::\n::error file=a.c,line=3,title=T%2C1::real%0Aone')
  },
  summary: () => appendFileSync(env.GITHUB_STEP_SUMMARY, '# Done\n'),
  huge: () => appendFileSync(env.GITHUB_STEP_SUMMARY, 'x'.repeat(1024 * 1024 + 1)),
  'bad-output': () => appendFileSync(env.GITHUB_OUTPUT, 'no equals sign here\n'),
  polite: () => {
    process.on('SIGINT', () => {
      console.log('interrupted')
      process.exit(3)
    })
    console.log('waiting')
    setInterval(() => undefined, 1000)
  },
  stubborn: () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' })
    process.on('SIGINT', () => console.log('ignored SIGINT'))
    process.on('SIGTERM', () => console.log('ignored SIGTERM'))
    console.log(`waiting with ${child.pid}`)
    setInterval(() => undefined, 1000)
  },
}
modes[mode]()
