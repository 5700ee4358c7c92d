/** How much of everything a summary shows. Every number bounds something that grows with the input. */
export interface Detail {
  readonly failures: number
  readonly diffBytes: number
  readonly reportsPerFailure: number
  readonly reportBytes: number
  readonly explanationBytes: number
  readonly frames: number
  readonly listed: number
  readonly reasons: number
  readonly sections: number
  readonly sentences: number
}

/** From rich to bare. The last one is bounded below the budget whatever the record holds. */
export const DETAILS: readonly Detail[] = [
  {
    failures: 40,
    diffBytes: 8192,
    reportsPerFailure: 4,
    reportBytes: 8192,
    explanationBytes: 10240,
    frames: 8,
    listed: 400,
    reasons: 60,
    sections: 100,
    sentences: 100,
  },
  {
    failures: 40,
    diffBytes: 3072,
    reportsPerFailure: 2,
    reportBytes: 3072,
    explanationBytes: 4096,
    frames: 6,
    listed: 200,
    reasons: 40,
    sections: 100,
    sentences: 50,
  },
  {
    failures: 40,
    diffBytes: 1024,
    reportsPerFailure: 1,
    reportBytes: 1024,
    explanationBytes: 1024,
    frames: 5,
    listed: 100,
    reasons: 30,
    sections: 50,
    sentences: 25,
  },
  {
    failures: 20,
    diffBytes: 0,
    reportsPerFailure: 1,
    reportBytes: 0,
    explanationBytes: 0,
    frames: 5,
    listed: 40,
    reasons: 20,
    sections: 30,
    sentences: 15,
  },
  {
    failures: 10,
    diffBytes: 0,
    reportsPerFailure: 1,
    reportBytes: 0,
    explanationBytes: 0,
    frames: 3,
    listed: 10,
    reasons: 5,
    sections: 10,
    sentences: 5,
  },
]
