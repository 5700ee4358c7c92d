console.log(`post after ${process.env.STATE_mode}, FROM_STEP=${process.env.FROM_STEP}, PATH=${process.env.PATH}`)
