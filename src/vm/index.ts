export type { Guest, GuestBatch, GuestEvent, GuestOptions, StartGuest } from './guest.js'
export type { ConsoleObserver } from './session.js'
export { createStartGuest, type StartGuestPorts, type StartGuestSettings } from './start-guest.js'
