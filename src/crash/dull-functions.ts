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
    '^_*(?:kcsan|ubsan|asan|msan|kfence|sanitizer)_',
    'check_memory_region',
    'check_(?:heap_)?object',
    '^(?:check_region_inline|memory_is_(?:poisoned|nonzero)|bytes_is_nonzero)',
    'read_word_at_a_time',
    '(?:read|write)_once_\\w*nocheck',
    '^print_(?:address_description|report)|^start_report',
    '^(?:handle_overflow|val_to_string)$',
    'stack_trace_(?:save|consume_entry)|arch_stack_walk|walk_stack',
    '^stack_depot_',
  ],
  'the way a report is printed': [
    'dump_stack|dump_backtrace|unwind_backtrace',
    'show_(?:stack|regs|trace_log_lvl)',
    'panic',
    'print_tainted',
    '__warn|^warn$',
    'warn_(?:slowpath|alloc|bogus)',
    'report_bug|fixup_bug|^(?:bug_handler|handle_bug)$',
    '^oops_|^_*die(?:_|$)|^bust_spinlocks$',
    '_hex_dump|hex_dump_to_buffer',
    '^_*(?:stack_chk_fail|fortify_report)|^get_taint$',
  ],
  'the way an exception comes in': [
    '^(?:asm_)?exc_(?!nmi)',
    'invalid_op|general_protection|divide_error',
    'do_error|do_trap|_trap$',
    '^error_(?:entry|code|exit)$',
    '^(?:_*do_page_fault|(?:async_)?page_fault|page_fault_oops|kernelmode_fixup_or_oops|no_context|fixup_exception)$',
    '^_*bad_area',
    'do_(?:kernel|translation|alignment|tag_check)_fault|do_tag_recovery|do_mem_abort|do_bad_area|do_undefinstr|do_sea$',
    '^do_(?:debug_exception|el1_\\w+)$',
    '^el1[th]?_|^bad_mode$',
    '^(?:call_(?:break|undef|step)_hook|brk_handler)$',
    'program_check_(?:exception|common)|^do_program_check$',
    '^(?:bad_page_fault|handle_page_fault)$',
    '^do_(?:DataAbort|PrefetchAbort)$',
  ],
  lockdep: [
    'lockdep',
    'lock_(?:acquire|release|class)',
    'mark_lock|(?:reacquire|mark)_held_locks',
    'print_(?:usage_bug|unlock|circular_bug|deadlock_bug|bad_irq)|imbalance_bug',
    '(?:trace|lockdep)_(?:hard|soft)irq',
    'might_(?:fault|sleep|resched)',
    'seqprop_assert',
    '^check_(?:prev_add|prevs_add|noncircular|deadlock|irq_usage|wait_context)$|^validate_chain$|^(?:valid_state|save_trace)$',
  ],
  'debug objects': ['debug_object', '(?:timer|work)_is_static_object'],
  'compiler and tracing': ['_indirect_thunk_', 'perf_trace', '^ret_from_exception$'],
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
