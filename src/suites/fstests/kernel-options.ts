/** A helper a test calls to decline (notrun) and the kernel option without which it does. */
interface OptionNeed {
  readonly option: string
  /** Matched against a line of the test that calls it. */
  readonly call: RegExp
}

// regexp: names of ours, at a line’s start
const need = (option: string, call: string): OptionNeed => ({ option, call: new RegExp(`^[ \\t]*${call}(\\s|;|$)`, 'm') })
const target = (name: string) => `_require_dm_target\\s+${name}`

/**
 * Which option a `_require_…` helper comes down to, read from fstests' common/: common/rc (_require_dm_target, _require_loop,
 * _require_io_uring, _require_acls), common/quota, common/encrypt, common/verity, common/fail_make_request, common/inject,
 * common/dmlogwrites, common/dmthin, common/casefold, common/cgroup2, common/scsi_debug. Only what is one option alone is here;
 * a helper that also asks the file system or a program can decline for those reasons too.
 */
const NEEDS: readonly OptionNeed[] = [
  need('CONFIG_BLK_DEV_DM', '_require_dm_target\\s+\\S+'),
  need('CONFIG_DM_FLAKEY', target('flakey')),
  need('CONFIG_DM_LOG_WRITES', '(_require_log_writes|_require_log_writes_dax_mountopt|_require_dm_target\\s+log-writes)'),
  need('CONFIG_DM_THIN_PROVISIONING', target('thin-pool')),
  need('CONFIG_DM_SNAPSHOT', target('snapshot')),
  need('CONFIG_DM_DELAY', target('delay')),
  need('CONFIG_DM_ZERO', target('zero')),
  need('CONFIG_DM_DUST', target('dust')),
  need('CONFIG_BLK_DEV_LOOP', '_require_loop'),
  need('CONFIG_QUOTA', '_require_quota'),
  need('CONFIG_QFMT_V2', '_require_quota'),
  need('CONFIG_XFS_QUOTA', '(_require_xfs_quota|_require_xfs_quota_foreign)'),
  need('CONFIG_XFS_RT', '_require_realtime'),
  need('CONFIG_XFS_DEBUG', '(_require_xfs_debug|_require_error_injection)'),
  need('CONFIG_XFS_ONLINE_SCRUB', '(_require_scrub|_require_scratch_xfs_scrub|_require_xfs_stress_scrub)'),
  need('CONFIG_XFS_ONLINE_REPAIR', '_require_xfs_stress_online_repair'),
  need('CONFIG_FS_ENCRYPTION', '_require_scratch_encryption'),
  need('CONFIG_FS_VERITY', '_require_scratch_verity'),
  need('CONFIG_FS_VERITY_BUILTIN_SIGNATURES', '_require_fsverity_builtin_signatures'),
  need('CONFIG_UNICODE', '_require_scratch_casefold'),
  need('CONFIG_FAIL_MAKE_REQUEST', '_require_fail_make_request'),
  need('CONFIG_IO_URING', '_require_io_uring'),
  need('CONFIG_SWAP', '_require_scratch_swapfile'),
  need('CONFIG_FS_DAX', '_require_scratch_dax_mountopt'),
  need('CONFIG_SCSI_DEBUG', '_require_scsi_debug'),
]

/** `_require_kernel_config CONFIG_F2FS_FS_ZSTD`: the test names the option itself. */
const DIRECT = /^[ \t]*_require_kernel_config[ \t]+(CONFIG_\w+)/gm

/** The options a test's source asks for by the helpers it calls; those it reaches through another helper are not seen. */
export function kernelOptionsOfTest(source: string): readonly string[] {
  const direct = [...source.matchAll(DIRECT)].map((match) => match[1] ?? '')
  return [...new Set([...NEEDS.filter(({ call }) => call.test(source)).map(({ option }) => option), ...direct])]
}
