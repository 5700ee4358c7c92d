import type { Architecture } from '../../domain/bundle.js'

/** Some machine code and the instructions it stands for. */
export type Encoded = readonly [hex: string, instruction: string]

/** What the probe guest prints when all is well: each letter is a step a kernel also has to take. */
export const PROBE_LETTERS: Readonly<Record<Architecture, string>> = { x86_64: 'RLXC', aarch64: 'RC' }

/** What each letter stands for, for a person who reads how far the guest came. */
export const PROBE_STEPS: Readonly<Record<string, string>> = {
  R: 'the first instructions',
  L: '64-bit mode with paging',
  X: 'a cmpxchg16b',
  C: 'a loop of 100 million rounds',
}

/**
 * A boot sector (Intel syntax) that does what every x86-64 kernel does and an emulator behind /dev/kvm does not do, or not in time:
 * real mode, protected mode, long mode with paging, a `lock cmpxchg16b` (the kernel's slab allocator needs it, KVM's instruction
 * emulator lacks it: "KVM internal error. Suberror: 1"), and 10^8 rounds of a loop (under 0.1 s on a processor, minutes in that emulator).
 * A sector that only printed a letter would pass on machines where no kernel ever boots.
 */
export const X86_BOOT_SECTOR: readonly Encoded[] = [
  // 0x7c00, 16-bit
  ['fa', 'cli'],
  ['31 c0', 'xor ax, ax'],
  ['8e d8', 'mov ds, ax'],
  ['b0 52', "mov al, 'R'"],
  ['e6 e9', 'out 0xe9, al              ; isa-debugcon'],
  ['66 0f 01 16 c0 7c', 'lgdt [gdtr]'],
  ['0f 20 c0', 'mov eax, cr0'],
  ['0c 01', 'or al, 1                  ; PE'],
  ['0f 22 c0', 'mov cr0, eax'],
  ['ea 1c 7c 08 00', 'jmp 0x08:0x7c1c'],
  // 0x7c1c, 32-bit
  ['66 b8 10 00', 'mov ax, 0x10'],
  ['8e d8', 'mov ds, ax'],
  ['8e c0', 'mov es, ax'],
  ['bf 00 10 00 00', 'mov edi, 0x1000'],
  ['0f 22 df', 'mov cr3, edi'],
  ['31 c0', 'xor eax, eax'],
  ['b9 00 0c 00 00', 'mov ecx, 3072             ; three pages of zeros'],
  ['f3 ab', 'rep stosd'],
  ['c7 05 00 10 00 00 03 20 00 00', 'mov dword [0x1000], 0x2003 ; PML4 -> PDPT'],
  ['c7 05 00 20 00 00 03 30 00 00', 'mov dword [0x2000], 0x3003 ; PDPT -> PD'],
  ['c7 05 00 30 00 00 83 00 00 00', 'mov dword [0x3000], 0x83   ; 2 MiB at 0'],
  ['b0 20', 'mov al, 0x20              ; PAE'],
  ['0f 22 e0', 'mov cr4, eax'],
  ['b9 80 00 00 c0', 'mov ecx, 0xc0000080       ; EFER'],
  ['0f 32', 'rdmsr'],
  ['80 cc 01', 'or ah, 1                  ; LME'],
  ['0f 30', 'wrmsr'],
  ['0f 20 c0', 'mov eax, cr0'],
  ['0f ba e8 1f', 'bts eax, 31               ; PG'],
  ['0f 22 c0', 'mov cr0, eax'],
  ['ea 75 7c 00 00 18 00', 'jmp 0x18:0x7c75'],
  // 0x7c75, 64-bit
  ['b0 4c', "mov al, 'L'"],
  ['e6 e9', 'out 0xe9, al'],
  ['be 00 10 00 00', 'mov esi, 0x1000'],
  ['f0 48 0f c7 0e', 'lock cmpxchg16b [rsi]'],
  ['b0 58', "mov al, 'X'"],
  ['e6 e9', 'out 0xe9, al'],
  ['b9 00 e1 f5 05', 'mov ecx, 100000000'],
  ['ff c9', 'dec ecx'],
  ['75 fc', 'jnz $-2'],
  ['b0 43', "mov al, 'C'"],
  ['e6 e9', 'out 0xe9, al'],
  ['b0 10', 'mov al, 0x10'],
  ['e6 f4', 'out 0xf4, al              ; isa-debug-exit: QEMU exits with 2 * 0x10 + 1'],
  ['f4', 'hlt'],
  ['eb fd', 'jmp $-1'],
  ['00 00 00 00 00', 'align 8'],
  // 0x7ca0, the descriptors: none, 32-bit code, data, 64-bit code
  ['00 00 00 00 00 00 00 00', 'dq 0'],
  ['ff ff 00 00 00 9a cf 00', 'dq 0x00cf9a000000ffff'],
  ['ff ff 00 00 00 92 cf 00', 'dq 0x00cf92000000ffff'],
  ['ff ff 00 00 00 9a af 00', 'dq 0x00af9a000000ffff'],
  // 0x7cc0
  ['1f 00 a0 7c 00 00', 'gdtr: dw 31; dd 0x7ca0'],
]

/**
 * The same in short for arm64's `virt` machine, loaded flat by `-kernel`. Proven under emulation only:
 * no arm64 machine with KVM was at hand (docs/compatibility.md).
 */
export const ARM64_PROGRAM: readonly Encoded[] = [
  ['00 20 a1 d2', 'movz x0, #0x900, lsl #16   ; PL011 at 0x09000000'],
  ['41 0a 80 52', "mov w1, #'R'"],
  ['01 00 00 b9', 'str w1, [x0]'],
  ['a2 be a0 d2', 'movz x2, #0x5f5, lsl #16   ; 99 942 400'],
  ['42 04 00 f1', 'subs x2, x2, #1'],
  ['e1 ff ff 54', 'b.ne .-4'],
  ['61 08 80 52', "mov w1, #'C'"],
  ['01 00 00 b9', 'str w1, [x0]'],
  ['00 80 b0 52', 'movz w0, #0x8400, lsl #16  ; PSCI SYSTEM_OFF'],
  ['00 01 80 72', 'movk w0, #8'],
  ['02 00 00 d4', 'hvc #0'],
  ['00 00 00 14', 'b .'],
]

const SECTOR_BYTES = 512

/** The probe guest as a file for QEMU: a boot sector for x86_64, a flat image for aarch64. */
export function probeImage(architecture: Architecture): Uint8Array {
  if (architecture === 'aarch64') return assemble(ARM64_PROGRAM)
  const sector = new Uint8Array(SECTOR_BYTES)
  sector.set(assemble(X86_BOOT_SECTOR))
  sector.set([0x55, 0xaa], SECTOR_BYTES - 2)
  return sector
}

function assemble(code: readonly Encoded[]): Uint8Array {
  return Uint8Array.from(code.flatMap(([hex]) => hex.split(' ').map((byte) => Number.parseInt(byte, 16))))
}
