import * as z from 'zod'

/** What the user asks for: `auto` proves KVM and falls back to emulation, `kvm` is KVM or an error. */
export const acceleratorRequestSchema = z.enum(['auto', 'kvm', 'tcg'])
export type AcceleratorRequest = z.infer<typeof acceleratorRequestSchema>

/** QEMU's accelerator: `kvm` hardware virtualisation, `tcg` emulation. */
export const acceleratorSchema = z.enum(['kvm', 'tcg'])
export type Accelerator = z.infer<typeof acceleratorSchema>

export const acceleratorDecisionSchema = z.object({
  requested: acceleratorRequestSchema.describe('What was asked for.'),
  accelerator: acceleratorSchema.describe('What is used: `kvm` hardware virtualisation, `tcg` emulation.'),
  reason: z.string().describe('One sentence a user reads: why this one.'),
  timeoutFactor: z.number().positive().describe('Every time limit is multiplied by this: 1 under KVM, more under emulation.'),
  probe: z
    .object({
      outcome: z.enum(['works', 'absent', 'no-permission', 'never-runs', 'error']).describe('What the probe guest came to.'),
      seconds: z.number().describe('How long the probe took, in seconds.'),
      detail: z.string().describe('What was seen, in words.'),
      remembered: z.boolean().describe('True when the answer was remembered from an earlier run on this machine.'),
    })
    .optional()
    .describe('What was measured, absent when nothing had to be probed.'),
})
/** What the probe decided, and why. */
export type AcceleratorDecision = z.infer<typeof acceleratorDecisionSchema>
