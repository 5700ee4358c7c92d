import { render } from 'preact'
import { App } from './app.js'
import { readRun } from './model.js'

const root = document.getElementById('app')
if (root !== null) {
  const data = readRun(document)
  root.replaceChildren()
  render(<App data={data} />, root)
}
