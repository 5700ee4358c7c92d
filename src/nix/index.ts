export { type NixSettings, nixVariables } from './configuration.js'
export { ensureNix } from './ensure-nix.js'
