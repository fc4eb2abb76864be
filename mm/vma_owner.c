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
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/mmu_context.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/pagemap.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
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
 * 2. mmap_lock or the VMA lock, dropped before the pin call goes on
 * 3. locks of the exporter (vfio's memory_lock, a dma_resv)
 * 4. the **revoke lock**, one in each &struct vma_owner_revoke
 * 5. leaf locks of the importer, the only ones its callbacks may take
 *
 * ===========================  ================================================
 * Call                         Runs under, takes
 * ===========================  ================================================
 * vma_pin_user()               takes the VMA lock or mmap_lock and drops it,
 *                              then takes the revoke lock
 * vma_pin_still_there()        takes the VMA lock or mmap_lock
 * vma_unpin()                  takes the revoke lock, then dma_resv where there
 *                              is a dma-buf, not both at once; never mmap_lock
 * vma_pin_map_dma(), ...       take dma_resv where there is a dma-buf; never
 *                              the revoke lock
 * vma_owner_revoke_begin()     exporter's locks; takes the revoke lock
 * vma_owner_restore()          exporter's locks; takes the revoke lock
 * vma_owner_revoke_drain()     no lock that undoing a mapping or ``put`` takes
 * ``tryget``                   VMA lock or mmap_lock
 * ``get_dmabuf``               importer's outer locks
 * ``vmap``, ``get_extents``    importer's outer locks; inside ``restore``,
 *                              what that runs under
 * ``vunmap``, ``put_extents``  importer's outer locks; inside ``invalidate``,
 *                              what that runs under
 * ``put``                      importer's outer locks
 * ``zap``                      revoke lock and exporter's locks
 * ``invalidate``               revoke lock or dma_resv, and exporter's locks
 * ``restore``                  revoke lock and exporter's locks
 * ===========================  ================================================
 *
 * An importer that takes a lock in a callback and holds the same lock across
 * vma_pin_user() or vma_unpin() deadlocks one day. lockdep reports it on the
 * first callback, whichever path ran first.
 */

/* What an owner revokes through; see DOC: revoking */
struct vma_owner_revoke {
	const struct vma_owner_revoke_ops *ops;
	void			*priv;
	refcount_t		refs;	/* the exporter's and one of each pin */
	atomic_t		live;	/* mappings, see vma_pin_map_begin() */
	struct mutex		lock;	/* the revoke lock, see DOC: locking */
	struct list_head	pins;	/* under @lock */
	unsigned int		nested;	/* temporary losses, under @lock */
	bool			gone;	/* under @lock */
	bool			marked;	/* written under @lock, read anywhere */
};

/* A drain that takes longer says for whom it waits */
#define VMA_OWNER_DRAIN_WARN	(10 * HZ)

DEFINE_STATIC_SRCU(vma_owner_fault_srcu);

/*
 * Held around importers' callbacks, and touched by every pin and unpin, even of
 * memory that nobody can revoke: what the revoke lock teaches lockdep only when
 * an exporter happens to revoke, this teaches it at once.
 */
#ifdef CONFIG_LOCKDEP
static struct lockdep_map vma_pin_callback_map =
	STATIC_LOCKDEP_MAP_INIT("vma_pin_callback", &vma_pin_callback_map);
#endif

static void vma_pin_may_call_back(void)
{
	might_sleep();
	lock_map_acquire(&vma_pin_callback_map);
	lock_map_release(&vma_pin_callback_map);
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

/* The answer of one VMA, for [addr, end) */
struct vma_piece {
	enum { PIECE_OWNED, PIECE_ORDINARY, PIECE_HOLE } kind;
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

static bool vma_pin_permitted(struct vm_area_struct *vma, unsigned int flags,
			      bool foreign)
{
	bool write = flags & VMA_PIN_WRITE;

	if (vma_is_cow_mapping(vma))
		return false;
	if (!(vma->vm_flags & VM_READ))
		return false;
	if (write && !(vma->vm_flags & VM_WRITE))
		return false;
	return arch_vma_access_permitted(vma, write, false, foreign);
}

/* Returns -ENOENT when @vma has no owner */
static int vma_owner_tryget(struct vm_area_struct *vma, unsigned long addr,
			    unsigned int flags, struct vma_piece *p)
{
	const struct vma_owner_ops *ops;
	struct vma_owner_query q = {
		.file		= vma->vm_file,
		.private_data	= vma->vm_private_data,
		.pgoff		= linear_page_index(vma, addr),
		.len		= p->end - addr,
		.prot		= vma->vm_page_prot,
		.write		= flags & VMA_PIN_WRITE,
	};
	int ret;

	ops = vma->vm_ops ? vma->vm_ops->owner_ops : NULL;
	if (!ops)
		return -ENOENT;
	ret = ops->tryget(&q, &p->ref);
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
	trace_vma_owner_get(&p->ref, addr);
	return 0;
}

/* Who answers for [addr, p->end)? Cuts p->end to what one VMA covers. */
static int vma_piece_get(struct mm_struct *mm, unsigned long addr,
			 unsigned int flags, struct vma_piece *p)
{
	struct vm_area_struct *vma;
	struct locked_vma l;
	bool permitted;
	int ret;

	ret = vma_lock_at(&l, mm, addr);
	if (ret)
		return ret;
	vma = l.vma;
	if (!vma) {
		vma_unlock(&l);
		p->kind = PIECE_HOLE;
		return 0;
	}

	p->end = min(p->end, vma->vm_end);
	permitted = vma_pin_permitted(vma, flags, mm != current->mm);
	ret = vma_owner_tryget(vma, addr, flags, p);
	if (ret == -ENOENT) {
		p->kind = PIECE_ORDINARY;
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
static int vma_run_get(struct mm_struct *mm, unsigned long start,
		       unsigned int flags, struct vma_piece *run)
{
	unsigned long addr, end = run->end;
	int ret;

	ret = vma_piece_get(mm, start, flags, run);
	if (ret) {
		run->end = start;
		return ret;
	}

	for (addr = run->end; run->kind != PIECE_HOLE && addr < end;
	     addr = run->end) {
		struct vma_piece p = { .end = end };
		bool adjoins;

		ret = vma_piece_get(mm, addr, flags, &p);
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

/* Live pins for debugfs; also orders vma_pin_take_ref() with its reader */
static LIST_HEAD(vma_pins);
static DEFINE_SPINLOCK(vma_pins_lock);

static void vma_pin_list(struct vma_pin *pin)
{
	spin_lock(&vma_pins_lock);
	list_add_tail(&pin->node, &vma_pins);
	spin_unlock(&vma_pins_lock);
	trace_vma_pin(pin);
}

static void vma_pin_unlist(struct vma_pin *pin)
{
	trace_vma_unpin(pin);
	spin_lock(&vma_pins_lock);
	list_del(&pin->node);
	spin_unlock(&vma_pins_lock);
}

/* Make @pin an empty shell; the caller puts what it held */
static struct vma_owner_ref vma_pin_take_ref(struct vma_pin *pin)
{
	struct vma_owner_ref ref;

	spin_lock(&vma_pins_lock);
	ref = pin->ref;
	pin->ref.ops = NULL;
	spin_unlock(&vma_pins_lock);
	return ref;
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
	pin->pages = kvmalloc_array(nr, sizeof(*pin->pages), GFP_KERNEL);
	if (!pin->pages)
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
	kvfree(pin->pages);
	pin->pages = NULL;
	return ret < 0 ? ret : -EFAULT;
}

static int vma_pin_link(struct vma_pin *pin, struct vma_owner_revoke *r)
{
	int ret = 0;

	refcount_inc(&r->refs);
	pin->revoke = r;

	/* One section, so that a revoke is seen here or its walk sees the pin */
	mutex_lock(&r->lock);
	if (r->marked)
		ret = -ENODEV;
	else
		list_add_tail(&pin->revoke_node, &r->pins);
	mutex_unlock(&r->lock);

	if (ret) {
		pin->revoke = NULL;
		vma_owner_revoke_put(r);
	}
	return ret;
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

	ret = r ? vma_pin_link(pin, r) : 0;
	if (!ret) {
		vma_pin_list(pin);
		return 0;
	}
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

	*pin = (struct vma_pin) {
		.start	= start,
		.len	= len,
		.flags	= flags,
		.since	= jiffies,
		.revoke_node = LIST_HEAD_INIT(pin->revoke_node),
	};
	mutex_init(&pin->sync_lock);
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
	struct mm_struct *mm = current->mm;
	struct vma_piece run;
	unsigned long end;
	int ret;

	vma_pin_may_call_back();
	start = untagged_addr(start);
	ret = vma_pin_init(pin, start, len, flags, client, &end);
	if (ret)
		return ret;
	ret = -EFAULT;
	if (!mm)
		goto err;
	might_lock_read(&mm->mmap_lock);

	run.end = end;
	ret = vma_run_get(mm, start & PAGE_MASK, flags, &run);
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
	struct vma_piece run;
	unsigned long end;
	int ret;

	vma_pin_may_call_back();
	might_lock_read(&mm->mmap_lock);
	len = min_t(size_t, len, SSIZE_MAX);
	ret = vma_pin_init(pin, start, len, flags, client, &end);
	if (ret)
		return ret;

	run.end = end;
	ret = vma_run_get(mm, start & PAGE_MASK, flags, &run);
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

/**
 * vma_unpin() - let go of the memory
 * @pin: a pin that vma_pin_user() or vma_pin_user_prefix() filled
 *
 * Undoes the mappings that are left, puts the object and its module, or unpins
 * the pages and marks them dirty if they were pinned for writing. No callback
 * runs for @pin once this has returned.
 *
 * Context: Process context, may sleep. Takes the revoke lock, dma_resv if the
 * memory is a dma-buf, and what the exporter's put takes; never mmap_lock. Not
 * from a callback. For other contexts there is vma_unpin_deferred().
 */
void vma_unpin(struct vma_pin *pin)
{
	struct vma_owner_revoke *r = pin->revoke;
	struct vma_owner_ref ref;

	vma_pin_may_call_back();
	if (WARN_ON_ONCE(!pin->client))
		return;

	if (r) {
		mutex_lock(&r->lock);
		list_del_init(&pin->revoke_node);
		mutex_unlock(&r->lock);
	}
	if (pin->release)
		pin->release(pin);
	vma_pin_unlist(pin);
	ref = vma_pin_take_ref(pin);
	if (ref.ops)
		vma_owner_ref_put(&ref);
	if (pin->pages) {
		unpin_user_pages_dirty_lock(pin->pages, pin->nr_pages,
					    pin->flags & VMA_PIN_WRITE);
		kvfree(pin->pages);
		pin->pages = NULL;
	}
	if (r)
		vma_owner_revoke_put(r);
	pin->revoke = NULL;
	pin->client = NULL;
}
EXPORT_SYMBOL_GPL(vma_unpin);

/* Ordinary memory is not asked for its pages, but an owner there is another's */
static bool vma_pin_without_owner(struct mm_struct *mm, unsigned long addr,
				  unsigned long end)
{
	struct vma_piece p;

	for (; addr < end; addr = p.end) {
		p.end = end;
		if (vma_piece_get(mm, addr, 0, &p))
			return false;
		if (p.kind != PIECE_OWNED)
			continue;
		vma_owner_ref_put(&p.ref);
		return false;
	}
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
 * nobody did before.
 *
 * Context: As vma_pin_user().
 * Return: true if all of the range shows the pinned object at the pinned offset.
 * false if not, also where that cannot be said: then pin again, and pass on the
 * errno of that.
 */
bool vma_pin_still_there(const struct vma_pin *pin)
{
	unsigned long start = pin->start & PAGE_MASK;
	struct mm_struct *mm = current->mm;
	struct vma_piece run;
	bool same;
	int ret;

	vma_pin_may_call_back();
	if (!mm)
		return false;
	might_lock_read(&mm->mmap_lock);
	run.end = PAGE_ALIGN(pin->start + pin->len);
	if (pin->pages)
		return vma_pin_without_owner(mm, start, run.end);

	ret = vma_run_get(mm, start, 0, &run);
	if (run.end == start || run.kind != PIECE_OWNED)
		return false;
	same = !ret && run.ref.ops == READ_ONCE(pin->ref.ops) &&
	       run.ref.obj == pin->ref.obj &&
	       run.ref.offset == pin->ref.offset - offset_in_page(pin->start);
	vma_owner_ref_put(&run.ref);
	return same;
}
EXPORT_SYMBOL_GPL(vma_pin_still_there);

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

/**
 * vma_pin_map_begin() - count a mapping that is about to be made
 * @pin: the pin
 *
 * Context: May sleep; inside &vma_pin_client.restore too.
 * Return: 0, or -ENODEV if the memory is revoked.
 */
int vma_pin_map_begin(struct vma_pin *pin)
{
	struct vma_owner_revoke *r = pin->revoke;

	might_sleep();
	if (WARN_ON_ONCE(!pin->client))
		return -EINVAL;
	if (!r)
		goto out;

	/*
	 * Count, then look at the mark; vma_owner_revoke_begin() marks, then
	 * looks at the count. With a full barrier between the two on either
	 * side one of them sees the other. Not under the revoke lock, since
	 * restore callbacks map while that is held.
	 */
	atomic_inc(&r->live);
	smp_mb__after_atomic(); /* count before mark */
	if (READ_ONCE(r->marked)) {
		vma_pin_map_end(pin);
		return -ENODEV;
	}
out:
	trace_vma_pin_map(pin);
	return 0;
}

/**
 * vma_pin_map_end() - a mapping counted by vma_pin_map_begin() is no more
 * @pin: the pin
 *
 * Context: Any; inside &vma_pin_client.invalidate too.
 */
void vma_pin_map_end(struct vma_pin *pin)
{
	struct vma_owner_revoke *r = pin->revoke;

	if (r)
		atomic_dec_and_wake_up(&r->live);
}

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
 * 1. vma_owner_revoke_begin() marks the handle: from here on pins and mappings
 *    fail with -ENODEV.
 * 2. It waits for fault handlers that have not seen the mark, zaps the CPU
 *    mappings, which also flushes KVM and SVA through their notifiers,
 * 3. and calls &vma_pin_client.invalidate for each pin.
 * 4. vma_owner_revoke_drain() waits until **live mappings are zero**. The wait
 *    is not interruptible; past ten seconds it names whom it waits for.
 *
 * On return nobody can reach the memory and the device may go. Pins may remain.
 * After a permanent revoke the core drops object and module for them.
 *
 * vma_owner_restore() ends a temporary revoke. Temporary ones nest by count:
 * each has its own restore, and the last one lifts the mark and calls
 * &vma_pin_client.restore of the pins, all of which were invalidated: none can
 * be made while the mark stands.
 *
 * Revocable memory is mapped to user space by its fault handler, which tests
 * the mark and inserts the PTE between vma_owner_fault_enter() and
 * vma_owner_fault_exit(), so that no PTE can come late. It inserts the PTE
 * itself, by vmf_insert_pfn() and its like: a page returned in vm_fault.page is
 * mapped only after it is back. Nor may &file_operations.mmap fill the VMA: the
 * VMA is then not in the address_space yet, where the zap would find it, and a
 * restore would not bring the mapping back.
 *
 * An owner that hands out dma-bufs does not come here. It revokes as dma-buf
 * exporters do: dma_buf_invalidate_mappings(), and -ENODEV from its
 * map_dma_buf, vmap and tryget until the memory is back. A kernel mapping that
 * an importer has of the dma-buf stays, so such memory is not freed before the
 * last put.
 */

/**
 * vma_owner_revoke_create() - make a revoke handle
 * @ops: the exporter's part; must outlive the exporter's reference
 * @priv: given to the ops
 *
 * Context: Process context, may sleep.
 * Return: The handle with one reference, for vma_owner_revoke_put(), or NULL
 * when out of memory or without an MMU, where no CPU mapping can be taken back.
 */
struct vma_owner_revoke *
vma_owner_revoke_create(const struct vma_owner_revoke_ops *ops, void *priv)
{
	struct vma_owner_revoke *r;

	if (!IS_ENABLED(CONFIG_MMU))
		return NULL;
	r = kzalloc_obj(*r);
	if (!r)
		return NULL;
	r->ops = ops;
	r->priv = priv;
	refcount_set(&r->refs, 1);
	mutex_init(&r->lock);
	INIT_LIST_HEAD(&r->pins);
	return r;
}
EXPORT_SYMBOL_GPL(vma_owner_revoke_create);

/**
 * vma_owner_revoke_put() - drop the exporter's reference to a revoke handle
 * @r: the handle, may be NULL
 *
 * Pins hold the handle too, so that they can be unpinned after the exporter is
 * gone. They do not use its ops. The exporter drops it where it frees the
 * object: fault handlers and @revocable use it until then.
 *
 * Context: Any.
 */
void vma_owner_revoke_put(struct vma_owner_revoke *r)
{
	if (!r || !refcount_dec_and_test(&r->refs))
		return;
	WARN_ON_ONCE(!list_empty(&r->pins) || atomic_read(&r->live));
	mutex_destroy(&r->lock);
	kfree(r);
}
EXPORT_SYMBOL_GPL(vma_owner_revoke_put);

/**
 * vma_owner_fault_enter() - may a fault handler insert a PTE?
 * @r: the handle, not NULL
 * @idx: cookie for vma_owner_fault_exit()
 *
 * To be called by the &vm_operations_struct.fault handler of revocable memory
 * before it looks at its object, with vma_owner_fault_exit() after the PTE has
 * been inserted. Between the two it must not take a lock that its driver holds
 * around vma_owner_revoke_begin().
 *
 * Context: Fault context, may sleep. Enters an SRCU section.
 * Return: true to go on; false if the memory is revoked and the handler is to
 * return VM_FAULT_SIGBUS, without vma_owner_fault_exit().
 */
bool vma_owner_fault_enter(struct vma_owner_revoke *r, int *idx)
{
	*idx = srcu_read_lock(&vma_owner_fault_srcu);
	if (likely(!READ_ONCE(r->marked)))
		return true;
	srcu_read_unlock(&vma_owner_fault_srcu, *idx);
	return false;
}
EXPORT_SYMBOL_GPL(vma_owner_fault_enter);

/**
 * vma_owner_fault_exit() - the PTE has been inserted
 * @idx: cookie of vma_owner_fault_enter()
 *
 * Context: As vma_owner_fault_enter().
 */
void vma_owner_fault_exit(int idx)
{
	srcu_read_unlock(&vma_owner_fault_srcu, idx);
}
EXPORT_SYMBOL_GPL(vma_owner_fault_exit);

/**
 * vma_pin_invalidate() - tell an importer to stop
 * @pin: the pin; its client has &vma_pin_client.invalidate
 * @why: why
 *
 * Context: The revoke lock or, for VMA_PIN_MOVED, the dma_resv is held.
 */
void vma_pin_invalidate(struct vma_pin *pin, enum vma_pin_loss why)
{
	lock_map_acquire(&vma_pin_callback_map);
	pin->client->invalidate(pin, why);
	lock_map_release(&vma_pin_callback_map);
}

static void vma_pin_restore(struct vma_pin *pin)
{
	int ret;

	lock_map_acquire(&vma_pin_callback_map);
	ret = pin->client->restore(pin);
	lock_map_release(&vma_pin_callback_map);
	if (ret)
		pr_warn("%s cannot map %#lx+%zu again: %pe\n",
			pin->client->name, pin->start, pin->len, ERR_PTR(ret));
}

/**
 * vma_owner_revoke_begin() - take memory back, but do not wait
 * @r: the handle, of which the caller holds a reference
 * @how: for how long
 *
 * On return pins and mappings fail with -ENODEV, the CPU mappings are zapped
 * and every importer has been told. Their mappings may still be live until
 * vma_owner_revoke_drain() has returned.
 *
 * Context: Process context, may sleep, perhaps under locks of the exporter that
 * fault handlers do not take inside vma_owner_fault_enter(). Takes the revoke
 * lock; waits for an SRCU grace period.
 */
void vma_owner_revoke_begin(struct vma_owner_revoke *r,
			    enum vma_owner_loss how)
{
	enum vma_pin_loss why = VMA_PIN_REVOKED;
	struct vma_pin *pin;
	bool news;

	mutex_lock(&r->lock);
	if (how == VMA_OWNER_PERMANENT) {
		why = VMA_PIN_GONE;
		news = !r->gone;
		r->gone = true;
	} else {
		news = !r->marked;
		r->nested++;
	}
	trace_vma_owner_revoke(r->ops->name, r, r->gone, r->nested,
			       atomic_read(&r->live));
	if (!news)
		goto out;

	WRITE_ONCE(r->marked, true);
	smp_mb(); /* mark before count, see vma_pin_map_begin() */
	synchronize_srcu_expedited(&vma_owner_fault_srcu);
	if (r->ops->zap)
		r->ops->zap(r->priv);
	list_for_each_entry(pin, &r->pins, revoke_node)
		vma_pin_invalidate(pin, why);
out:
	mutex_unlock(&r->lock);
}
EXPORT_SYMBOL_GPL(vma_owner_revoke_begin);

static void vma_owner_report(struct vma_owner_revoke *r)
{
	struct vma_pin *pin;

	mutex_lock(&r->lock);
	pr_warn("%s waits for %d mappings of revoked memory\n", r->ops->name,
		atomic_read(&r->live));
	list_for_each_entry(pin, &r->pins, revoke_node)
		pr_warn("  pinned by %s: %#lx+%zu, for %u s\n",
			pin->client->name, pin->start, pin->len,
			jiffies_to_msecs(jiffies - pin->since) / 1000);
	mutex_unlock(&r->lock);
}

/* The memory is gone for good: nothing is left for the pins to hold */
static void vma_owner_drop(struct vma_owner_revoke *r)
{
	struct vma_owner_ref ref;
	struct vma_pin *pin;

	for (;;) {
		mutex_lock(&r->lock);
		pin = list_first_entry_or_null(&r->pins, struct vma_pin,
					       revoke_node);
		if (pin) {
			list_del_init(&pin->revoke_node);
			ref = vma_pin_take_ref(pin);
		}
		mutex_unlock(&r->lock);
		if (!pin)
			return;
		vma_owner_ref_put(&ref);
	}
}

/**
 * vma_owner_revoke_drain() - wait until no mapping of revoked memory is live
 * @r: the handle, revoked by vma_owner_revoke_begin() and not yet restored
 *
 * After a permanent revoke this also drops, for every pin, the object and the
 * module that it holds; the caller must have a reference of its own to both. A
 * pin that is being unpinned meanwhile drops its own, perhaps a little later.
 *
 * Context: Process context, sleeps uninterruptibly. No lock that an importer
 * needs to undo a mapping may be held, nor one that the exporter's put takes.
 */
void vma_owner_revoke_drain(struct vma_owner_revoke *r)
{
	bool gone;

	might_sleep();
	/* Acquire: what importers did before they undid their mappings is over */
	while (!wait_var_event_timeout(&r->live, !atomic_read_acquire(&r->live),
				       VMA_OWNER_DRAIN_WARN))
		vma_owner_report(r);

	mutex_lock(&r->lock);
	gone = r->gone;
	trace_vma_owner_drain(r->ops->name, r, gone, r->nested,
			      atomic_read(&r->live));
	mutex_unlock(&r->lock);
	if (gone)
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
 * work again, and the importers that asked for it map again now. To be called
 * once for each temporary revoke, after its drain has returned: one too many
 * warns, and a drain that is under way would wait for what maps again.
 *
 * Context: Process context, may sleep, perhaps under locks of the exporter.
 * Takes the revoke lock.
 */
void vma_owner_restore(struct vma_owner_revoke *r)
{
	struct vma_pin *pin;

	mutex_lock(&r->lock);
	trace_vma_owner_restore(r->ops->name, r, r->gone, r->nested,
				atomic_read(&r->live));
	if (WARN_ON_ONCE(!r->nested) || --r->nested || r->gone)
		goto out;
	WRITE_ONCE(r->marked, false);
	list_for_each_entry(pin, &r->pins, revoke_node)
		if (pin->client->restore)
			vma_pin_restore(pin);
out:
	mutex_unlock(&r->lock);
}
EXPORT_SYMBOL_GPL(vma_owner_restore);

/* ------------------------------------------------------------------------- */

static const char *vma_pin_owner_name(const struct vma_pin *pin)
{
	if (pin->ref.ops)
		return pin->ref.ops->name;
	return pin->revoke ? "(gone)" : "(ordinary)";
}

static int vma_pins_show(struct seq_file *m, void *unused)
{
	struct vma_pin *pin;

	seq_puts(m, "owner importer start length age-ms\n");
	spin_lock(&vma_pins_lock);
	list_for_each_entry(pin, &vma_pins, node)
		seq_printf(m, "%s %s %#lx %zu %u\n", vma_pin_owner_name(pin),
			   pin->client->name, pin->start, pin->len,
			   jiffies_to_msecs(jiffies - pin->since));
	spin_unlock(&vma_pins_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vma_pins);

/* Contract with lockdep: revoke lock, callbacks and put() come inside mmap_lock */
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
	if (r) {
		mmap_read_lock(mm);
		lock_map_acquire(&vma_owner_put_map);
		lock_map_release(&vma_owner_put_map);
		mutex_lock(&r->lock);
		lock_map_acquire(&vma_pin_callback_map);
		lock_map_release(&vma_pin_callback_map);
		mutex_unlock(&r->lock);
		mmap_read_unlock(mm);
	}
	mmput(mm);
	vma_owner_revoke_put(r);
	return r ? 0 : -ENOMEM;
}

static int __init vma_owner_init(void)
{
	struct dentry *dir;

	vma_unpin_wq = alloc_workqueue("vma_unpin", WQ_UNBOUND, 0);
	if (!vma_unpin_wq)
		return -ENOMEM;
	dir = debugfs_create_dir("vma_owner", NULL);
	debugfs_create_file("pins", 0400, dir, NULL, &vma_pins_fops);
	return vma_owner_teach_lockdep();
}
subsys_initcall(vma_owner_init);
