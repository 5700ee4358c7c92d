import type { fencing } from './fencing.js'

/** A stream of Node's that is written to. */
type Output = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows'> & { write(data: string | Uint8Array): unknown }

/** As wide and high as what is no terminal, and as one that was told no size: it has 0 columns and 0 rows (ioctl_tty(2), TIOCGWINSZ). */
const USUAL = { columns: 120, rows: 24 }

/** What the command prints to. Text goes through `fence`; bytes are a command's of `exec`, which fences the whole of it. */
export function outputStream(output: Output, fence: ReturnType<typeof fencing>) {
  return {
    isTerminal: output.isTTY === true,
    columns: output.columns > 0 ? output.columns : USUAL.columns,
    rows: output.rows > 0 ? output.rows : USUAL.rows,
    write: (data: string | Uint8Array) => void output.write(typeof data === 'string' ? fence(data) : data),
  }
}
