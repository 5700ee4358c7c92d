export { chooseFragments, type FragmentShelf, guestFragments, readFragmentShelf } from './choose-fragments.js'
export { configDifference, differenceText } from './difference.js'
export { formatKernelConfig, isEnabled, type KernelConfig, optionValue, parseKernelConfig } from './dot-config.js'
export { fragmentProblems, parseSetting, type Setting, setInFragment, settingsMade } from './edit-fragment.js'
export { explainAllLost, explainLost, type LostContext } from './explain-lost.js'
export {
  type ConfigFragment,
  type LostOption,
  lostOptions,
  type MergedFragments,
  mergeFragments,
  mergeInto,
  type RequestedOption,
  requestedConfig,
} from './fragments.js'
export { type KconfigDeclaration, parseKconfigDeclarations } from './kconfig-declarations.js'
export { readKconfigTree } from './kconfig-tree.js'
export { type KnownKernel, missingOptions, sectionObstacles } from './section-options.js'
