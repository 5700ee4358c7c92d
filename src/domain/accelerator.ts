import * as z from 'zod'

/** What the user asks for: `auto` proves KVM and falls back to emulation, `kvm` is KVM or an error. */
export const acceleratorRequestSchema = z.enum(['auto', 'kvm', 'tcg'])
export type AcceleratorRequest = z.infer<typeof acceleratorRequestSchema>

/** QEMU's accelerator: `kvm` hardware virtualisation, `tcg` emulation. */
export const acceleratorSchema = z.enum(['kvm', 'tcg'])
export type Accelerator = z.infer<typeof acceleratorSchema>

export const acceleratorDecisionSchema = z.object({
  requested: acceleratorRequestSchema,
  accelerator: acceleratorSchema,
  /** One sentence a user reads: why this one. */
  reason: z.string(),
  /** Every time limit is multiplied by this: 1 under KVM, more under emulation. */
  timeoutFactor: z.number().positive(),
  /** What was measured, absent when nothing had to be probed. */
  probe: z
    .object({
      outcome: z.enum(['works', 'absent', 'no-permission', 'never-runs', 'error']),
      seconds: z.number(),
      detail: z.string(),
      /** True when the answer was remembered from an earlier run on this machine. */
      remembered: z.boolean(),
    })
    .optional(),
})
/** What the probe decided, and why. */
export type AcceleratorDecision = z.infer<typeof acceleratorDecisionSchema>
