/** The value, or `expired` when it takes longer. The work itself cannot be stopped: its end is ignored. */
export async function withDeadline<T>(work: Promise<T>, seconds: number): Promise<{ kind: 'done'; value: T } | { kind: 'expired' }> {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<{ kind: 'expired' }>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'expired' }), seconds * 1000)
  })
  // After the deadline nobody looks at the work any more; a late rejection must not end the process.
  work.catch(() => undefined)
  try {
    return await Promise.race([work.then((value) => ({ kind: 'done' as const, value })), expired])
  } finally {
    clearTimeout(timer)
  }
}
