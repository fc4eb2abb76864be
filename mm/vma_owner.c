// SPDX-License-Identifier: GPL-2.0
/*
 * Counted, revocable references to the memory behind a driver's VMA.
 *
 * This file finds the owner of an address, keeps the references and revokes
 * them. What a pin can be mapped into is in drivers/dma-buf/vma-pin.c.
 */
#define pr_fmt(fmt) "vma_owner: " fmt

#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kallsyms.h>
#include <linux/lockdep.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/mmu_context.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/pagemap.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/vma_owner.h>
#include <linux/wait_bit.h>

#define CREATE_TRACE_POINTS
#include <trace/events/vma_owner.h>

/**
 * DOC: locking
 *
 * Locks are taken in this order, outermost first:
 *
 * 1. outer locks of the importer (a videobuf2 queue lock, type1's lock)
 * 2. mmap_lock or the VMA lock, dropped before a pin call goes on
 * 3. locks of the exporter (vfio's memory_lock)
 * 4. the **lock of the pin**: the dma_resv of memory that has a dma-buf; else
 *    the **revoke lock** of its owner, one for all that is revoked together;
 *    of static and ordinary memory, none. One pin at a time.
 * 5. leaf locks of the importer, the only ones its callbacks may take
 *
 * ===========================  ================================================
 * Call                         Runs under, takes
 * ===========================  ================================================
 * vma_pin_user()               takes the VMA lock or mmap_lock and drops it,
 *                              then takes the revoke lock (read)
 * vma_pin_still_there()        takes the VMA lock or mmap_lock
 * vma_unpin()                  takes the lock of the pin; never mmap_lock
 * vma_pin_attach()             takes the revoke lock (read), or lets the
 *                              exporter take the dma_resv
 * vma_pin_lock()               takes the lock of the pin (revoke lock: read)
 * vma_pin_map_dma(), ...       lock of the pin, held by the caller
 * ``_unlocked`` forms, syncs   take the lock of the pin
 * vma_pin_enter()              any
 * vma_pin_exit()               no lock that undoing a mapping or ``restore``
 *                              takes; takes the revoke lock (write)
 * vma_owner_fault_enter()      VMA lock or mmap_lock; takes the revoke lock
 *                              (read)
 * vma_owner_revoke_begin()     exporter's locks; takes the revoke lock (write)
 * vma_owner_restore()          exporter's locks; takes the revoke lock (write)
 * vma_owner_revoke_drain()     no lock that undoing a mapping, ``put`` or
 *                              ``restore`` takes
 * ``tryget``                   VMA lock or mmap_lock
 * ``get_dmabuf``               importer's outer locks
 * ``vmap``, ``get_extents``    importer's outer locks, the revoke lock and perhaps
 *                              what vma_owner_restore() runs under
 * ``vunmap``, ``put_extents``  importer's outer locks, the revoke lock and what
 *                              vma_owner_revoke_begin() runs under
 * ``put``                      importer's outer locks; perhaps the VMA lock
 * ``zap``                      revoke lock and exporter's locks
 * ``invalidate``               lock of the pin and exporter's locks
 * ``restore``                  lock of the pin and exporter's locks, or outer
 *                              locks of an importer that exits
 * ===========================  ================================================
 *
 * lockdep knows the order from boot on. It reports an importer that takes a
 * lock in a callback and holds the same lock across vma_pin_lock(), and one
 * that unpins in a callback or in an MMU notifier, on the first call, whichever
 * memory it was for.
 */

/* What an owner revokes through; see DOC: revoking */
struct vma_owner_revoke {
	const struct vma_owner_revoke_ops *ops;
	void			*priv;
	refcount_t		refs;	/* the exporter's and one of each pin */
	atomic_t		pending; /* pins that were entered when revoked */
	struct rw_semaphore	lock;	/* the revoke lock, see DOC: locking */
	spinlock_t		pins_lock; /* for those who only read @lock */
	struct list_head	pins;
	unsigned int		nested;	/* temporary losses */
	unsigned int		lifts;	/* how often the mark was lifted */
	bool			gone;
	bool			marked;
};

#if IS_ENABLED(CONFIG_VMA_OWNER_KUNIT_TEST)
/* Handles that there are: nothing else shows one that was never put */
atomic_t vma_owner_revoke_nr;
EXPORT_SYMBOL_FOR_MODULES(vma_owner_revoke_nr, "vma_owner_kunit");

static void vma_owner_revoke_count(int n)
{
	atomic_add(n, &vma_owner_revoke_nr);
}
#else
static void vma_owner_revoke_count(int n) { }
#endif

/*
 * A drain that takes longer says for whom it waits, and for how many of them;
 * then after twice that time, and so on up to a limit
 */
#define VMA_OWNER_DRAIN_WARN	(10UL * HZ)
#define VMA_OWNER_DRAIN_PINS	8
#if IS_ENABLED(CONFIG_VMA_OWNER_KUNIT_TEST)
unsigned long vma_owner_patience = VMA_OWNER_DRAIN_WARN;
EXPORT_SYMBOL_FOR_MODULES(vma_owner_patience, "vma_owner_kunit");
#else
#define vma_owner_patience	VMA_OWNER_DRAIN_WARN
#endif

/* vma_pin.users: nobody may enter, since nothing is mapped */
#define VMA_PIN_CLOSED		INT_MIN

/*
 * Stands for the lock of any pin: held with it and around importers' callbacks,
 * and touched by every pin and unpin. What a revoke lock or a dma_resv teaches
 * lockdep only when memory happens to have one, this teaches it at once.
 */
#ifdef CONFIG_LOCKDEP
static struct lockdep_map vma_pin_lock_map =
	STATIC_LOCKDEP_MAP_INIT("vma_pin_lock", &vma_pin_lock_map);
#endif

/**
 * vma_pin_lock_acquire() - tell lockdep that the lock of a pin is held
 *
 * Context: Any.
 */
void vma_pin_lock_acquire(void)
{
	/*
	 * As a reader, which may nest: a dma-buf that is mapped may push another
	 * one out of its place, and so be told of that.
	 */
	lock_map_acquire_read(&vma_pin_lock_map);
}

/**
 * vma_pin_lock_release() - tell lockdep that the lock of a pin is dropped
 *
 * Context: Any.
 */
void vma_pin_lock_release(void)
{
	lock_map_release(&vma_pin_lock_map);
}

/**
 * vma_pin_may_lock() - tell lockdep that the lock of a pin might be taken here
 *
 * Context: May sleep.
 */
void vma_pin_may_lock(void)
{
	might_sleep();
	lock_map_acquire(&vma_pin_lock_map);
	lock_map_release(&vma_pin_lock_map);
}

/* ------------------------------------------------------------------------- */
/* From an address to a counted reference                                    */

struct locked_vma {
	struct vm_area_struct	*vma;
	struct mm_struct	*mm;
	bool			mmap_locked;
};

static int vma_lock_at(struct locked_vma *l, struct mm_struct *mm,
		       unsigned long addr)
{
	l->mm = mm;
	l->mmap_locked = false;
	l->vma = lock_vma_under_rcu(mm, addr);
	if (l->vma)
		return 0;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	l->mmap_locked = true;
	l->vma = vma_lookup(mm, addr);
	return 0;
}

static void vma_unlock(struct locked_vma *l)
{
	if (l->mmap_locked)
		mmap_read_unlock(l->mm);
	else
		vma_end_read(l->vma);
}

/* Who asks */
struct vma_asker {
	struct mm_struct	*mm;
	unsigned int		flags;
	const struct vma_pin_client *client;
	bool			again;	/* was permitted when it was pinned */
};

/* The answer of one VMA, for [addr, end) */
struct vma_piece {
	enum { PIECE_OWNED, PIECE_ORDINARY, PIECE_HOLE } kind;
	bool			asked;	/* somebody who may answer otherwise */
	unsigned long		end;
	struct vma_owner_ref	ref;	/* PIECE_OWNED */
};

/* Held around put(), which must not take mmap_lock: it may be held by the caller */
#ifdef CONFIG_LOCKDEP
static struct lockdep_map vma_owner_put_map =
	STATIC_LOCKDEP_MAP_INIT("vma_owner_put", &vma_owner_put_map);
#endif

static void vma_owner_ref_put(const struct vma_owner_ref *ref)
{
	/* put() of the last reference may free what @ref->ops is part of */
	struct module *module = ref->ops->module;

	/* An object may hold pins of another: as a reader it may nest */
	lock_map_acquire_read(&vma_owner_put_map);
	ref->ops->put(ref->obj);
	lock_map_release(&vma_owner_put_map);
	module_put(module);
}

static bool vma_pin_permitted(struct vm_area_struct *vma,
			      const struct vma_asker *by)
{
	bool foreign = by->mm != current->mm;
	bool write = by->flags & VMA_PIN_WRITE;

	if (vma_is_cow_mapping(vma))
		return false;
	if (by->again)
		return true;
	/* As GUP: who may write there need not be allowed to read */
	if (!(vma->vm_flags & (write ? VM_WRITE : VM_READ)))
		return false;
	return arch_vma_access_permitted(vma, write, false, foreign);
}

static bool vma_owner_has_extents(const struct vma_owner_obj_ops *ops)
{
	return ops->get_extents && !ops->get_dmabuf;
}

/* Returns -ENOENT when @vma has no owner, or none that is of use */
static int vma_owner_tryget(struct vm_area_struct *vma, unsigned long addr,
			    const struct vma_asker *by, struct vma_piece *p)
{
	struct vma_owner_query q;
	int ret;

	if (!vma_has_owner(vma))
		return -ENOENT;
	q = (struct vma_owner_query) {
		.file		= vma->vm_file,
		.private_data	= vma->vm_private_data,
		.pgoff		= linear_page_index(vma, addr),
		.len		= p->end - addr,
		.write		= by->flags & VMA_PIN_WRITE,
		.revocable	= by->client->invalidate,
		.pfnmap		= vma->vm_flags & (VM_IO | VM_PFNMAP),
	};
	ret = vma->vm_ops->owner_ops->tryget(&q, &p->ref);
	if (ret)
		return WARN_ON_ONCE(ret > 0) ? -EFAULT : ret;

	/*
	 * The VMA's file has kept the owner's code so far, and goes with the
	 * VMA lock: take the module before that.
	 */
	if (!try_module_get(p->ref.ops->module)) {
		p->ref.ops->put(p->ref.obj);
		return -ENODEV;
	}
	if (by->client->extents_only && !vma_owner_has_extents(p->ref.ops)) {
		vma_owner_ref_put(&p->ref);
		return -ENOENT;
	}
	trace_vma_owner_get(&p->ref, addr);
	return 0;
}

/* Who answers for [addr, p->end)? Cuts p->end to what one VMA covers. */
static int vma_piece_get(const struct vma_asker *by, unsigned long addr,
			 struct vma_piece *p)
{
	struct vm_area_struct *vma;
	struct locked_vma l;
	bool permitted;
	int ret;

	ret = vma_lock_at(&l, by->mm, addr);
	if (ret)
		return ret;
	vma = l.vma;
	if (!vma) {
		/* What lies behind it is another piece */
		vma = find_vma(by->mm, addr);
		if (vma)
			p->end = min(p->end, vma->vm_start);
		vma_unlock(&l);
		p->kind = PIECE_HOLE;
		return 0;
	}

	p->end = min(p->end, vma->vm_end);
	permitted = vma_pin_permitted(vma, by);
	ret = vma_owner_tryget(vma, addr, by, p);
	if (ret == -ENOENT) {
		p->kind = PIECE_ORDINARY;
		p->asked = vma_has_owner(vma);
		ret = vma->vm_flags & (VM_IO | VM_PFNMAP) ? -EFAULT : 0;
		vma_unlock(&l);
		return ret;
	}
	vma_unlock(&l);
	if (ret)
		return ret;

	p->kind = PIECE_OWNED;
	if (permitted)
		return 0;
	vma_owner_ref_put(&p->ref);
	return -EFAULT;
}

/* Does @p, found at @addr, go on where @run, found at @start, is at @addr? */
static bool vma_piece_adjoins(const struct vma_piece *run, unsigned long start,
			      const struct vma_piece *p, unsigned long addr)
{
	if (p->kind != PIECE_OWNED || run->kind != PIECE_OWNED)
		return p->kind == run->kind;
	return p->ref.ops == run->ref.ops && p->ref.obj == run->ref.obj &&
	       p->ref.offset == run->ref.offset + (addr - start);
}

/*
 * Follow the VMAs from @start as far towards run->end as they belong to one
 * object, or to none. Sets run->end to where that stops, and returns why:
 * 0 at the end of the range, else an errno. Only if nothing at all was found is
 * there no reference to put, and run->end is @start.
 */
static int vma_run_get(const struct vma_asker *by, unsigned long start,
		       struct vma_piece *run)
{
	unsigned long addr, end = run->end;
	int ret;

	ret = vma_piece_get(by, start, run);
	if (ret) {
		run->end = start;
		return ret;
	}

	for (addr = run->end; run->kind != PIECE_HOLE && addr < end;
	     addr = run->end) {
		struct vma_piece p = { .end = end };
		bool adjoins;

		ret = vma_piece_get(by, addr, &p);
		if (ret)
			return ret;
		adjoins = vma_piece_adjoins(run, start, &p, addr);
		if (p.kind == PIECE_OWNED)
			vma_owner_ref_put(&p.ref);
		if (!adjoins)
			return -EFAULT;
		run->end = p.end;
	}
	return 0;
}

/* ------------------------------------------------------------------------- */
/* Pins                                                                      */

/*
 * Live pins for debugfs, those that each CPU has made. The lock also orders
 * vma_pin_take_ref() with the reader.
 */
struct vma_pin_shard {
	spinlock_t		lock;	/* see above */
	struct list_head	pins;
};

static DEFINE_PER_CPU_ALIGNED(struct vma_pin_shard, vma_pin_shards);

static struct vma_pin_shard *vma_pin_shard(unsigned int cpu)
{
	return per_cpu_ptr(&vma_pin_shards, cpu);
}

static void vma_pin_list(struct vma_pin *pin)
{
	struct vma_pin_shard *shard;

	pin->shard = raw_smp_processor_id();
	shard = vma_pin_shard(pin->shard);
	spin_lock(&shard->lock);
	list_add_tail(&pin->node, &shard->pins);
	spin_unlock(&shard->lock);
	trace_vma_pin(pin);
}

/* In ms */
static u64 vma_pin_age(const struct vma_pin *pin)
{
	return jiffies64_to_msecs(get_jiffies_64() - pin->since);
}

static void vma_pin_unlist(struct vma_pin *pin)
{
	struct vma_pin_shard *shard = vma_pin_shard(pin->shard);

	trace_vma_unpin(pin);
	spin_lock(&shard->lock);
	list_del(&pin->node);
	spin_unlock(&shard->lock);
}

/* Make @pin an empty shell; the caller puts what it held */
static struct vma_owner_ref vma_pin_take_ref(struct vma_pin *pin)
{
	struct vma_pin_shard *shard = vma_pin_shard(pin->shard);
	struct vma_owner_ref ref;

	spin_lock(&shard->lock);
	ref = pin->ref;
	/* vma_pin_still_there() looks at it without a lock */
	WRITE_ONCE(pin->ref.ops, NULL);
	spin_unlock(&shard->lock);
	return ref;
}

/* One page needs no array: such pins are the ones that an allocation shows in */
static bool vma_pin_alloc_pages(struct vma_pin *pin, unsigned long nr)
{
	pin->pages = &pin->page;
	if (nr > 1)
		pin->pages = kvmalloc_array(nr, sizeof(*pin->pages),
					    GFP_KERNEL);
	return pin->pages;
}

static void vma_pin_free_pages(struct vma_pin *pin)
{
	if (pin->pages != &pin->page)
		kvfree(pin->pages);
	pin->pages = NULL;
}

static int vma_pin_pages(struct vma_pin *pin)
{
	unsigned long first = pin->start >> PAGE_SHIFT;
	unsigned long nr = ((pin->start + pin->len - 1) >> PAGE_SHIFT) -
			   first + 1;
	unsigned int gup_flags = FOLL_LONGTERM;
	int ret;

	if (nr > INT_MAX / sizeof(*pin->pages))
		return -ENOMEM;
	if (!vma_pin_alloc_pages(pin, nr))
		return -ENOMEM;

	if (pin->flags & VMA_PIN_WRITE)
		gup_flags |= FOLL_WRITE;
	ret = pin_user_pages_fast(pin->start & PAGE_MASK, nr, gup_flags,
				  pin->pages);
	if (ret == nr) {
		pin->nr_pages = nr;
		return 0;
	}
	if (ret > 0)
		unpin_user_pages(pin->pages, ret);
	vma_pin_free_pages(pin);
	return ret < 0 ? ret : -EFAULT;
}

/* What is linked is listed: a permanent revoke may take its reference at once */
static int vma_pin_link(struct vma_pin *pin, struct vma_owner_revoke *r)
{
	int ret;

	ret = down_read_killable(&r->lock);
	if (ret)
		return ret;
	if (!r->marked) {
		refcount_inc(&r->refs);
		pin->revoke = r;
		vma_pin_list(pin);
		spin_lock(&r->pins_lock);
		list_add_tail(&pin->revoke_node, &r->pins);
		spin_unlock(&r->pins_lock);
	} else {
		ret = -ENODEV;
	}
	up_read(&r->lock);
	return ret;
}

static void vma_pin_unlink(struct vma_pin *pin)
{
	struct vma_owner_revoke *r = pin->revoke;

	spin_lock(&r->pins_lock);
	list_del_init(&pin->revoke_node);
	spin_unlock(&r->pins_lock);
}

/* Takes over the reference in @run, also when it fails */
static int vma_pin_object(struct vma_pin *pin, const struct vma_piece *run)
{
	const struct vma_owner_obj_ops *ops = run->ref.ops;
	struct vma_owner_revoke *r = NULL;
	u64 end;
	int ret = -EFAULT;

	pin->ref = run->ref;
	if (check_add_overflow(pin->ref.offset, offset_in_page(pin->start),
			       &pin->ref.offset) ||
	    check_add_overflow(pin->ref.offset, (u64)pin->len, &end) ||
	    end > pin->ref.size)
		goto err_put;

	if (ops->revocable && !ops->get_dmabuf)
		r = ops->revocable(pin->ref.obj);
	if (r && !pin->client->invalidate) {
		ret = -EOPNOTSUPP;
		goto err_put;
	}

	if (r) {
		ret = vma_pin_link(pin, r);
	} else {
		vma_pin_list(pin);
		ret = 0;
	}
	if (!ret)
		return 0;
err_put:
	pin->ref.ops = NULL;
	vma_owner_ref_put(&run->ref);
	return ret;
}

static int vma_pin_init(struct vma_pin *pin, unsigned long start, size_t len,
			unsigned int flags, const struct vma_pin_client *client,
			unsigned long *end)
{
	unsigned long last;

	/* Not the work item, of those who need none: pins are made often */
	pin->client = NULL;
	pin->start = start;
	pin->len = len;
	pin->flags = flags;
	pin->nr_pages = 0;
	pin->pages = NULL;
	pin->ref = (struct vma_owner_ref) {};
	pin->revoke = NULL;
	INIT_LIST_HEAD(&pin->revoke_node);
	atomic_set(&pin->users, VMA_PIN_CLOSED);
	pin->taken = false;
	pin->seen_at = 1;
	pin->since = get_jiffies_64();
	pin->maps = NULL;
	if (WARN_ON_ONCE(!client || !client->name || flags & ~VMA_PIN_WRITE))
		return -EINVAL;
	if (!len || check_add_overflow(start, len - 1, &last) ||
	    check_add_overflow(last | ~PAGE_MASK, 1UL, end))
		return -EINVAL;
	pin->client = client;
	return 0;
}

/**
 * vma_pin_user() - hold the memory behind a range of user addresses
 * @pin: pin to fill, usually embedded in a buffer; its old content is ignored
 * @start: user address in the current process, any alignment
 * @len: length in bytes
 * @flags: 0 or VMA_PIN_WRITE
 * @client: the importer; must outlive the pin
 *
 * All of the range is held or nothing. It may span several VMAs as long as they
 * show adjoining parts of one object, or are all ordinary memory. Owned memory
 * is not charged to RLIMIT_MEMLOCK; ordinary memory is pinned with
 * FOLL_LONGTERM and left to the caller to charge. Permission is checked here
 * and never again.
 *
 * A client without &vma_pin_client.invalidate cannot hold revocable memory. With
 * one, its callback may run before this function has returned.
 *
 * Context: Process context with the mm of the range. May sleep. Takes
 * mmap_lock or VMA locks and, after they are dropped, the revoke lock.
 * Return: 0, or an errno of the table in DOC: errors, @pin then holds nothing.
 */
int vma_pin_user(struct vma_pin *pin, unsigned long start, size_t len,
		 unsigned int flags, const struct vma_pin_client *client)
{
	const struct vma_asker by = { current->mm, flags, client };
	struct vma_piece run;
	unsigned long end;
	int ret;

	vma_pin_may_lock();
	start = untagged_addr(start);
	ret = vma_pin_init(pin, start, len, flags, client, &end);
	if (ret)
		return ret;
	ret = -EFAULT;
	if (!by.mm)
		goto err;
	might_lock_read(&by.mm->mmap_lock);

	run.end = end;
	ret = vma_run_get(&by, start & PAGE_MASK, &run);
	if (run.end == (start & PAGE_MASK))
		goto err;

	if (run.kind == PIECE_OWNED) {
		if (ret)
			vma_owner_ref_put(&run.ref);
		else
			ret = vma_pin_object(pin, &run);
	} else if (!ret) {
		/* A hole is for GUP to judge, there may be a gate page */
		ret = vma_pin_pages(pin);
		if (!ret)
			vma_pin_list(pin);
	}
	if (!ret)
		return 0;
err:
	pin->client = NULL;
	return ret;
}
EXPORT_SYMBOL_GPL(vma_pin_user);

/**
 * vma_pin_user_prefix() - hold the longest owned start of a range, if any
 * @pin: pin to fill
 * @mm: address space, of which the caller holds a user (mmget())
 * @start: user address in @mm, untagged
 * @len: length in bytes
 * @flags: 0 or VMA_PIN_WRITE
 * @client: the importer; must outlive the pin
 *
 * For importers that take whatever a user hands them, RAM and BARs in one call.
 * If @start is owned memory, as much of the range as shows adjoining parts of
 * that object is pinned, and vma_pin_is_owned() is true for @pin. If it is
 * ordinary memory nothing is pinned; the caller pins the bytes reported by
 * itself and in batches of its own. Either way it goes on behind them.
 *
 * Context: As vma_pin_user(), and @mm may be foreign.
 * Return: Number of bytes from @start that are owned or ordinary, or an errno
 * of the table in DOC: errors for the memory at @start, where -EFAULT includes a
 * hole.
 */
ssize_t vma_pin_user_prefix(struct vma_pin *pin, struct mm_struct *mm,
			    unsigned long start, size_t len,
			    unsigned int flags,
			    const struct vma_pin_client *client)
{
	const struct vma_asker by = { mm, flags, client };
	struct vma_piece run;
	unsigned long end;
	int ret;

	vma_pin_may_lock();
	might_lock_read(&mm->mmap_lock);
	len = min_t(size_t, len, SSIZE_MAX);
	ret = vma_pin_init(pin, start, len, flags, client, &end);
	if (ret)
		return ret;

	run.end = end;
	ret = vma_run_get(&by, start & PAGE_MASK, &run);
	if (run.end == (start & PAGE_MASK) || run.kind == PIECE_HOLE) {
		ret = ret ?: -EFAULT;
		goto err;
	}

	/* What stopped the run, the call that starts there will be told */
	pin->len = min_t(size_t, len, run.end - start);
	if (run.kind == PIECE_ORDINARY) {
		pin->client = NULL;
		return pin->len;
	}
	/* The last page of a mapping may reach beyond its object */
	if (run.ref.size > run.ref.offset + offset_in_page(start))
		pin->len = min_t(u64, pin->len, run.ref.size - run.ref.offset -
				 offset_in_page(start));
	ret = vma_pin_object(pin, &run);
	if (!ret)
		return pin->len;
err:
	pin->client = NULL;
	return ret;
}
EXPORT_SYMBOL_GPL(vma_pin_user_prefix);

/*
 * Have all VMAs been as they are since nobody was asked about those of the range?
 * Who finds pins by address may ask from several threads, and processes, at a time:
 * the first mm stays, and @seen_at is of that alone. Odd: nothing was seen.
 */
static bool vma_pin_seen_before(const struct vma_pin *pin)
{
	struct mm_struct *mm = READ_ONCE(pin->seen_in);
	unsigned int at = READ_ONCE(pin->seen_at);

	return mm == current->mm && !(at & 1) &&
	       !mmap_lock_speculate_retry(mm, at);
}

static void vma_pin_see(struct vma_pin *pin, struct mm_struct *mm,
			unsigned int at)
{
	if (!READ_ONCE(pin->seen_in)) {
		mmgrab(mm);
		if (cmpxchg(&pin->seen_in, NULL, mm))
			mmdrop(mm);
	}
	if (READ_ONCE(pin->seen_in) == mm)
		WRITE_ONCE(pin->seen_at, at);
}

/**
 * vma_unpin() - let go of the memory
 * @pin: a pin that vma_pin_user() or vma_pin_user_prefix() filled
 *
 * The device has stopped, and nobody is between vma_pin_enter() and
 * vma_pin_exit(). Undoes the mappings that are left, puts the object and its
 * module, or unpins the pages and marks them dirty if they were pinned for
 * writing. No callback runs for @pin once this has returned.
 *
 * Context: Process context, may sleep. Takes the lock of the pin and what the
 * exporter's put takes; never mmap_lock. Not from a callback, nor under a
 * dma_resv, nor from an MMU notifier: the zap that calls the notifier may hold
 * the lock of the pin. There vma_unpin_deferred() will do.
 */
void vma_unpin(struct vma_pin *pin)
{
	struct vma_owner_revoke *r = pin->revoke;
	struct vma_owner_ref ref;

	vma_pin_may_lock_any();
	if (WARN_ON_ONCE(!pin->client))
		return;

	/* What is mapped is undone before a revoke sees the pin no more */
	if (r) {
		down_read(&r->lock);
		WARN_ON_ONCE(atomic_read(&pin->users) & INT_MAX);
	}
	if (pin->maps)
		pin->maps->release(pin);
	if (r) {
		vma_pin_unlink(pin);
		up_read(&r->lock);
	}
	vma_pin_unlist(pin);
	/* Neither a reader nor vma_owner_drop() finds it any more */
	ref = pin->ref;
	pin->ref.ops = NULL;
	if (ref.ops)
		vma_owner_ref_put(&ref);
	if (pin->pages) {
		unpin_user_pages_dirty_lock(pin->pages, pin->nr_pages,
					    pin->flags & VMA_PIN_WRITE);
		vma_pin_free_pages(pin);
		if (pin->seen_in)
			mmdrop(pin->seen_in);
	}
	if (r)
		vma_owner_revoke_put(r);
	pin->revoke = NULL;
	pin->client = NULL;
}
EXPORT_SYMBOL_GPL(vma_unpin);

/* Ordinary memory is not asked for its pages, but an owner there is another's */
static bool vma_pin_without_owner(struct vma_pin *pin,
				  const struct vma_asker *by,
				  unsigned long addr, unsigned long end)
{
	bool lasting;
	struct vma_piece p;
	unsigned int at;

	if (vma_pin_seen_before(pin))
		return true;
	lasting = mmap_lock_speculate_try_begin(by->mm, &at);
	for (; addr < end; addr = p.end) {
		p.end = end;
		p.asked = false;
		if (vma_piece_get(by, addr, &p))
			return false;
		lasting &= !p.asked;
		if (p.kind != PIECE_OWNED)
			continue;
		vma_owner_ref_put(&p.ref);
		return false;
	}
	if (lasting)
		vma_pin_see(pin, by->mm, at);
	return true;
}

/**
 * vma_pin_still_there() - does the address still show what is pinned?
 * @pin: a pin that vma_pin_user() filled, of the current process
 *
 * For an importer that finds pins by address and length: what is mapped there may
 * have been replaced since, and mmap() likes to give out the same address again.
 * An owner is asked for its object and the offset in it. Of ordinary memory it is
 * only said that no owner has taken its place: its pages are not looked at, as
 * nobody did before. Nor are its VMAs as long as no VMA of the process changes.
 *
 * Context: As vma_pin_user().
 * Return: true if all of the range shows the pinned object at the pinned offset.
 * false if not, also where that cannot be said: then pin again, and pass on the
 * errno of that.
 */
bool vma_pin_still_there(struct vma_pin *pin)
{
	unsigned long start = pin->start & PAGE_MASK;
	const struct vma_asker by = {
		.mm	= current->mm,
		.client	= pin->client,
		.again	= true,
	};
	struct vma_piece run;
	bool same;
	int ret;

	vma_pin_may_lock();
	if (!by.mm)
		return false;
	might_lock_read(&by.mm->mmap_lock);
	run.end = PAGE_ALIGN(pin->start + pin->len);
	if (pin->pages)
		return vma_pin_without_owner(pin, &by, start, run.end);

	ret = vma_run_get(&by, start, &run);
	if (run.end == start || run.kind != PIECE_OWNED)
		return false;
	same = !ret && run.ref.ops == READ_ONCE(pin->ref.ops) &&
	       run.ref.obj == pin->ref.obj &&
	       run.ref.offset == pin->ref.offset - offset_in_page(pin->start);
	vma_owner_ref_put(&run.ref);
	return same;
}
EXPORT_SYMBOL_GPL(vma_pin_still_there);

/**
 * vma_has_owner() - does a VMA name an owner of its memory?
 * @vma: the VMA
 *
 * For those who still take pfns out of page tables, to leave alone what can be
 * pinned. The owner may say that an address of the VMA is not its own.
 *
 * Context: The VMA lock or mmap_lock is held.
 * Return: true if it does.
 */
bool vma_has_owner(const struct vm_area_struct *vma)
{
	return vma->vm_ops && vma->vm_ops->owner_ops;
}
EXPORT_SYMBOL_GPL(vma_has_owner);

static struct workqueue_struct *vma_unpin_wq;

static void vma_unpin_work(struct work_struct *work)
{
	struct vma_pin *pin = container_of(work, struct vma_pin, work);
	void (*released)(struct vma_pin *pin) = pin->released;

	vma_unpin(pin);
	if (released)
		released(pin);
}

/**
 * vma_unpin_deferred() - let go of the memory from any context
 * @pin: a pin that vma_pin_user() or vma_pin_user_prefix() filled
 * @released: called from a work item once @pin is no longer used and may be
 *	freed; may be NULL
 *
 * Context: Any.
 */
void vma_unpin_deferred(struct vma_pin *pin,
			void (*released)(struct vma_pin *pin))
{
	pin->released = released;
	INIT_WORK(&pin->work, vma_unpin_work);
	queue_work(vma_unpin_wq, &pin->work);
}
EXPORT_SYMBOL_GPL(vma_unpin_deferred);

/**
 * vma_unpin_barrier() - wait for the deferred unpins queued so far
 *
 * For an importer's module exit: after it, none of its released callbacks is
 * still to come.
 *
 * Context: Process context, may sleep.
 */
void vma_unpin_barrier(void)
{
	flush_workqueue(vma_unpin_wq);
}
EXPORT_SYMBOL_GPL(vma_unpin_barrier);

/* ------------------------------------------------------------------------- */
/* Between the lock of a pin and its mappings, for drivers/dma-buf/vma-pin.c  */

/**
 * vma_pin_revoke_lock() - take the revoke lock of a pin, if it has one
 * @pin: the pin
 * @killable: let a fatal signal end the wait
 *
 * Context: May sleep.
 * Return: 0 or -EINTR.
 */
int vma_pin_revoke_lock(struct vma_pin *pin, bool killable)
{
	if (!pin->revoke)
		return 0;
	if (killable)
		return down_read_killable(&pin->revoke->lock);
	down_read(&pin->revoke->lock);
	return 0;
}

/**
 * vma_pin_revoke_unlock() - drop the revoke lock of a pin, if it has one
 * @pin: the pin
 *
 * Context: Any.
 */
void vma_pin_revoke_unlock(struct vma_pin *pin)
{
	if (pin->revoke)
		up_read(&pin->revoke->lock);
}

/**
 * vma_pin_assert_locked() - complain if the lock of a pin is not held
 * @pin: the pin
 *
 * Context: Any.
 */
void vma_pin_assert_locked(const struct vma_pin *pin)
{
#ifdef CONFIG_LOCKDEP
	WARN_ON_ONCE(debug_locks && !lock_is_held(&vma_pin_lock_map));
#endif
	if (pin->revoke)
		lockdep_assert_held(&pin->revoke->lock);
}

/**
 * vma_pin_is_closed() - has the memory been taken back, though perhaps not undone?
 * @pin: the pin
 *
 * Context: Any.
 * Return: true if so; false too for memory that was never revocable.
 */
bool vma_pin_is_closed(const struct vma_pin *pin)
{
	return pin->revoke && atomic_read(&pin->users) < 0;
}

/**
 * vma_pin_may_map() - may a mapping be made?
 * @pin: the pin, with its lock held
 *
 * Context: Any; inside &vma_pin_client.restore too.
 * Return: 0, or -ENODEV if the memory is revoked.
 */
int vma_pin_may_map(struct vma_pin *pin)
{
	return pin->revoke && pin->revoke->marked ? -ENODEV : 0;
}

/**
 * vma_pin_mapped() - a mapping has been made, let users in
 * @pin: the pin, with its lock held
 *
 * Context: Any; inside &vma_pin_client.restore too.
 */
void vma_pin_mapped(struct vma_pin *pin)
{
	atomic_cmpxchg(&pin->users, VMA_PIN_CLOSED, 0);
	trace_vma_pin_map(pin);
}

/**
 * vma_pin_enter() - go on using what is mapped, without the lock of the pin
 * @pin: the pin
 *
 * Brackets an access that the importer's invalidate cannot stop: by the CPU
 * through vma_pin_vmap(), by a device that ends its transfer a little later. If
 * the owner takes the memory back meanwhile, the mappings are undone when the
 * last one has left, and the owner waits for that. A dma-buf that moves does not
 * wait: its mapping for the device is only used under the lock, or until
 * invalidate has stopped the device.
 *
 * Context: Any. Nests.
 * Return: true to go on; false if the memory is revoked, or has been and was not
 * mapped again. Then nothing is mapped, and vma_pin_exit() is not called.
 */
bool vma_pin_enter(struct vma_pin *pin)
{
	return !pin->revoke || atomic_inc_unless_negative(&pin->users);
}
EXPORT_SYMBOL_GPL(vma_pin_enter);

static void vma_pin_restore(struct vma_pin *pin)
{
	int ret;

	vma_pin_lock_acquire();
	ret = pin->client->restore(pin);
	vma_pin_lock_release();
	if (ret)
		pr_warn_ratelimited("%s cannot map %zu bytes again: %pe\n",
				    pin->client->name, pin->len, ERR_PTR(ret));
}

/* Lift the mark, if no revoke stands and nobody is in from before one */
static void vma_owner_lift(struct vma_owner_revoke *r)
{
	struct vma_pin *pin;

	lockdep_assert_held_write(&r->lock);
	if (r->nested || r->gone || atomic_read(&r->pending))
		return;
	r->marked = false;
	/* Release: what importers did before they left, to vma_owner_is_drained() */
	smp_store_release(&r->lifts, r->lifts + 1);
	list_for_each_entry(pin, &r->pins, revoke_node)
		if (pin->client->restore)
			vma_pin_restore(pin);
}

/**
 * vma_pin_exit() - the access is over
 * @pin: a pin that vma_pin_enter() was true for
 *
 * Context: May sleep: it may have to undo the mappings, and takes the revoke
 * lock for that. Not under the lock of a pin. The last one calls
 * &vma_pin_client.restore of all pins if the memory was restored before.
 */
void vma_pin_exit(struct vma_pin *pin)
{
	struct vma_owner_revoke *r = pin->revoke;

	vma_pin_may_lock();
	if (!r || atomic_dec_return(&pin->users) != VMA_PIN_CLOSED)
		return;
	/* Nobody maps, undoes or reads what is mapped meanwhile */
	down_write(&r->lock);
	pin->maps->undo(pin);
	atomic_dec_and_wake_up(&r->pending);
	vma_owner_lift(r);
	up_write(&r->lock);
}
EXPORT_SYMBOL_GPL(vma_pin_exit);

/* ------------------------------------------------------------------------- */
/* Revoking                                                                  */

/**
 * DOC: revoking
 *
 * A revocable owner makes a revoke handle with vma_owner_revoke_create() and
 * returns it from &vma_owner_obj_ops.revocable. To take the memory back it
 * calls vma_owner_revoke(), or the two halves of it, the first perhaps under a
 * lock of its own, the second under none:
 *
 * 1. vma_owner_revoke_begin() takes the revoke lock, under which pins and
 *    mappings are made and fault handlers run, and marks the handle: from here
 *    on they fail with -ENODEV.
 * 2. It zaps the CPU mappings, which also flushes KVM and SVA through their
 *    notifiers.
 * 3. For each pin it calls &vma_pin_client.invalidate, which stops the device,
 *    and undoes the mappings of the pin. Where somebody is between
 *    vma_pin_enter() and vma_pin_exit(), the last exit does that.
 * 4. vma_owner_revoke_drain() waits for those exits, for none that came after
 *    the mark. The wait is not interruptible; past ten seconds it names whom it
 *    waits for.
 *
 * On return nobody can reach the memory and the device may go. Pins may remain.
 * After a permanent revoke the core drops object and module for them.
 *
 * vma_owner_restore() ends a temporary revoke. Temporary ones nest by count:
 * each has its own restore, and the last one lifts the mark and calls
 * &vma_pin_client.restore of the pins, all of which were invalidated: none can
 * be made while the mark stands. Where it finds somebody still in, their last exit
 * does that.
 *
 * Revocable memory is mapped to user space by its fault handler, which tests
 * the mark and inserts the PTE between vma_owner_fault_enter() and
 * vma_owner_fault_exit(), so that no PTE can come late. It inserts the PTE
 * itself, by vmf_insert_pfn() and its like: a page returned in vm_fault.page is
 * mapped only after it is back. Nor may &file_operations.mmap fill the VMA: the
 * VMA is then not in the address_space yet, where the zap would find it, and a
 * restore would not bring the mapping back.
 */

/**
 * vma_owner_revoke_create() - make a revoke handle
 * @ops: the exporter's part; must outlive the exporter's reference
 * @priv: given to the ops
 *
 * Context: Process context, may sleep.
 * Return: The handle with one reference, for vma_owner_revoke_put(), or an
 * ERR_PTR: -ENOMEM, or -EOPNOTSUPP without an MMU, where no CPU mapping can be
 * taken back.
 */
struct vma_owner_revoke *
vma_owner_revoke_create(const struct vma_owner_revoke_ops *ops, void *priv)
{
	struct vma_owner_revoke *r;

	if (!IS_ENABLED(CONFIG_MMU))
		return ERR_PTR(-EOPNOTSUPP);
	r = kzalloc_obj(*r);
	if (!r)
		return ERR_PTR(-ENOMEM);
	r->ops = ops;
	r->priv = priv;
	refcount_set(&r->refs, 1);
	init_rwsem(&r->lock);
	spin_lock_init(&r->pins_lock);
	INIT_LIST_HEAD(&r->pins);
	vma_owner_revoke_count(1);
	return r;
}
EXPORT_SYMBOL_GPL(vma_owner_revoke_create);

/**
 * vma_owner_revoke_put() - drop the exporter's reference to a revoke handle
 * @r: the handle, NULL or an ERR_PTR
 *
 * Pins hold the handle too, so that they can be unpinned after the exporter is
 * gone. They do not use its ops. The exporter drops it where it frees the
 * object: fault handlers and @revocable use it until then.
 *
 * Context: Any.
 */
void vma_owner_revoke_put(struct vma_owner_revoke *r)
{
	if (IS_ERR_OR_NULL(r) || !refcount_dec_and_test(&r->refs))
		return;
	WARN_ON_ONCE(!list_empty(&r->pins) || atomic_read(&r->pending));
	kfree(r);
	vma_owner_revoke_count(-1);
}
EXPORT_SYMBOL_GPL(vma_owner_revoke_put);

/**
 * vma_owner_fault_enter() - may a fault handler insert a PTE?
 * @r: the handle, not NULL
 *
 * To be called by the &vm_operations_struct.fault handler of revocable memory
 * before it looks at its object, with vma_owner_fault_exit() after the PTE has
 * been inserted.
 *
 * Context: Fault context, may sleep. Takes the revoke lock.
 * Return: true to go on; false if the memory is revoked, or a fatal signal came,
 * and the handler is to return VM_FAULT_SIGBUS, without vma_owner_fault_exit().
 */
bool vma_owner_fault_enter(struct vma_owner_revoke *r)
{
	if (down_read_killable(&r->lock))
		return false;
	/* The mark may stand a while longer, for pins: another revoke zaps again */
	if (likely(!r->nested && !r->gone))
		return true;
	up_read(&r->lock);
	return false;
}
EXPORT_SYMBOL_GPL(vma_owner_fault_enter);

/**
 * vma_owner_fault_exit() - the PTE has been inserted
 * @r: the handle
 *
 * Context: As vma_owner_fault_enter().
 */
void vma_owner_fault_exit(struct vma_owner_revoke *r)
{
	up_read(&r->lock);
}
EXPORT_SYMBOL_GPL(vma_owner_fault_exit);

/**
 * vma_pin_invalidate() - tell an importer to stop
 * @pin: the pin; its client has &vma_pin_client.invalidate
 * @why: why
 *
 * Context: The lock of the pin is held.
 */
void vma_pin_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	vma_pin_lock_acquire();
	pin->client->invalidate(pin, why);
	vma_pin_lock_release();
}

/* Nobody enters from here on, but for this one, which keeps what is mapped */
static void vma_pin_close(struct vma_pin *pin)
{
	if (!atomic_inc_unless_negative(&pin->users))
		return;
	pin->taken = true;
	atomic_inc(&pin->revoke->pending);
	atomic_or(VMA_PIN_CLOSED, &pin->users);
}

/* Stop the device, then undo what is mapped, if nobody else is in */
static void vma_pin_take_back(struct vma_pin *pin, enum vma_owner_loss how)
{
	vma_pin_invalidate(pin, how);
	if (!pin->taken)
		return;
	pin->taken = false;
	if (atomic_dec_return(&pin->users) != VMA_PIN_CLOSED)
		return;
	pin->maps->undo(pin);
	/* A drain that began late, after its revoke was undone, may sleep by now */
	atomic_dec_and_wake_up(&pin->revoke->pending);
}

/**
 * vma_owner_revoke_begin() - take memory back, but do not wait
 * @r: the handle, of which the caller holds a reference
 * @how: VMA_OWNER_TEMPORARY or VMA_OWNER_PERMANENT
 *
 * On return pins and mappings fail with -ENODEV, the CPU mappings are zapped,
 * every importer has been told and the mappings are undone, save those that were
 * entered: these may be in use until vma_owner_revoke_drain() has returned.
 *
 * Context: Process context, may sleep, perhaps under locks of the exporter that
 * fault handlers do not take inside vma_owner_fault_enter(), nor get_extents and
 * vmap. Takes the revoke lock.
 */
void vma_owner_revoke_begin(struct vma_owner_revoke *r,
			    enum vma_owner_loss how)
{
	struct vma_pin *pin;
	bool news;

	if (WARN_ON_ONCE(how == VMA_OWNER_MOVED))
		return;
	down_write(&r->lock);
	if (how == VMA_OWNER_PERMANENT) {
		news = !r->gone;
		r->gone = true;
	} else {
		/* Whatever the mark says: since the restore, faults are served */
		news = !r->nested && !r->gone;
		r->nested++;
	}
	trace_vma_owner_revoke(r->ops->name, r, r->gone, r->nested,
			       atomic_read(&r->pending));
	if (!news)
		goto out;

	r->marked = true;
	list_for_each_entry(pin, &r->pins, revoke_node)
		vma_pin_close(pin);
	if (r->ops->zap)
		r->ops->zap(r->priv);
	list_for_each_entry(pin, &r->pins, revoke_node)
		vma_pin_take_back(pin, how);
out:
	up_write(&r->lock);
}
EXPORT_SYMBOL_GPL(vma_owner_revoke_begin);

/* No addresses: the log is read by more people than may see them */
static void vma_owner_report(struct vma_owner_revoke *r)
{
	unsigned int left = VMA_OWNER_DRAIN_PINS;
	struct vma_pin *pin;

	down_read(&r->lock);
	spin_lock(&r->pins_lock);
	pr_warn("%s waits for %d pins of revoked memory that are in use\n",
		r->ops->name, atomic_read(&r->pending));
	list_for_each_entry(pin, &r->pins, revoke_node) {
		int users = atomic_read(&pin->users) - VMA_PIN_CLOSED;

		if (users <= 0)
			continue;
		if (!left--)
			break;
		pr_warn("  used by %s: %zu bytes, pinned for %llu s\n",
			pin->client->name, pin->len,
			div_u64(vma_pin_age(pin), 1000));
	}
	spin_unlock(&r->pins_lock);
	up_read(&r->lock);
}

/* Has whoever was in left, even if the mark was lifted and somebody is in again? */
static bool vma_owner_is_drained(const struct vma_owner_revoke *r,
				 unsigned int lifts)
{
	/* Acquire: what importers did before they left is over */
	if (!atomic_read_acquire(&r->pending))
		return true;
	/* Likewise, by vma_owner_lift() */
	return smp_load_acquire(&r->lifts) != lifts;
}

static void vma_owner_wait(struct vma_owner_revoke *r)
{
	unsigned long patience = vma_owner_patience;
	unsigned int lifts;

	down_read(&r->lock);
	lifts = r->lifts;
	up_read(&r->lock);
	while (!wait_var_event_timeout(&r->pending,
				       vma_owner_is_drained(r, lifts),
				       patience)) {
		vma_owner_report(r);
		/* Less than what khungtaskd takes for a hang */
		patience = min(2 * patience, 6 * VMA_OWNER_DRAIN_WARN);
	}
}

/* The memory is gone for good: nothing is left for the pins to hold */
static void vma_owner_drop(struct vma_owner_revoke *r)
{
	struct vma_owner_ref ref;
	struct vma_pin *pin;

	for (;;) {
		down_write(&r->lock);
		pin = list_first_entry_or_null(&r->pins, struct vma_pin,
					       revoke_node);
		if (pin) {
			vma_pin_unlink(pin);
			ref = vma_pin_take_ref(pin);
		}
		up_write(&r->lock);
		if (!pin)
			return;
		vma_owner_ref_put(&ref);
	}
}

/**
 * vma_owner_revoke_drain() - wait until nobody uses revoked memory
 * @r: the handle, revoked by vma_owner_revoke_begin()
 *
 * After a permanent revoke this also drops, for every pin, the object and the
 * module that it holds; the caller must have a reference of its own to both. A
 * pin that is being unpinned meanwhile drops its own, perhaps a little later.
 *
 * Context: Process context, sleeps uninterruptibly. No lock that vma_pin_exit()
 * needs may be held, nor one that the exporter's put takes.
 */
void vma_owner_revoke_drain(struct vma_owner_revoke *r)
{
	bool drop;

	might_sleep();
	vma_owner_wait(r);
	down_read(&r->lock);
	trace_vma_owner_drain(r->ops->name, r, r->gone, r->nested,
			      atomic_read(&r->pending));
	/* Whom a restore let in meanwhile another drain waits for, and drops then */
	drop = r->gone && !atomic_read(&r->pending);
	up_read(&r->lock);
	if (drop)
		vma_owner_drop(r);
}
EXPORT_SYMBOL_GPL(vma_owner_revoke_drain);

/**
 * vma_owner_revoke() - take memory back
 * @r: the handle, of which the caller holds a reference
 * @how: for how long
 *
 * On return nobody can reach the memory any more, by CPU or by device.
 *
 * Context: As vma_owner_revoke_begin() and vma_owner_revoke_drain() together:
 * no lock is held that importers need.
 */
void vma_owner_revoke(struct vma_owner_revoke *r, enum vma_owner_loss how)
{
	vma_owner_revoke_begin(r, how);
	vma_owner_revoke_drain(r);
}
EXPORT_SYMBOL_GPL(vma_owner_revoke);

/**
 * vma_owner_restore() - undo one temporary revoke
 * @r: the handle
 *
 * If it was the last one and the memory is not gone for good, pins and mappings
 * work again, and the importers that asked for it map again now; or with the last
 * vma_pin_exit(), if it comes before the drain is over. To be called once for
 * each temporary revoke: one too many warns.
 *
 * Context: Process context, may sleep, perhaps under locks of the exporter.
 * Takes the revoke lock.
 */
void vma_owner_restore(struct vma_owner_revoke *r)
{
	down_write(&r->lock);
	trace_vma_owner_restore(r->ops->name, r, r->gone, r->nested,
				atomic_read(&r->pending));
	if (!WARN_ON_ONCE(!r->nested)) {
		r->nested--;
		vma_owner_lift(r);
	}
	up_write(&r->lock);
}
EXPORT_SYMBOL_GPL(vma_owner_restore);

/* ------------------------------------------------------------------------- */

/* debugfs                                                                   */

static const char *vma_pin_owner_name(const struct vma_pin *pin)
{
	if (pin->ref.ops)
		return pin->ref.ops->name;
	return pin->revoke ? "(gone)" : "(ordinary)";
}

/*
 * A reader holds the lock of one shard, and for no more than fills its buffer.
 * Between two buffers @cursor, a pin without client, keeps the place.
 */
struct vma_pins_reader {
	struct vma_pin	cursor;
	unsigned int	shard;		/* the one that is locked, or was last */
	bool		parked;		/* @cursor is in @shard */
	bool		addresses;	/* may be seen */
};

static void vma_pins_lock(struct vma_pins_reader *reader)
	__acquires(&vma_pin_shards.lock)
{
	spin_lock(&vma_pin_shard(reader->shard)->lock);
}

static void vma_pins_unlock(struct vma_pins_reader *reader)
	__releases(&vma_pin_shards.lock)
{
	spin_unlock(&vma_pin_shard(reader->shard)->lock);
}

/* The first pin behind @at in the shard, or in the next ones, of which one is locked */
static struct vma_pin *vma_pins_find(struct vma_pins_reader *reader,
				     struct list_head *at)
{
	struct vma_pin_shard *shard = vma_pin_shard(reader->shard);
	struct vma_pin *pin;
	unsigned int next;

	for (;;) {
		for (at = at->next; at != &shard->pins; at = at->next) {
			pin = list_entry(at, struct vma_pin, node);
			if (pin->client)
				return pin;
		}
		next = cpumask_next(reader->shard, cpu_possible_mask);
		if (next >= nr_cpu_ids)
			return NULL;
		vma_pins_unlock(reader);
		reader->shard = next;
		vma_pins_lock(reader);
		shard = vma_pin_shard(next);
		at = &shard->pins;
	}
}

static struct list_head *vma_pins_unpark(struct vma_pins_reader *reader)
{
	struct list_head *at = reader->cursor.node.prev;

	list_del(&reader->cursor.node);
	reader->parked = false;
	return at;
}

static void *vma_pins_start(struct seq_file *m, loff_t *pos)
	__acquires(&vma_pin_shards.lock)
{
	struct vma_pins_reader *reader = m->private;

	/* What a read that faulted had found is lost, and it begins once more */
	if (!*pos && reader->parked) {
		vma_pins_lock(reader);
		vma_pins_unpark(reader);
		vma_pins_unlock(reader);
	}
	if (!*pos)
		reader->shard = cpumask_first(cpu_possible_mask);
	vma_pins_lock(reader);
	if (reader->parked)
		return vma_pins_find(reader, vma_pins_unpark(reader));
	return *pos ? NULL : SEQ_START_TOKEN;
}

static void *vma_pins_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct vma_pins_reader *reader = m->private;
	struct vma_pin *pin = v;

	++*pos;
	return vma_pins_find(reader, v == SEQ_START_TOKEN ?
			     &vma_pin_shard(reader->shard)->pins : &pin->node);
}

static void vma_pins_stop(struct seq_file *m, void *v)
	__releases(&vma_pin_shards.lock)
{
	struct vma_pins_reader *reader = m->private;
	struct vma_pin *pin = v;

	if (v && v != SEQ_START_TOKEN) {
		list_add_tail(&reader->cursor.node, &pin->node);
		reader->parked = true;
	}
	vma_pins_unlock(reader);
}

/* The addresses are another's: for those who may see the kernel's own */
static int vma_pins_show(struct seq_file *m, void *v)
{
	const struct vma_pins_reader *reader = m->private;
	const struct vma_pin *pin = v;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "owner importer start length age-ms\n");
		return 0;
	}
	seq_printf(m, "%s %s %#lx %zu %llu\n", vma_pin_owner_name(pin),
		   pin->client->name,
		   reader->addresses ? pin->start : 0,
		   pin->len, vma_pin_age(pin));
	return 0;
}

static const struct seq_operations vma_pins_sops = {
	.start	= vma_pins_start,
	.next	= vma_pins_next,
	.stop	= vma_pins_stop,
	.show	= vma_pins_show,
};

static int vma_pins_open(struct inode *inode, struct file *file)
{
	struct vma_pins_reader *reader;

	reader = __seq_open_private(file, &vma_pins_sops, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->addresses = kallsyms_show_value(file->f_cred);
	/* To seek would be to walk all pins under the lock */
	return nonseekable_open(inode, file);
}

static int vma_pins_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;
	struct vma_pins_reader *reader = m->private;

	if (reader->parked) {
		spin_lock(&vma_pin_shard(reader->shard)->lock);
		vma_pins_unpark(reader);
		spin_unlock(&vma_pin_shard(reader->shard)->lock);
	}
	return seq_release_private(inode, file);
}

static const struct file_operations vma_pins_fops = {
	.owner		= THIS_MODULE,
	.open		= vma_pins_open,
	.read		= seq_read,
	.release	= vma_pins_release,
};

/* ------------------------------------------------------------------------- */

/*
 * Contract with lockdep: the revoke lock, callbacks and put() come inside
 * mmap_lock, and MMU notifiers inside the revoke lock, by the zap.
 */
static void __init vma_owner_teach_order(struct vma_owner_revoke *r,
					 struct mm_struct *mm)
{
	mmap_read_lock(mm);
	lock_map_acquire(&vma_owner_put_map);
	lock_map_release(&vma_owner_put_map);
	/* As no reader: what readers take inside is seen to come outside only so */
	vma_pin_may_lock();
	down_write(&r->lock);
	vma_pin_lock_acquire();
#ifdef CONFIG_MMU_NOTIFIER
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	lock_map_release(&__mmu_notifier_invalidate_range_start_map);
	/* They run as readers of an SRCU domain: seen by who waits for that */
	mmu_notifier_synchronize();
#endif
	vma_pin_lock_release();
	up_write(&r->lock);
	mmap_read_unlock(mm);
}

static int __init vma_owner_teach_lockdep(void)
{
	static const struct vma_owner_revoke_ops ops = { .name = "lockdep" };
	struct vma_owner_revoke *r;
	struct mm_struct *mm;

	if (!IS_ENABLED(CONFIG_LOCKDEP) || !IS_ENABLED(CONFIG_MMU))
		return 0;
	mm = mm_alloc();
	if (!mm)
		return -ENOMEM;
	r = vma_owner_revoke_create(&ops, NULL);
	if (!IS_ERR(r))
		vma_owner_teach_order(r, mm);
	mmput(mm);
	vma_owner_revoke_put(r);
	return PTR_ERR_OR_ZERO(r);
}

static int __init vma_owner_init(void)
{
	struct dentry *dir;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		spin_lock_init(&vma_pin_shard(cpu)->lock);
		INIT_LIST_HEAD(&vma_pin_shard(cpu)->pins);
	}
	/* Unpinning frees memory */
	vma_unpin_wq = alloc_workqueue("vma_unpin",
				       WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!vma_unpin_wq)
		return -ENOMEM;
	dir = debugfs_create_dir("vma_owner", NULL);
	debugfs_create_file("pins", 0400, dir, NULL, &vma_pins_fops);
	return vma_owner_teach_lockdep();
}
subsys_initcall(vma_owner_init);
