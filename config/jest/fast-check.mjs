import fc from 'fast-check'

// The same cases each time, so that a red run is about the change. `FAST_CHECK_SEED=$RANDOM npm run jest` looks further.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.FAST_CHECK_SEED ?? 1) })
