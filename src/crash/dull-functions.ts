// regexp: a console line is cut at 1024 characters (MAX_LINE_CHARS); __tests__/crash/worst-lines.test.ts holds what the worst of them cost.
type Groups = Readonly<Record<string, readonly string[]>>
const matching = (groups: Groups): RegExp => new RegExp(Object.values(groups).flat().join('|'))

/*
 * A name is dull where one of these occurs in it: wrappers and variants (`__`, `_sync`, `_noprof`) are as dull as what they wrap.
 * Which names are passed over is syzkaller's convention (its pkg/report/linux.go): a title is stable across kernels and tools
 * only where all agree on it. So a name is added here when that convention has it, not because it looks dull.
 */

/** On a stack because of how reports are noticed, made and printed. */
const machinery: Groups = {
  sanitizers: [
    'kasan',
    'kmsan',
    'hwasan',
    '^_*(?:asan|msan|sanitizer)|__(?:asan|msan|sanitizer)|kcsan_setup',
    'check_memory_region',
    'check_(?:heap_)?object',
    'read_word_at_a_time',
    '(?:read|write)_once_\\w*nocheck',
    'print_(?:address_description|report)',
    'stack_trace_(?:save|consume_entry)|arch_stack_walk|walk_stack',
  ],
  'the way a report is printed': [
    'dump_stack|dump_backtrace',
    'show_stack',
    'panic',
    'print_tainted',
    '__warn',
    'warn_(?:slowpath|alloc|bogus)',
    'report_bug|fixup_bug',
    'print_hex_dump|hex_dump_to_buffer',
    '__fortify_report|^get_taint$',
  ],
  'the way an exception comes in': [
    'invalid_op',
    'do_error|do_trap|_trap$',
    'do_(?:kernel|translation)_fault|do_mem_abort|el1_abort|el1h_64_sync',
    'program_check_(?:exception|common)',
  ],
  lockdep: [
    'lockdep',
    'lock_(?:acquire|release|class)',
    'mark_lock|(?:reacquire|mark)_held_locks',
    'print_(?:usage_bug|unlock)|imbalance_bug',
    '(?:trace|lockdep)_(?:hard|soft)irq',
    'might_(?:fault|sleep|resched)',
    'seqprop_assert',
  ],
  'debug objects': ['debug_object', '(?:timer|work)_is_static_object'],
  'compiler and tracing': ['_indirect_thunk_', 'perf_trace'],
}

/** What everybody calls: at fault only where nothing else is on the stack. */
const library: Groups = {
  'lock operations': [
    'spin_(?:lock|trylock|unlock)|raw_spin_rq',
    '(?:read|write)_(?:lock|trylock|unlock)',
    '^(?:__)?mutex_|^rt_mutex_',
    '^down$|down_(?:read|write|trylock)|up_(?:read|write)',
    'owner_on_cpu|osq_(?:un)?lock',
    'bh_(?:en|dis)able',
  ],
  'memory and strings': [
    'mem(?:cpy|cmp|set|chr|move|dup)',
    'str(?:n?cmp|l?cpy|n?cpy|scpy|n?len|n?str|chr|n?dup)',
    'copy_(?:to|from)_(?:user|iter)|copy_(?:page|folio)_(?:to|from)_iter|^copy(?:in|out)$|extract_(?:user|iter)_to_sg',
    '(?:put|get)_user',
    '^crc\\d+|crc_itu_t',
  ],
  'lists, counters and bits': [
    'list_(?:add|del|replace|move|splice)',
    '^_{0,2}rb_|^klist_',
    'atomic(?:64)?_(?:dec|inc|read|set|or|xor|and|add|sub|fetch|xchg|cmpxchg|try)',
    '(?:set|clear|change|test)_bit',
    '^(?:refcount|kref)_|ref_tracker',
    '^ida_free$',
    'xas_(?:start|load|find)|rhashtable_lookup',
  ],
  'taking and giving back memory': [
    '[mzc]alloc|krealloc',
    'kmem_cache|slab_|allocate_slab',
    'alloc_(?:frozen_)?page|folio_alloc|filemap_alloc_folio',
    '^kv?free$',
  ],
  'packet buffers': ['kfree_skb'],
  'page cache': [
    '__filemap_get_folio|find_or_create_page|do_read_cache_folio|read_cache_page|pagecache_get_page|grab_cache_page_write_begin',
    '^(?:un)?lock_page|folio_unlock|^mark_buffer_dirty',
    'find_lock_entries|truncate_inode_pages_range',
  ],
  'helpers that die for their caller': [
    'assertfail|^ass(?:fail|warn)$|^btrfs_assert',
    '^iput(?:_final)?$|^ihold$|dput',
    'drop_nlink|cleanup_srcu_struct|__phys_addr',
  ],
  'device registers': ['(?:read|write)[bwlq]$', 'logic_(?:in|out)'],
  printing: ['printk', 's[c]?nprintf|k(?:v)?asprintf', 'string|pointer|va_format', 'dev_(?:info|notice|warn|err|alert|crit|emerg)'],
  'timers, work items and waking': [
    'del_timer|lock_timer_base|__timer_delete_sync|sk_stop_timer_sync|__mod_timer',
    'flush_work|cancel_work_(?:timer|sync)|try_to_grab_pending',
    '(?:drain|destroy)_workqueue',
    'queue_work|insert_work|queue_delayed_work',
    'finish_wait|kthread_stop|__wake_up',
    '^complete$|wait_for_completion',
  ],
  'device and object removal': [
    'kobject_|add_uevent_var|sysfs_remove',
    'device_(?:add|del|unregister|destroy|release|for_each_child|remove_file)|get_device_parent|devres_release_all|^put_device$',
    'hwrng_unregister|i2c_del_adapter|__unregister_client|tty_unregister_device',
    'rollback_registered|unregister_netdev',
    'dummy_urb_enqueue|usb_(?:kill_urb|kill_anchored_urbs|control_msg|hcd_submit_urb|submit_urb)',
  ],
}

/** Never the guilty function. */
export const MACHINERY = matching(machinery)
/** The guilty function only for want of another. A stable title needs the first function that is neither. */
export const LIBRARY = matching(library)

/** Makes or copies an object on somebody's behalf: passed over where a leak is about the object's user. */
export const MAKERS: readonly RegExp[] = [
  /alloc|kmem|slab|mmap/,
  /kv?asprintf|strn?dup|memdup/,
  /create_object|kmemleak/,
  /idr_get|list_lru_init|pcpu_create/,
]
/** Takes memory on somebody's behalf. */
export const ALLOCATORS: readonly RegExp[] = [/kmalloc|krealloc/, /kmem|slab/]
/** Gives memory back on somebody's behalf. */
export const FREERS: readonly RegExp[] = [/slab_|kfree|vfree|vunmap/]
