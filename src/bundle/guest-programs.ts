/**
 * What the offline guest is made of: the host's own programs, by name. A guest needs no package manager and no
 * service manager, only what fstests and its helpers call (fstests' README, "Building the fsqa test suite", and
 * the `*_PROG` variables of its common/config).
 */

/** Without these no suite can run; their absence is an error that names the Debian package. */
export const REQUIRED_PROGRAMS: readonly string[] = [
  ...words('bash sh awk grep sed find xargs perl bc diff cmp fio ps kill mount umount losetup modprobe dmesg'),
  ...words('basename cat chmod chown cp cut date dd df dirname du echo env expr false head id ln ls md5sum mkdir mkfifo'),
  ...words('mknod mktemp mv nproc od printf pwd readlink realpath rm rmdir seq sha256sum sleep sort stat stty sync tail'),
  ...words('tee timeout touch tr true truncate tty uname uniq wc whoami yes'),
  ...words('mkfs.xfs xfs_io xfs_repair xfs_db mke2fs mkfs.ext4 e2fsck fsck.ext4 dumpe2fs tune2fs'),
  ...words('getfattr setfattr getfacl setfacl'),
]

/** Taken where the host has them; a test that needs a missing one declines (`notrun`) by name. */
export const OPTIONAL_PROGRAMS: readonly string[] = [
  // coreutils
  ...words('[ arch b2sum base32 base64 basenc chcon chgrp chroot cksum comm csplit dir dircolors expand factor fmt fold'),
  ...words('groups hostid install join link logname nice nl nohup numfmt paste pathchk pinky pr printenv ptx runcon'),
  ...words('sha1sum sha224sum sha384sum sha512sum shred shuf split stdbuf sum tac test tsort unexpand unlink users vdir who'),
  // util-linux and its neighbours
  ...words('addpart agetty blkdiscard blkid blkzone blockdev chrt col colrm column delpart fallocate findfs findmnt flock'),
  ...words('fsck fsfreeze fstrim getopt hardlink hd hexdump hwclock i386 ionice ipcmk ipcrm ipcs isosize last linux32 linux64'),
  ...words('logger look lsblk lscpu lslocks lsns mcookie mesg mkfs mkswap more mountpoint namei nsenter partx pivot_root'),
  ...words('prlimit rename.ul renice resizepart rev runuser script setarch setpriv setsid setterm su swaplabel swapoff swapon'),
  ...words('switch_root taskset ul unshare uuidd uuidgen uuidparse wdctl whereis wipefs x86_64 zramctl'),
  // libc, shells, text, archives
  ...words('dash egrep fgrep rgrep gawk mawk diff3 sdiff getconf getent iconv ldconfig ldd locale which hostname domainname'),
  ...words('tar gzip gunzip zcat xz unxz xzcat zstd cpio file xxd tput clear openssl capsh getcap getpcaps setcap strace time'),
  ...words('rsync indent checkbashisms run-parts'),
  // users
  ...words('chage chfn chpasswd chsh gpasswd groupadd groupdel groupmod newgrp passwd sg useradd userdel usermod'),
  // processes, modules, keys, network
  ...words('free fuser killall pgrep pidwait pkill pmap prtstat pstree pwdx sysctl top uptime vmstat w watch'),
  ...words('depmod insmod kmod lsmod modinfo rmmod key.dns_resolver keyctl request-key ip ss'),
  // xfs
  ...words('fsck.xfs mkfs.xfs xfs_admin xfs_bmap xfs_copy xfs_estimate xfs_freeze xfs_fsr xfs_growfs xfs_info xfs_logprint'),
  ...words('xfs_mdrestore xfs_metadump xfs_mkfile xfs_ncheck xfs_property xfs_protofile xfs_quota xfs_rtcp xfs_scrub'),
  ...words('xfs_spaceman xfsdump xfsinvutil xfsrestore'),
  // ext
  ...words('badblocks chattr debugfs e2freefrag e2image e2label e2mmpstatus e2undo e4crypt e4defrag filefrag fsck.ext2'),
  ...words('fsck.ext3 fuse2fs lsattr mkfs.ext2 mkfs.ext3 mklost+found resize2fs dump rdump restore'),
  // other file systems
  ...words('btrfs btrfs-convert btrfs-find-root btrfs-image btrfs-map-logical btrfs-select-super btrfsck btrfstune fsck.btrfs'),
  ...words('mkfs.btrfs btrfs-corrupt-block defrag.f2fs dump.f2fs f2fs_io f2fscrypt f2fslabel f2fstat fibmap.f2fs fsck.f2fs'),
  ...words('mkfs.f2fs parse.f2fs resize.f2fs sload.f2fs mkfs.overlay fsck.overlay mount.nfs umount.nfs mkfs.exfat fsck.exfat'),
  ...words('mount.nfs4 umount.nfs4 exportfs rpc.mountd rpc.nfsd nfs4_getfacl nfs4_setfacl'),
  ...words('mkfs.vfat fsck.vfat mkfs.bcachefs bcachefs mkfs.ocfs2 mkfs.udf mkfs.erofs'),
  // quota, attributes, device mapper
  ...words('edquota quota quotacheck quotaoff quotaon quotasync repquota setquota warnquota xqmstats attr chacl'),
  ...words('blkdeactivate dmsetup dmstats fsadm lvchange lvconvert lvcreate lvextend lvm lvmconfig lvreduce lvremove lvresize lvs'),
  ...words('pvchange pvcreate pvremove pvs vgchange vgcreate vgextend vgreduce vgremove vgs thin_check thin_dump thin_repair'),
  ...words('thin_restore thin_ls thin_delta pdata_tools'),
  // load and checks
  ...words('fio-genzipf fio-verify-state genfio dbench tbench tbench_srv duperemove fsverity mdadm mdrestore nvme sg_persist'),
]

/** Libraries no program names but fstests' own compiled helpers, or the C library at run time, open. */
export const EXTRA_LIBRARIES: readonly string[] = [
  // pthread_exit and pthread_cancel load it by name.
  'libgcc_s.so.1',
  'libnss_files.so.2',
  ...words('libaio.so.1 libaio.so.1t64 libacl.so.1 libattr.so.1 libuuid.so.1 libcap.so.2 libgdbm.so.6 libgdbm_compat.so.4'),
  ...words('libcrypto.so.3 libssl.so.3 liburing.so.2 libhandle.so.1 libbtrfs.so.0 libbtrfsutil.so.1 libdl.so.2 librt.so.1'),
  ...words('libpthread.so.0 libm.so.6 libblkid.so.1'),
]

/** Files and trees beside the programs. Missing ones are skipped. */
export const DATA_PATHS: readonly string[] = [
  '/etc/mke2fs.conf',
  '/etc/xattr.conf',
  '/usr/share/xfsprogs',
  '/usr/share/awk',
  '/usr/lib/locale/C.utf8',
]

/** Of a Perl library directory: documentation, headers and the large tables of East Asian encodings and collation. */
export const PERL_SKIPPED = /(^|\/)(pod|CORE|Unicode\/Collate|Encode\/(CN|JP|KR|TW))(\/|$)|\.(pod|a|h|ld)$/

function words(text: string): readonly string[] {
  return text.split(' ')
}
