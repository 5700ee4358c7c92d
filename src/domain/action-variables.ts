/**
 * What the runner gives to an action and to no other step (its tokens, inputs, state and command files), and the token of the
 * job. No child needs it: a flake, a Makefile or a compiler of the pull request could read it there.
 */
const OF_THE_ACTION = /^(?:ACTIONS_|INPUT_|STATE_|GITHUB_(?:TOKEN|ENV|OUTPUT|PATH|STATE|STEP_SUMMARY)$|GH_TOKEN$)/

/** The environment for a child: what is set, without what only the action is meant to have. */
export function withoutActionVariables(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((one): one is [string, string] => one[1] !== undefined && !OF_THE_ACTION.test(one[0])),
  )
}
