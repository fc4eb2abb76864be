// SPDX-License-Identifier: GPL-2.0
/*
 * Torture of VMA owners: owners and importers that do what they may at random, against
 * a model that knows what each call must return.
 *
 * Threads of a user program lend their address spaces, see vma_owner_torture.h. Each
 * has an area of its own there, of which it knows every page (struct tt_page), so that
 * it can tell what a pin of any range of it must say. What others do meanwhile is in
 * the state of a unit, the objects that are revoked together: a call during which that
 * state did not change has one right answer, another one two.
 *
 * What is mapped is accessed, by all threads, at a few cells of each page that tell the
 * object and the page. The owner writes TT_TAKEN over memory that it took back, and sees
 * it unharmed before it gives it out again; what is free is TT_POISON, until it is part
 * of another object. So an access that comes late is seen, by whoever is late if it
 * reads, and by the next owner if it wrote.
 *
 * Operation n of worker w is the same in each run of a seed, as far as what is there
 * to be operated on is the same. With one worker the whole run is.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/anon_inodes.h>
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vma_owner.h>
#include <linux/vmalloc.h>

#include "vma_owner_torture.h"

static unsigned long long seed = 1;
module_param(seed, ullong, 0444);
MODULE_PARM_DESC(seed, "what all random choices come from");

static unsigned long ops = 100000;
module_param(ops, ulong, 0444);
MODULE_PARM_DESC(ops, "operations in all");

static unsigned int workers = 4;
module_param(workers, uint, 0444);
MODULE_PARM_DESC(workers, "threads, each with an equal part of them");

static bool forks = true;
module_param(forks, bool, 0444);
MODULE_PARM_DESC(forks, "have children, and kill some");

static unsigned long done;
module_param(done, ulong, 0444);
MODULE_PARM_DESC(done, "operations so far, to be read");

#define TT_PAGES	4		/* of an object */
#define TT_SIZE		(TT_PAGES * PAGE_SIZE)
#define TT_CELLS	8		/* of a page */
#define TT_CELL		(PAGE_SIZE / TT_CELLS)
#define TT_AREA		24		/* pages of a worker's address space */
#define TT_BASE		0x100000000000UL
#define TT_WORKERS	16
#define TT_CHILDREN	4
#define TT_UNITS	12
#define TT_BUFS		12		/* pins of a worker */
#define TT_SHARED	32		/* pins that others access */
#define TT_TOKENS	3		/* temporary revokes that stand */
#define TT_BLOCKS	64		/* of TT_PAGES each, for all objects */
#define TT_BATCH	64		/* operations between two returns to user space */
#define TT_TRACE	24		/* last operations, shown when one fails */

#define TT_TAKEN	0x5c
#define TT_POISON	0xa5

/* ------------------------------------------------------------------------- */
/* What is told                                                              */

static atomic_t failures;
static bool stopped;

/* Stops all workers: what comes after the first failure may follow from it */
#define tt_fail(fmt, ...) do {						\
	if (atomic_inc_return(&failures) <= 8)				\
		pr_err("seed %llu: " fmt "\n", seed, ##__VA_ARGS__);	\
	WRITE_ONCE(stopped, true);					\
} while (0)

#define tt_check(cond, fmt, ...) ({					\
	bool __ok = (cond);						\
									\
	if (!__ok)							\
		tt_fail(fmt, ##__VA_ARGS__);				\
	__ok;								\
})

enum tt_count {
	N_OP, N_MMAP, N_ANON, N_MUNMAP, N_MREMAP, N_MPROTECT, N_FORK, N_KILLED, N_TOUCH,
	N_SIGBUS, N_PIN, N_PIN_REFUSED, N_PREFIX, N_MAP, N_MAP_REFUSED, N_ACCESS, N_SHUT,
	N_DEVICE, N_UNMAP, N_UNPIN, N_DEFERRED, N_STILL, N_REVOKE, N_RESTORE, N_BRIEF,
	N_UNBIND, N_MOVE, N_LOSE, N_BACK, N_INVALIDATE, N_RESTORED, N_FREED, N_UNSURE,
	N_COUNTS
};

static const char * const tt_counted[N_COUNTS] = {
	"operations", "mmap", "mmap of ordinary memory", "munmap", "mremap", "mprotect",
	"fork", "of them killed", "accesses by user space", "of them SIGBUS",
	"pins", "pins refused", "prefixes", "mappings", "mappings refused",
	"accesses by the CPU", "shut out", "accesses by a device", "unmappings",
	"unpins", "deferred", "asked whether it is still there", "revokes", "restores",
	"restores before the drain", "unbinds", "moves", "losses", "recoveries",
	"invalidates", "restores by importers", "objects freed",
	"answers that depended on others",
};

static atomic_long_t tt_counts[N_COUNTS];

static void tt_count(enum tt_count what)
{
	atomic_long_inc(&tt_counts[what]);
}

/* ------------------------------------------------------------------------- */
/* Chance                                                                    */

struct tt_rng {
	u64 s;
};

static u64 tt_mix(u64 x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static u32 tt_rnd(struct tt_rng *rng, u32 n)
{
	rng->s = tt_mix(rng->s);
	return ((rng->s >> 32) * n) >> 32;
}

static bool tt_one_in(struct tt_rng *rng, u32 n)
{
	return !tt_rnd(rng, n);
}

/* ------------------------------------------------------------------------- */
/* Memory                                                                    */

static u64 tt_cell(u32 id, unsigned int page, u32 rest)
{
	return (u64)id << 32 | (u64)page << 24 | (rest & 0xffffff);
}

static bool tt_cell_is(u64 v, u32 id, unsigned int page)
{
	return v >> 24 == ((u64)id << 8 | page);
}

/* First in, first out, so that what is free stays poisoned for a while */
static struct page *tt_blocks[TT_BLOCKS];
static unsigned int tt_first, tt_free;
static DEFINE_SPINLOCK(tt_blocks_lock);

static bool tt_page_is(struct page *page, u8 c)
{
	return !memchr_inv(page_address(page), c, PAGE_SIZE);
}

static void tt_page_fill(struct page *page, u8 c)
{
	memset(page_address(page), c, PAGE_SIZE);
}

static struct page *tt_block_get(void)
{
	struct page *block = NULL;
	unsigned int i;

	spin_lock(&tt_blocks_lock);
	if (tt_free) {
		block = tt_blocks[tt_first];
		tt_first = (tt_first + 1) % TT_BLOCKS;
		tt_free--;
	}
	spin_unlock(&tt_blocks_lock);
	for (i = 0; block && i < TT_PAGES; i++)
		tt_check(tt_page_is(block + i, TT_POISON),
			 "free memory was written to: a late write");
	return block;
}

static void tt_block_put(struct page *block)
{
	unsigned int i;

	for (i = 0; i < TT_PAGES; i++)
		tt_page_fill(block + i, TT_POISON);
	spin_lock(&tt_blocks_lock);
	tt_blocks[(tt_first + tt_free) % TT_BLOCKS] = block;
	tt_free++;
	spin_unlock(&tt_blocks_lock);
}

static void tt_blocks_free(void)
{
	struct page *block;
	unsigned int i;

	while ((block = tt_block_get()))
		for (i = 0; i < TT_PAGES; i++)
			__free_page(block + i);
}

static int tt_blocks_alloc(void)
{
	unsigned int i, order = get_order(TT_SIZE);
	struct page *block;

	for (i = 0; i < TT_BLOCKS; i++) {
		block = alloc_pages(GFP_KERNEL, order);
		if (!block) {
			tt_blocks_free();
			return -ENOMEM;
		}
		split_page(block, order);
		tt_block_put(block);
	}
	return 0;
}

/* ------------------------------------------------------------------------- */
/* Owners                                                                    */

enum tt_kind {
	TT_STATIC,	/* RAM, faulted in as pages; private mappings are allowed */
	TT_REVOCABLE,	/* RAM */
	TT_PAIR,	/* two objects with one handle */
	TT_MMIO,	/* without provider and kernel mapping */
	TT_FIXED,	/* RAM_FIXED, cached */
	TT_DMABUF,	/* mapped through the dma-buf, which moves and is lost */
	TT_EXPORTS,	/* a dma-buf anew for each pin */
	TT_KINDS
};

/* What a unit's memory is, for a call that began and ended in @state */
enum tt_verdict { TT_OPEN, TT_SHUT, TT_UNSURE };

/* Of &struct tt_unit.state: owners at work, revokes that stand, the end, a count */
#define TT_WORKING	1ULL
#define TT_NESTED	BIT_ULL(16)
#define TT_GONE		BIT_ULL(32)
#define TT_TICK		BIT_ULL(33)

/**
 * struct tt_unit - what is revoked together
 * @ref: of the table, its objects, those that will restore it
 * @kind: kind of memory
 * @r: NULL for what is static or has a dma-buf
 * @state: see above
 * @lock: serialises what is done to memory that is taken back
 * @takers: who has taken it, under @lock
 * @ended: there is no owner any more, under @lock
 * @nr: of objects
 * @objs: until @ended
 */
struct tt_unit {
	struct kref ref;
	enum tt_kind kind;
	struct vma_owner_revoke *r;
	atomic64_t state;
	struct mutex lock;	/* see above */
	unsigned int takers;
	bool ended;
	unsigned int nr;
	struct tt_obj *objs[2];
};

/**
 * struct tt_obj - one buffer
 * @ref: of the owner, of each file and dma-buf, of each pin
 * @node: of all that are not freed
 * @unit: what it is revoked with
 * @id: never used again
 * @size: may end in the last page
 * @scattered: pages the other way round, with a kernel mapping by vmap()
 * @taken: its memory is TT_TAKEN
 * @block: all pages
 * @file: what is mapped, until the end
 * @inode: of that
 * @dmabuf: of TT_DMABUF
 * @rw: faults, against moves
 * @vmaps: kernel mappings of TT_DMABUF, under its dma_resv
 * @pinned: attachments of those who know of no moves, likewise
 * @mappings: extents and kernel mappings that have not been undone
 * @calls: for mappings, see tt_dawdle()
 * @refuse: a task to which tryget says @refusal
 */
struct tt_obj {
	struct kref ref;
	struct list_head node;
	struct tt_unit *unit;
	u32 id;
	size_t size;
	bool scattered;
	bool taken;
	struct page *block;
	struct file *file;
	struct inode *inode;
	struct dma_buf *dmabuf;
	struct rw_semaphore rw;	/* see above */
	unsigned int vmaps;
	unsigned int pinned;
	atomic_t mappings;
	atomic_t calls;
	struct task_struct *refuse;
	int refusal;
};

static atomic_t tt_objs, tt_units, tt_bufs, tt_ids;
static LIST_HEAD(tt_all);
static DEFINE_SPINLOCK(tt_all_lock);

static u64 tt_state(struct tt_unit *u)
{
	return atomic64_read_acquire(&u->state);
}

static void tt_change(struct tt_unit *u, s64 by)
{
	atomic64_add_return(by + TT_TICK, &u->state);
}

static enum tt_verdict tt_verdict(u64 before, u64 after)
{
	if (before & after & TT_GONE)
		return TT_SHUT;
	if (before != after) {
		tt_count(N_UNSURE);
		return TT_UNSURE;
	}
	if (before & (TT_GONE | 0xffff0000))
		return TT_SHUT;
	if (before & 0xffff) {
		tt_count(N_UNSURE);
		return TT_UNSURE;
	}
	return TT_OPEN;
}

static bool tt_has_dmabuf(enum tt_kind kind)
{
	return kind == TT_DMABUF || kind == TT_EXPORTS;
}

static bool tt_revocable(enum tt_kind kind)
{
	return kind != TT_STATIC && !tt_has_dmabuf(kind);
}

static void tt_unit_free(struct kref *ref)
{
	struct tt_unit *u = container_of(ref, struct tt_unit, ref);

	vma_owner_revoke_put(u->r);
	kfree(u);
	atomic_dec(&tt_units);
}

static void tt_unit_put(struct tt_unit *u)
{
	kref_put(&u->ref, tt_unit_free);
}

static struct page *tt_page_of(struct tt_obj *obj, unsigned int i)
{
	return obj->block + (obj->scattered ? TT_PAGES - 1 - i : i);
}

static void tt_obj_write(struct tt_obj *obj)
{
	unsigned int i, k;

	for (i = 0; i < TT_PAGES; i++) {
		u64 *p = page_address(tt_page_of(obj, i));

		for (k = 0; k < TT_CELLS; k++)
			p[k * TT_CELL / sizeof(*p)] = tt_cell(obj->id, i, k);
	}
}

/* Nobody may read or write it now, and whoever did not know finds out */
static void tt_obj_take(struct tt_obj *obj)
{
	unsigned int i;

	for (i = 0; i < TT_PAGES; i++)
		tt_page_fill(tt_page_of(obj, i), TT_TAKEN);
	obj->taken = true;
}

static void tt_obj_is_taken(struct tt_obj *obj)
{
	unsigned int i;

	for (i = 0; i < TT_PAGES; i++)
		tt_check(tt_page_is(tt_page_of(obj, i), TT_TAKEN),
			 "page %u of object %u, kind %d, was written to while taken back",
			 i, obj->id, obj->unit->kind);
}

static void tt_obj_give_back(struct tt_obj *obj)
{
	tt_obj_is_taken(obj);
	tt_obj_write(obj);
	obj->taken = false;
}

static bool tt_check_cell(u64 *cell, u32 id, unsigned int page, bool write, u32 rest,
			  const char *by)
{
	u64 v = READ_ONCE(*cell);

	if (!tt_check(tt_cell_is(v, id, page),
		      "%s: page %u of object %u reads %#llx", by, page, id, v))
		return false;
	if (write)
		WRITE_ONCE(*cell, tt_cell(id, page, rest));
	return true;
}

static void tt_obj_is_whole(struct tt_obj *obj)
{
	unsigned int i, k;

	for (i = 0; i < TT_PAGES; i++) {
		u64 *p = page_address(tt_page_of(obj, i));

		for (k = 0; k < TT_CELLS; k++)
			tt_check_cell(&p[k * TT_CELL / sizeof(*p)], obj->id, i, false, 0,
				      "at its end");
	}
}

static void tt_obj_free(struct kref *ref)
{
	struct tt_obj *obj = container_of(ref, struct tt_obj, ref);

	if (obj->taken)
		tt_obj_is_taken(obj);
	else
		tt_obj_is_whole(obj);
	tt_check(!atomic_read(&obj->mappings) && !obj->vmaps && !obj->pinned,
		 "object %u ends with %d mappings and %u pinned attachments",
		 obj->id, atomic_read(&obj->mappings), obj->pinned);
	spin_lock(&tt_all_lock);
	list_del(&obj->node);
	spin_unlock(&tt_all_lock);
	tt_block_put(obj->block);
	if (obj->inode)
		iput(obj->inode);
	tt_unit_put(obj->unit);
	memset(obj, TT_POISON, sizeof(*obj));
	kfree(obj);
	tt_count(N_FREED);
	atomic_dec(&tt_objs);
}

static void tt_obj_put(void *data)
{
	struct tt_obj *obj = data;

	kref_put(&obj->ref, tt_obj_free);
}

static struct vma_owner_revoke *tt_obj_revocable(void *data)
{
	struct tt_obj *obj = data;

	return obj->unit->r;
}

/* Some owners take their time, and so give others the time to be too early */
static void tt_dawdle(struct tt_obj *obj)
{
	if (!(atomic_inc_return(&obj->calls) % 12))
		usleep_range(50, 500);
}

static int tt_get_extents(void *data, u64 offset, u64 len, struct vma_owner_extents *x)
{
	struct tt_obj *obj = data;
	size_t skip = offset_in_page(offset), n;

	tt_dawdle(obj);
	x->vec = kcalloc(TT_PAGES, sizeof(*x->vec), GFP_KERNEL);
	if (!x->vec)
		return -ENOMEM;
	for (offset >>= PAGE_SHIFT; len; offset++, len -= n, skip = 0) {
		n = min_t(u64, len, PAGE_SIZE - skip);
		x->vec[x->nr].paddr = page_to_phys(tt_page_of(obj, offset)) + skip;
		x->vec[x->nr++].len = n;
	}
	atomic_inc(&obj->mappings);
	if (obj->unit->kind == TT_MMIO)
		x->type = VMA_OWNER_MMIO;
	else if (obj->unit->kind == TT_FIXED)
		x->type = VMA_OWNER_RAM_FIXED;
	return 0;
}

static void tt_put_extents(void *data, struct vma_owner_extents *x)
{
	struct tt_obj *obj = data;

	tt_dawdle(obj);
	tt_check(atomic_dec_return(&obj->mappings) >= 0, "extents put once too often");
	kfree(x->vec);
}

static int tt_vmap(void *data, struct iosys_map *map)
{
	struct tt_obj *obj = data;
	struct page *pages[TT_PAGES];
	unsigned int i;
	void *vaddr;

	for (i = 0; i < TT_PAGES; i++)
		pages[i] = tt_page_of(obj, i);
	vaddr = page_address(obj->block);
	if (obj->scattered)
		vaddr = vmap(pages, TT_PAGES, VM_MAP, PAGE_KERNEL);
	if (!vaddr)
		return -ENOMEM;
	atomic_inc(&obj->mappings);
	iosys_map_set_vaddr(map, vaddr);
	return 0;
}

static void tt_vunmap(void *data, struct iosys_map *map)
{
	struct tt_obj *obj = data;

	tt_dawdle(obj);
	tt_check(atomic_dec_return(&obj->mappings) >= 0, "vunmap once too often");
	if (obj->scattered)
		vunmap(map->vaddr);
}

/* The dma-buf */

static int tt_buf_pin(struct dma_buf_attachment *attach)
{
	struct tt_obj *obj = attach->dmabuf->priv;

	if (obj->taken)
		return -ENODEV;
	if (obj->dmabuf)
		obj->pinned++;
	return 0;
}

static void tt_buf_unpin(struct dma_buf_attachment *attach)
{
	struct tt_obj *obj = attach->dmabuf->priv;

	if (obj->dmabuf)
		obj->pinned--;
}

static struct sg_table *tt_buf_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction dir)
{
	struct tt_obj *obj = attach->dmabuf->priv;
	struct page *pages[TT_PAGES];
	struct sg_table *sgt;
	unsigned int i;
	int ret;

	if (obj->taken)
		return ERR_PTR(-ENODEV);
	sgt = kzalloc_obj(*sgt);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < TT_PAGES; i++)
		pages[i] = tt_page_of(obj, i);
	ret = sg_alloc_table_from_pages(sgt, pages, TT_PAGES, 0, TT_SIZE, GFP_KERNEL);
	if (ret)
		goto err_free;
	ret = dma_map_sgtable(attach->dev, sgt, dir, 0);
	if (!ret)
		return sgt;
	sg_free_table(sgt);
err_free:
	kfree(sgt);
	return ERR_PTR(ret);
}

static void tt_buf_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			 enum dma_data_direction dir)
{
	dma_unmap_sgtable(attach->dev, sgt, dir, 0);
	sg_free_table(sgt);
	kfree(sgt);
}

static int tt_buf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct tt_obj *obj = dmabuf->priv;
	int ret;

	if (obj->taken)
		return -ENODEV;
	ret = tt_vmap(obj, map);
	if (!ret && obj->dmabuf)
		obj->vmaps++;
	return ret;
}

static void tt_buf_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct tt_obj *obj = dmabuf->priv;

	if (obj->dmabuf)
		obj->vmaps--;
	tt_vunmap(obj, map);
}

static void tt_buf_release(struct dma_buf *dmabuf)
{
	tt_obj_put(dmabuf->priv);
}

static int tt_mmap(struct tt_obj *obj, struct vm_area_struct *vma);

static int tt_buf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	return tt_mmap(dmabuf->priv, vma);
}

static const struct dma_buf_ops tt_buf_ops = {
	.pin		= tt_buf_pin,
	.unpin		= tt_buf_unpin,
	.map_dma_buf	= tt_buf_map,
	.unmap_dma_buf	= tt_buf_unmap,
	.vmap		= tt_buf_vmap,
	.vunmap		= tt_buf_vunmap,
	.mmap		= tt_buf_mmap,
	.release	= tt_buf_release,
};

static struct dma_buf *tt_export(void *data)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct tt_obj *obj = data;
	struct dma_buf *dmabuf;

	info.ops = &tt_buf_ops;
	info.size = TT_SIZE;
	info.flags = O_RDWR;
	info.priv = obj;
	dmabuf = dma_buf_export(&info);
	if (!IS_ERR(dmabuf))
		kref_get(&obj->ref);
	return dmabuf;
}

static enum vma_owner_sync tt_sync(void *data)
{
	return VMA_OWNER_SYNC_DMA;
}

/* What they show of themselves */

static const struct vma_owner_obj_ops tt_static_ops = {
	.name		= "torture-static",
	.module		= THIS_MODULE,
	.put		= tt_obj_put,
	.vmap		= tt_vmap,
	.vunmap		= tt_vunmap,
	.get_extents	= tt_get_extents,
	.put_extents	= tt_put_extents,
};

static const struct vma_owner_obj_ops tt_revocable_ops = {
	.name		= "torture",
	.module		= THIS_MODULE,
	.put		= tt_obj_put,
	.vmap		= tt_vmap,
	.vunmap		= tt_vunmap,
	.get_extents	= tt_get_extents,
	.put_extents	= tt_put_extents,
	.revocable	= tt_obj_revocable,
};

static const struct vma_owner_obj_ops tt_mmio_ops = {
	.name		= "torture-mmio",
	.module		= THIS_MODULE,
	.put		= tt_obj_put,
	.get_extents	= tt_get_extents,
	.put_extents	= tt_put_extents,
	.revocable	= tt_obj_revocable,
};

static const struct vma_owner_obj_ops tt_exports_ops = {
	.name		= "torture-exports",
	.module		= THIS_MODULE,
	.put		= tt_obj_put,
	.get_dmabuf	= tt_export,
	.sync		= tt_sync,
};

static const struct vma_owner_obj_ops *tt_ops_of(enum tt_kind kind)
{
	switch (kind) {
	case TT_STATIC:
		return &tt_static_ops;
	case TT_MMIO:
		return &tt_mmio_ops;
	case TT_EXPORTS:
		return &tt_exports_ops;
	default:
		return &tt_revocable_ops;
	}
}

static int tt_tryget(const struct vma_owner_query *q, struct vma_owner_ref *ref)
{
	struct tt_obj *obj = q->private_data;

	if (READ_ONCE(obj->refuse) == current)
		return obj->refusal;
	kref_get(&obj->ref);	/* the file has one */
	*ref = (struct vma_owner_ref) {
		.ops	= tt_ops_of(obj->unit->kind),
		.obj	= obj,
		.offset	= (u64)q->pgoff << PAGE_SHIFT,
		.size	= obj->size,
	};
	return 0;
}

static const struct vma_owner_ops tt_owner_ops = { .tryget = tt_tryget };

/* ---- user space's mappings ---- */

static vm_fault_t tt_insert(struct tt_obj *obj, struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address & PAGE_MASK,
			      page_to_pfn(tt_page_of(obj, vmf->pgoff)));
}

static vm_fault_t tt_fault_static(struct vm_fault *vmf)
{
	struct tt_obj *obj = vmf->vma->vm_private_data;

	vmf->page = tt_page_of(obj, vmf->pgoff);
	get_page(vmf->page);
	return 0;
}

static vm_fault_t tt_fault_revocable(struct vm_fault *vmf)
{
	struct tt_obj *obj = vmf->vma->vm_private_data;
	vm_fault_t ret;

	if (!vma_owner_fault_enter(obj->unit->r))
		return VM_FAULT_SIGBUS;
	ret = tt_insert(obj, vmf);
	vma_owner_fault_exit(obj->unit->r);
	return ret;
}

/* Of what moves: as vfio does it */
static vm_fault_t tt_fault_dmabuf(struct vm_fault *vmf)
{
	struct tt_obj *obj = vmf->vma->vm_private_data;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	down_read(&obj->rw);
	if (!obj->taken)
		ret = tt_insert(obj, vmf);
	up_read(&obj->rw);
	return ret;
}

static const struct vm_operations_struct tt_static_vm_ops = {
	.fault		= tt_fault_static,
	.owner_ops	= &tt_owner_ops,
};

static const struct vm_operations_struct tt_revocable_vm_ops = {
	.fault		= tt_fault_revocable,
	.owner_ops	= &tt_owner_ops,
};

static const struct vm_operations_struct tt_exports_vm_ops = {
	.fault		= tt_fault_dmabuf,
	.owner_ops	= &tt_owner_ops,
};

static const struct vm_operations_struct tt_dmabuf_vm_ops = {
	.fault		= tt_fault_dmabuf,
	.owner_ops	= &dma_buf_cached_vma_owner_ops,
};

static int tt_mmap(struct tt_obj *obj, struct vm_area_struct *vma)
{
	enum tt_kind kind = obj->unit->kind;

	if (vma->vm_pgoff >= TT_PAGES || vma_pages(vma) > TT_PAGES - vma->vm_pgoff)
		return -EINVAL;
	vma->vm_private_data = obj;
	if (kind == TT_STATIC) {
		vma->vm_ops = &tt_static_vm_ops;
		return 0;
	}
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	if (kind == TT_DMABUF)
		vma->vm_ops = &tt_dmabuf_vm_ops;
	else if (kind == TT_EXPORTS)
		vma->vm_ops = &tt_exports_vm_ops;
	else
		vma->vm_ops = &tt_revocable_vm_ops;
	return 0;
}

static int tt_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	return tt_mmap(file->private_data, vma);
}

static int tt_file_release(struct inode *inode, struct file *file)
{
	tt_obj_put(file->private_data);
	return 0;
}

static const struct file_operations tt_file_ops = {
	.owner		= THIS_MODULE,
	.mmap		= tt_file_mmap,
	.release	= tt_file_release,
};

static void tt_zap_obj(struct tt_obj *obj)
{
	unmap_mapping_range(obj->inode->i_mapping, 0, 0, 1);
}

static void tt_zap(void *priv)
{
	struct tt_unit *u = priv;
	unsigned int i;

	for (i = 0; i < u->nr; i++)
		tt_zap_obj(u->objs[i]);
}

static const struct vma_owner_revoke_ops tt_revoke_ops = {
	.name	= "torture",
	.zap	= tt_zap,
};

/* ---- their life ---- */

static int tt_obj_file(struct tt_obj *obj)
{
	if (obj->unit->kind == TT_DMABUF) {
		obj->dmabuf = tt_export(obj);
		if (IS_ERR(obj->dmabuf))
			return PTR_ERR(obj->dmabuf);
		obj->file = obj->dmabuf->file;
	} else {
		kref_get(&obj->ref);
		obj->file = anon_inode_create_getfile("[vma_owner_torture]", &tt_file_ops,
						      obj, O_RDWR, NULL);
		if (IS_ERR(obj->file)) {
			kref_put(&obj->ref, tt_obj_free);
			return PTR_ERR(obj->file);
		}
	}
	obj->inode = igrab(file_inode(obj->file));
	return 0;
}

static struct tt_obj *tt_obj_new(struct tt_unit *u, struct tt_rng *rng)
{
	struct tt_obj *obj = kzalloc_obj(*obj);

	if (!obj)
		return NULL;
	obj->block = tt_block_get();
	if (!obj->block) {
		kfree(obj);
		return NULL;
	}
	kref_init(&obj->ref);
	kref_get(&u->ref);
	obj->unit = u;
	init_rwsem(&obj->rw);
	obj->id = atomic_inc_return(&tt_ids);
	obj->scattered = tt_one_in(rng, 3);
	obj->size = TT_SIZE;
	if (!tt_has_dmabuf(u->kind) && tt_one_in(rng, 3))
		obj->size -= 1 + tt_rnd(rng, PAGE_SIZE - 1);
	tt_obj_write(obj);
	spin_lock(&tt_all_lock);
	list_add(&obj->node, &tt_all);
	spin_unlock(&tt_all_lock);
	atomic_inc(&tt_objs);
	if (!tt_obj_file(obj))
		return obj;
	tt_obj_put(obj);
	return NULL;
}

static void tt_obj_end(struct tt_obj *obj)
{
	struct file *file = obj->file;

	tt_obj_put(obj);
	fput(file);
}

/* NULL if there is no memory: of that much is in use by those who still hold some */
static struct tt_unit *tt_unit_new(struct tt_rng *rng)
{
	struct tt_unit *u = kzalloc_obj(*u);
	unsigned int want;

	if (!u)
		return NULL;
	kref_init(&u->ref);
	mutex_init(&u->lock);
	u->kind = tt_rnd(rng, TT_KINDS);
	atomic_inc(&tt_units);
	if (tt_revocable(u->kind)) {
		u->r = vma_owner_revoke_create(&tt_revoke_ops, u);
		if (IS_ERR(u->r)) {
			u->r = NULL;
			goto err_put;
		}
	}
	for (want = u->kind == TT_PAIR ? 2 : 1; u->nr < want; u->nr++) {
		u->objs[u->nr] = tt_obj_new(u, rng);
		if (!u->objs[u->nr])
			goto err_put;
	}
	return u;

err_put:
	while (u->nr)
		tt_obj_end(u->objs[--u->nr]);
	tt_unit_put(u);
	return NULL;
}

/* Under the lock of the unit, by somebody who has revoked it */
static void tt_take(struct tt_unit *u)
{
	unsigned int i;

	if (u->ended)
		return;
	for (i = 0; i < u->nr; i++) {
		tt_check(!atomic_read(&u->objs[i]->mappings),
			 "object %u, kind %d, has been taken back and has %d mappings",
			 u->objs[i]->id, u->kind, atomic_read(&u->objs[i]->mappings));
		if (u->takers)
			tt_obj_is_taken(u->objs[i]);
		else
			tt_obj_take(u->objs[i]);
	}
	u->takers++;
}

static void tt_give_back(struct tt_unit *u)
{
	unsigned int i;

	if (u->ended || --u->takers)
		return;
	for (i = 0; i < u->nr; i++)
		tt_obj_give_back(u->objs[i]);
}

static void tt_revoke(struct tt_unit *u)
{
	tt_count(N_REVOKE);
	tt_change(u, TT_WORKING);
	vma_owner_revoke(u->r, VMA_OWNER_TEMPORARY);
	mutex_lock(&u->lock);
	tt_take(u);
	mutex_unlock(&u->lock);
	tt_change(u, TT_NESTED - TT_WORKING);
}

static void tt_restore(struct tt_unit *u)
{
	tt_count(N_RESTORE);
	mutex_lock(&u->lock);
	tt_give_back(u);
	mutex_unlock(&u->lock);
	tt_change(u, TT_WORKING - TT_NESTED);
	vma_owner_restore(u->r);
	tt_change(u, -TT_WORKING);
}

/* The owner thinks better of it before it has waited: nobody had to leave */
static void tt_revoke_briefly(struct tt_unit *u)
{
	tt_count(N_BRIEF);
	tt_change(u, TT_WORKING);
	vma_owner_revoke_begin(u->r, VMA_OWNER_TEMPORARY);
	vma_owner_restore(u->r);
	vma_owner_revoke_drain(u->r);
	tt_change(u, -TT_WORKING);
}

static void tt_unit_end(struct tt_unit *u)
{
	unsigned int i;

	tt_count(N_UNBIND);
	if (u->r) {
		tt_change(u, TT_WORKING);
		vma_owner_revoke(u->r, VMA_OWNER_PERMANENT);
		mutex_lock(&u->lock);
		tt_take(u);
		u->ended = true;
		mutex_unlock(&u->lock);
		tt_change(u, TT_GONE - TT_WORKING);
	}
	for (i = 0; i < u->nr; i++)
		tt_obj_end(u->objs[i]);
	tt_unit_put(u);
}

/* An exporter that moves its memory, or has none for a while */
static void tt_move(struct tt_unit *u, struct tt_rng *rng)
{
	struct tt_obj *obj = u->objs[0];
	struct page *block = NULL, *old = NULL;
	s64 change = 0;
	unsigned int i;

	if (tt_one_in(rng, 2))
		block = tt_block_get();
	dma_resv_lock(obj->dmabuf->resv, NULL);
	if (obj->vmaps || obj->pinned)
		goto out;
	tt_change(u, TT_WORKING - (obj->taken ? TT_NESTED : 0));
	dma_buf_invalidate_mappings(obj->dmabuf);
	down_write(&obj->rw);
	tt_zap_obj(obj);
	if (obj->taken) {
		tt_count(N_BACK);
		tt_obj_give_back(obj);
	} else if (block) {
		tt_count(N_MOVE);
		for (i = 0; i < TT_PAGES; i++)
			copy_page(page_address(block + i), page_address(obj->block + i));
		old = obj->block;
		obj->block = block;
		block = NULL;
	} else {
		tt_count(N_LOSE);
		tt_obj_take(obj);
		change = TT_NESTED;
	}
	up_write(&obj->rw);
	tt_change(u, change - TT_WORKING);
out:
	dma_resv_unlock(obj->dmabuf->resv);
	if (old)
		tt_block_put(old);
	if (block)
		tt_block_put(block);
}

static struct tt_unit *tt_table[TT_UNITS];
static struct tt_unit *tt_tokens[TT_TOKENS];	/* temporary revokes to be undone */
static DEFINE_SPINLOCK(tt_table_lock);		/* of both */

/* A unit with a reference, and if @file one of its objects with its file */
static struct tt_unit *tt_pick(struct tt_rng *rng, struct tt_obj **obj, struct file **file)
{
	unsigned int at = tt_rnd(rng, TT_UNITS);
	struct tt_unit *u;

	spin_lock(&tt_table_lock);
	u = tt_table[at];
	if (u) {
		kref_get(&u->ref);
		*obj = u->objs[u->nr > 1 ? tt_rnd(rng, u->nr) : 0];
		kref_get(&(*obj)->ref);
		*file = get_file((*obj)->file);
	}
	spin_unlock(&tt_table_lock);
	return u;
}

static void tt_unpick(struct tt_unit *u, struct tt_obj *obj, struct file *file)
{
	fput(file);
	tt_obj_put(obj);
	tt_unit_put(u);
}

static struct tt_unit *tt_swap(unsigned int at, struct tt_unit *new)
{
	struct tt_unit *old;

	spin_lock(&tt_table_lock);
	old = tt_table[at];
	tt_table[at] = new;
	spin_unlock(&tt_table_lock);
	return old;
}

/* With the reference to @u, or the other way round with NULL */
static struct tt_unit *tt_token(struct tt_unit *u, unsigned int at)
{
	struct tt_unit *old;

	spin_lock(&tt_table_lock);
	old = tt_tokens[at];
	if (!u || !old)
		tt_tokens[at] = u;
	spin_unlock(&tt_table_lock);
	return old;
}

/* ------------------------------------------------------------------------- */
/* Importers                                                                 */

enum tt_client {
	TT_CANNOT,	/* be revoked */
	TT_CAN,
	TT_RESTORES,	/* maps again in restore */
	TT_EXTENTS,	/* wants nothing but extents */
	TT_CLIENTS
};

#define TT_DMA		BIT(0)
#define TT_CPU		BIT(1)
#define TT_EXT		BIT(2)

struct tt_seg {
	phys_addr_t addr;
	size_t len;
};

/**
 * struct tt_buf - a pin, and what is known of it
 * @pin: the pin
 * @ref: of the worker or the orphanage, and of each who accesses it
 * @magic: TT_LIVE as long as callbacks may come
 * @client: who it is
 * @unit: with a reference; NULL of ordinary memory
 * @obj: without, so only where the pin surely holds it
 * @id: of the object
 * @first: page of the object
 * @cells: what is in those of each page
 * @skip: bytes in that
 * @len: bytes
 * @write: pinned for writing
 * @dev: attached to, or NULL
 * @turn: who maps, or has the memory between two syncs; outside the lock of the pin
 * @in_use: accesses, for reading; calls that want nobody in, for writing
 * @dead: unpinned, under @in_use
 * @mapped: what is mapped, under the lock of the pin
 * @wanted: what a restore maps, likewise
 * @lost: invalidated and not mapped since, likewise
 * @leaf: of the rest
 * @running: what the device uses
 * @stays: do not start it any more
 * @segs: what it uses, of TT_DMA and of TT_EXT
 */
struct tt_buf {
	struct vma_pin pin;
	struct kref ref;
	u32 magic;
	enum tt_client client;
	struct tt_unit *unit;
	struct tt_obj *obj;
	u32 id;
	unsigned int first;
	struct {
		u32 id;
		unsigned int index;
	} cells[TT_AREA];
	size_t skip;
	size_t len;
	bool write;
	struct device *dev;
	struct mutex turn;		/* see above */
	struct rw_semaphore in_use;	/* see above */
	bool dead;
	unsigned int mapped;
	unsigned int wanted;
	bool lost;
	struct mutex leaf;		/* see above */
	unsigned int running;
	bool stays;
	struct tt_seg segs[2][TT_AREA];
};

#define TT_LIVE		0x11fe11fe

static struct platform_device *tt_devices[2];

static const struct vma_pin_client tt_clients[TT_CLIENTS];

static void tt_buf_free(struct kref *ref)
{
	struct tt_buf *b = container_of(ref, struct tt_buf, ref);

	if (b->unit)
		tt_unit_put(b->unit);
	memset(b, TT_POISON, sizeof(*b));
	kfree(b);
	atomic_dec(&tt_bufs);
}

static void tt_buf_drop(struct tt_buf *b)
{
	kref_put(&b->ref, tt_buf_free);
}

static struct tt_buf *tt_buf_new(void)
{
	struct tt_buf *b = kzalloc_obj(*b);

	if (!b)
		return NULL;
	kref_init(&b->ref);
	mutex_init(&b->turn);
	init_rwsem(&b->in_use);
	mutex_init(&b->leaf);
	b->magic = TT_LIVE;
	atomic_inc(&tt_bufs);
	return b;
}

/* What a call would say if the memory were there */
static int tt_would(struct tt_buf *b, unsigned int what, bool may)
{
	enum tt_kind kind = b->unit ? b->unit->kind : TT_STATIC;

	if (what != TT_EXT && !may)
		return -EINVAL;
	if (b->mapped & what)
		return -EBUSY;
	if (what == TT_EXT)
		return !b->unit || tt_has_dmabuf(kind) ? -EOPNOTSUPP : 0;
	if (kind == TT_MMIO)
		return -EOPNOTSUPP;
	/* Under its lock that does not change */
	if (kind == TT_DMABUF && b->obj->taken)
		return -ENODEV;
	return 0;
}

/* What is mapped is exactly what was pinned */
static void tt_check_segs(struct tt_buf *b, unsigned int what, unsigned int nr)
{
	struct tt_seg *seg = b->segs[what == TT_EXT];
	size_t at = b->skip, len = 0;
	phys_addr_t want;
	unsigned int i;
	size_t n;

	for (i = 0; i < nr; i++, seg++) {
		for (n = 0; b->unit && n < seg->len;
		     n += min(seg->len - n, PAGE_SIZE - offset_in_page(at + n))) {
			want = page_to_phys(tt_page_of(b->obj, b->first +
						       (at + n) / PAGE_SIZE)) +
			       offset_in_page(at + n);
			if (!tt_check(seg->addr + n == want,
				      "byte %zu of a pin of object %u is mapped to %pa, not %pa",
				      at + n, b->id, &seg->addr, &want))
				return;
		}
		at += seg->len;
		len += seg->len;
	}
	if (i < TT_AREA)
		seg->len = 0;
	tt_check(len == b->len, "%zu bytes are mapped of a pin of %zu", len, b->len);
}

static void tt_take_table(struct tt_buf *b, struct sg_table *sgt)
{
	struct scatterlist *sg;
	unsigned int nr = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (!tt_check(nr < TT_AREA, "a table of more entries than pages"))
			return;
		/* Both are alike, and the first callback may come before @dev is known */
		b->segs[0][nr].addr = dma_to_phys(&tt_devices[0]->dev, sg_dma_address(sg));
		b->segs[0][nr++].len = sg_dma_len(sg);
	}
	tt_check_segs(b, TT_DMA, nr);
}

static void tt_take_extents(struct tt_buf *b, const struct vma_owner_extents *x)
{
	unsigned int i;

	for (i = 0; i < x->nr && i < TT_AREA; i++) {
		b->segs[1][i].addr = x->vec[i].paddr;
		b->segs[1][i].len = x->vec[i].len;
	}
	tt_check_segs(b, TT_EXT, i);
}

/* The device may use what is mapped; under the lock of the pin */
static void tt_start(struct tt_buf *b, unsigned int what)
{
	if (what == TT_DMA)
		vma_pin_sync_for_device_locked(&b->pin);
	mutex_lock(&b->leaf);
	if (!b->stays)
		b->running |= what;
	mutex_unlock(&b->leaf);
}

static void tt_stop(struct tt_buf *b, unsigned int what)
{
	mutex_lock(&b->leaf);
	b->running &= ~what;
	mutex_unlock(&b->leaf);
}

/* Under the lock of the pin. What is returned was as it should be but for -ENODEV */
static int tt_map_one(struct tt_buf *b, unsigned int what, enum dma_data_direction dir)
{
	enum dma_data_direction reading = what == TT_DMA ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
	bool may = valid_dma_direction(dir) && (b->write || dir == reading);
	const struct vma_owner_extents *x;
	int want = tt_would(b, what, may), ret;
	struct sg_table *sgt = NULL;
	void *vaddr;

	tt_count(N_MAP);
	if (what == TT_DMA) {
		sgt = vma_pin_map_dma(&b->pin, dir);
		ret = PTR_ERR_OR_ZERO(sgt);
		if (!ret) {
			tt_take_table(b, sgt);
			tt_check(vma_pin_dma_table(&b->pin) == sgt, "the table is another one");
		}
	} else if (what == TT_CPU) {
		vaddr = vma_pin_vmap(&b->pin, dir);
		ret = PTR_ERR_OR_ZERO(vaddr);
		if (!ret)
			tt_check(vma_pin_vaddr(&b->pin) == vaddr, "the address is another one");
	} else {
		x = vma_pin_get_extents(&b->pin);
		ret = PTR_ERR_OR_ZERO(x);
		if (!ret)
			tt_take_extents(b, x);
	}
	if (ret)
		tt_count(N_MAP_REFUSED);
	if (ret == -ENODEV && want != -EINVAL && b->unit && b->unit->r)
		return ret;	/* for the caller to judge */
	tt_check(ret == want,
		 "mapping %u of object %u, kind %d, client %d, mapped %u: %d and not %d",
		 what, b->id, b->unit ? b->unit->kind : -1, b->client, b->mapped, ret, want);
	if (ret)
		return ret;
	b->mapped |= what;
	b->lost = false;
	if (what != TT_CPU)
		tt_start(b, what);
	return 0;
}

static void tt_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	struct tt_buf *b = container_of(pin, struct tt_buf, pin);

	tt_count(N_INVALIDATE);
	if (!tt_check(READ_ONCE(b->magic) == TT_LIVE, "invalidate of a pin that has gone"))
		return;
	tt_stop(b, TT_DMA | TT_EXT);
	b->lost = true;
	/* All of it, when those who are in have left: before that nobody maps */
	b->mapped &= why == VMA_OWNER_MOVED ? ~TT_DMA : 0;
}

static int tt_restored(struct vma_pin *pin)
{
	struct tt_buf *b = container_of(pin, struct tt_buf, pin);
	unsigned int what;
	int ret;

	tt_count(N_RESTORED);
	if (!tt_check(READ_ONCE(b->magic) == TT_LIVE, "restore of a pin that has gone"))
		return 0;
	tt_check(b->lost, "restore of a pin of object %u that was not taken back", b->id);
	tt_check(!b->mapped, "restore while something is mapped");
	b->lost = false;
	for (what = TT_DMA; what <= TT_EXT; what <<= 1) {
		if (!(b->wanted & what))
			continue;
		ret = tt_map_one(b, what, b->write ? DMA_BIDIRECTIONAL :
				 what == TT_DMA ? DMA_TO_DEVICE : DMA_FROM_DEVICE);
		tt_check(!ret || ret == -EOPNOTSUPP, "a restore cannot map object %u: %d",
			 b->id, ret);
	}
	return 0;
}

static const struct vma_pin_client tt_clients[TT_CLIENTS] = {
	[TT_CANNOT] = {
		.name		= "torture-static",
	},
	[TT_CAN] = {
		.name		= "torture",
		.invalidate	= tt_invalidate,
	},
	[TT_RESTORES] = {
		.name		= "torture-restores",
		.invalidate	= tt_invalidate,
		.restore	= tt_restored,
	},
	[TT_EXTENTS] = {
		.name		= "torture-extents",
		.extents_only	= true,
		.invalidate	= tt_invalidate,
		.restore	= tt_restored,
	},
};

static u64 tt_state_of(struct tt_buf *b)
{
	return b->unit && b->unit->kind != TT_DMABUF ? tt_state(b->unit) : 0;
}

/* Map something, or find out that it cannot be */
static void tt_map_some(struct tt_buf *b, struct tt_rng *rng)
{
	u64 before = tt_state_of(b);
	unsigned int what = 1 + tt_rnd(rng, 7), one;
	bool wrong = tt_one_in(rng, 16), shut = false, open = false, in = false, lost;
	enum tt_verdict v;
	int ret;

	if (b->client == TT_EXTENTS)
		what = TT_EXT;
	if (what & TT_DMA && (!b->dev || tt_one_in(rng, 8))) {
		struct device *dev = &tt_devices[tt_rnd(rng, 2)]->dev;

		ret = vma_pin_attach(&b->pin, dev);
		/* It may be taken back at any time, and be undone a little later */
		if (fatal_signal_pending(current))
			return;
		tt_check(!ret || (ret == -EBUSY && b->dev && dev != b->dev), "attach: %d", ret);
		if (!ret) {
			if (vma_pin_lock(&b->pin))
				return;
			WRITE_ONCE(b->dev, dev);
			vma_pin_unlock(&b->pin);
		}
	}
	ret = vma_pin_lock(&b->pin);
	if (ret) {
		tt_check(signal_pending(current), "lock: %d", ret);
		return;
	}
	lost = b->lost;
	for (one = TT_DMA; one <= TT_EXT; one <<= 1) {
		enum dma_data_direction dir = DMA_BIDIRECTIONAL;

		if (!(what & one))
			continue;
		if (!b->write)
			dir = one == TT_DMA ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
		if (wrong)
			dir = b->write ? DMA_NONE : DMA_BIDIRECTIONAL;
		ret = tt_map_one(b, one, dir);
		if (ret == -ENODEV && b->unit->r)
			shut = true;
		else if (ret != -EINVAL)
			open = true;
		if (!ret && b->client >= TT_RESTORES)
			b->wanted |= one;
		if (!ret && one == TT_CPU && tt_one_in(rng, 4))
			tt_check(vma_pin_map_dma(&b->pin, DMA_NONE) == ERR_PTR(-EINVAL),
				 "a direction that is none");
	}
	v = tt_verdict(before, tt_state_of(b));
	tt_check(!(shut && open), "half of a pin of object %u was taken back under its lock",
		 b->id);
	tt_check(!shut || v != TT_OPEN, "mapping refused of object %u, which nobody took back",
		 b->id);
	tt_check(!open || v != TT_SHUT, "mapped object %u, kind %d, which was taken back", b->id,
		 b->unit ? b->unit->kind : -1);
	tt_check(!shut || b->lost, "object %u is taken back and a pin was not told", b->id);
	tt_check(!open || !lost || b->client < TT_RESTORES || !b->unit->r,
		 "object %u is back and a pin was not told", b->id);
	tt_check(!vma_pin_vaddr(&b->pin) == !(b->mapped & TT_CPU),
		 "object %u, mapped %u: address %d", b->id, b->mapped, !!vma_pin_vaddr(&b->pin));
	tt_check(!vma_pin_dma_table(&b->pin) == !(b->mapped & TT_DMA),
		 "object %u, mapped %u: table %d", b->id, b->mapped, !!vma_pin_dma_table(&b->pin));
	if (b->mapped && tt_one_in(rng, 4)) {
		in = vma_pin_enter(&b->pin);
		tt_check(in, "object %u is mapped and its lock held, and one cannot enter", b->id);
	}
	vma_pin_unlock(&b->pin);
	if (in)
		vma_pin_exit(&b->pin);
}

/* The lock of the pin keeps out callbacks, not other threads of an importer */
static void tt_map(struct tt_buf *b, struct tt_rng *rng)
{
	mutex_lock(&b->turn);
	tt_map_some(b, rng);
	mutex_unlock(&b->turn);
}

static void tt_unmap(struct tt_buf *b, struct tt_rng *rng)
{
	unsigned int what = 1 + tt_rnd(rng, 7);

	down_write(&b->in_use);
	if (vma_pin_lock(&b->pin)) {
		up_write(&b->in_use);
		return;
	}
	tt_count(N_UNMAP);
	b->wanted &= ~what;
	tt_stop(b, what);
	if (what & TT_DMA)
		vma_pin_unmap_dma(&b->pin);
	if (what & TT_CPU)
		vma_pin_vunmap(&b->pin);
	if (what & TT_EXT)
		vma_pin_put_extents(&b->pin);
	b->mapped &= ~what;
	vma_pin_unlock(&b->pin);
	up_write(&b->in_use);
}

/* A cell of the pin by chance: its page, counted from the first, or -1; its byte to @at */
static int tt_some_cell(struct tt_buf *b, struct tt_rng *rng, size_t *at)
{
	unsigned int pages = DIV_ROUND_UP(b->skip + b->len, PAGE_SIZE);
	unsigned int page = tt_rnd(rng, pages);
	size_t pos = page * PAGE_SIZE + tt_rnd(rng, TT_CELLS) * TT_CELL;

	if (pos < b->skip || pos + sizeof(u64) > b->skip + b->len)
		return -1;
	*at = pos - b->skip;
	return page;
}

/* By the CPU: under the lock, which only who has made the pin takes, or between the two */
static void tt_access(struct tt_buf *b, struct tt_rng *rng, bool own)
{
	u64 before = tt_state_of(b);
	unsigned int n = 1 + tt_rnd(rng, 4);
	bool locked = own && tt_one_in(rng, 4), in, synced = READ_ONCE(b->dev);
	/* Under no lock: what it was, and is as long as the state is TT_OPEN */
	unsigned int mapped = data_race(READ_ONCE(b->mapped));
	enum tt_verdict v;
	size_t at;
	void *vaddr;
	int page;

	if (locked) {
		if (vma_pin_lock(&b->pin))
			return;
		in = true;
	} else {
		in = vma_pin_enter(&b->pin);
		v = tt_verdict(before, tt_state_of(b));
		tt_check(!in || v != TT_SHUT, "entered object %u, which was taken back", b->id);
		tt_check(in || (b->unit && b->unit->r && (v != TT_OPEN || !mapped)),
			 "shut out of object %u, which nobody took back", b->id);
	}
	if (!in) {
		tt_count(N_SHUT);
		return;
	}
	if (!locked && synced) {
		mutex_lock(&b->turn);
		vma_pin_sync_for_cpu(&b->pin);
	}
	while (n--) {
		page = tt_some_cell(b, rng, &at);
		vaddr = vma_pin_vaddr(&b->pin);
		if (!vaddr || page < 0)
			continue;
		tt_count(N_ACCESS);
		tt_check_cell(vaddr + at, b->cells[page].id, b->cells[page].index, b->write,
			      tt_rnd(rng, 1 << 24), "the CPU");
		if (tt_one_in(rng, 64))
			usleep_range(20, 200);
	}
	if (locked) {
		vma_pin_unlock(&b->pin);
		return;
	}
	if (synced) {
		vma_pin_sync_for_device(&b->pin);
		mutex_unlock(&b->turn);
	}
	vma_pin_exit(&b->pin);
}

/* What a device does: it has addresses, and goes on until it is stopped */
static void tt_device(struct tt_buf *b, struct tt_rng *rng, bool own)
{
	unsigned int n = 1 + tt_rnd(rng, 4), which;
	struct tt_seg *seg;
	size_t at;
	int page;

	mutex_lock(&b->leaf);
	which = tt_rnd(rng, 2);
	while (n-- && b->running & (which ? TT_EXT : TT_DMA)) {
		page = tt_some_cell(b, rng, &at);
		if (page < 0)
			continue;
		for (seg = b->segs[which]; at >= seg->len; seg++)
			at -= seg->len;
		tt_count(N_DEVICE);
		tt_check_cell(phys_to_virt(seg->addr + at), b->cells[page].id,
			      b->cells[page].index, b->write, tt_rnd(rng, 1 << 24), "a device");
	}
	mutex_unlock(&b->leaf);
}

/* ---- those that others may access ---- */

static struct tt_buf *tt_shared[TT_SHARED];
static struct tt_buf *tt_orphans[TT_SHARED];
static DEFINE_SPINLOCK(tt_shared_lock);

static void tt_share(struct tt_buf *b, struct tt_rng *rng)
{
	unsigned int at = tt_rnd(rng, TT_SHARED);

	spin_lock(&tt_shared_lock);
	if (!tt_shared[at]) {
		tt_shared[at] = b;
		kref_get(&b->ref);
	}
	spin_unlock(&tt_shared_lock);
}

static void tt_unshare(struct tt_buf *b)
{
	bool found = false;
	unsigned int i;

	spin_lock(&tt_shared_lock);
	for (i = 0; i < TT_SHARED; i++) {
		if (tt_shared[i] != b)
			continue;
		tt_shared[i] = NULL;
		found = true;
	}
	spin_unlock(&tt_shared_lock);
	if (found)
		tt_buf_drop(b);
}

static struct tt_buf *tt_some_shared(struct tt_rng *rng)
{
	unsigned int at = tt_rnd(rng, TT_SHARED), tries;
	struct tt_buf *b;

	spin_lock(&tt_shared_lock);
	for (tries = TT_SHARED; !tt_shared[at] && tries; tries--)
		at = (at + 1) % TT_SHARED;
	b = tt_shared[at];
	if (b)
		kref_get(&b->ref);
	spin_unlock(&tt_shared_lock);
	return b;
}

/* Takes over a reference to one or the other */
static struct tt_buf *tt_swap_orphan(struct tt_buf *b, unsigned int at)
{
	struct tt_buf *old;

	spin_lock(&tt_shared_lock);
	old = tt_orphans[at];
	tt_orphans[at] = b;
	spin_unlock(&tt_shared_lock);
	return old;
}

static void tt_access_shared(struct tt_rng *rng,
			     void (*access)(struct tt_buf *b, struct tt_rng *rng, bool own))
{
	struct tt_buf *b = tt_some_shared(rng);

	if (!b)
		return;
	down_read(&b->in_use);
	if (!b->dead)
		access(b, rng, false);
	up_read(&b->in_use);
	tt_buf_drop(b);
}

static void tt_released(struct vma_pin *pin)
{
	struct tt_buf *b = container_of(pin, struct tt_buf, pin);

	WRITE_ONCE(b->magic, 0);
	tt_buf_drop(b);
}

/* Drops the reference as well */
static void tt_unpin(struct tt_buf *b, struct tt_rng *rng)
{
	tt_unshare(b);
	down_write(&b->in_use);
	mutex_lock(&b->leaf);
	b->stays = true;
	b->running = 0;
	mutex_unlock(&b->leaf);
	b->dead = true;
	up_write(&b->in_use);
	if (tt_one_in(rng, 6)) {
		tt_count(N_DEFERRED);
		vma_unpin_deferred(&b->pin, tt_released);
		return;
	}
	tt_count(N_UNPIN);
	vma_unpin(&b->pin);
	WRITE_ONCE(b->magic, 0);
	tt_buf_drop(b);
}

/* ------------------------------------------------------------------------- */
/* Address spaces                                                            */

/* What is at a page; @obj is kept by the mapping, @id is not */
struct tt_page {
	struct tt_obj *obj;
	u32 id;			/* 0: a hole */
	unsigned int index;	/* in @obj */
	u32 vma;		/* the mmap that made it */
	u8 prot;
	bool private;
};

struct tt_op {
	u8 what;
	int ret;
	unsigned int page, nr;
	u32 id;
};

/* A thread, or a child that a worker has left behind */
struct tt_worker {
	unsigned int nr;
	bool busy;
	bool child;
	bool killed;		/* at some time: its parent says when it is dead */
	struct tt_rng rng;
	unsigned long left;
	u64 op;
	unsigned long base;
	struct tt_page pages[TT_AREA];
	struct tt_buf *bufs[TT_BUFS];
	struct torture_run todo;
	u32 vmas;
	struct tt_op trace[TT_TRACE];
};

static struct tt_worker tt_workers[TT_WORKERS + TT_CHILDREN];
static DEFINE_MUTEX(tt_workers_lock);

static unsigned long tt_addr(struct tt_worker *w, unsigned int page)
{
	return w->base + page * PAGE_SIZE;
}

static bool tt_owned(const struct tt_page *p)
{
	return p->obj;
}

static void tt_note(struct tt_worker *w, unsigned int page, unsigned int nr, u32 id, int ret)
{
	struct tt_op *op = &w->trace[w->op % TT_TRACE];

	op->page = page;
	op->nr = nr;
	op->id = id;
	op->ret = ret;
}

static void tt_forget(struct tt_worker *w, unsigned int page, unsigned int nr)
{
	memset(&w->pages[page], 0, nr * sizeof(w->pages[0]));
}

static void tt_do_munmap(struct tt_worker *w, unsigned int page, unsigned int nr)
{
	int ret = vm_munmap(tt_addr(w, page), nr * PAGE_SIZE);

	if (fatal_signal_pending(current))
		return;
	if (tt_check(!ret, "munmap: %d", ret))
		tt_forget(w, page, nr);
}

static void tt_op_munmap(struct tt_worker *w)
{
	unsigned int page = tt_rnd(&w->rng, TT_AREA);
	unsigned int nr = 1 + tt_rnd(&w->rng, min(TT_AREA - page, 3U));

	tt_count(N_MUNMAP);
	tt_do_munmap(w, page, nr);
	tt_note(w, page, nr, 0, 0);
}

static const u8 tt_prots[] = {
	PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
	PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
	PROT_READ, PROT_READ, PROT_READ, PROT_NONE, PROT_WRITE,
};

/* Page tables know of nobody who may write and not read, and GUP goes by them */
static u8 tt_some_prot(struct tt_rng *rng, bool ordinary)
{
	return tt_prots[tt_rnd(rng, ARRAY_SIZE(tt_prots) - ordinary)];
}

static void tt_op_mmap(struct tt_worker *w)
{
	unsigned int nr = 1 + tt_rnd(&w->rng, TT_PAGES), i;
	unsigned int first = tt_rnd(&w->rng, TT_PAGES - nr + 1);
	unsigned int page = tt_rnd(&w->rng, TT_AREA - nr + 1);
	bool private = tt_one_in(&w->rng, 12);
	u8 prot = tt_some_prot(&w->rng, false);
	unsigned long ret, want = tt_addr(w, page);
	struct file *file;
	struct tt_unit *u;
	struct tt_obj *obj;

	u = tt_pick(&w->rng, &obj, &file);
	if (!u)
		return;
	tt_count(N_MMAP);
	tt_do_munmap(w, page, nr);
	if (private && u->kind != TT_STATIC)
		want = -EINVAL;
	ret = vm_mmap(file, tt_addr(w, page), nr * PAGE_SIZE, prot,
		      MAP_FIXED | (private ? MAP_PRIVATE : MAP_SHARED), first << PAGE_SHIFT);
	tt_note(w, page, nr, obj->id, ret == want ? prot : ret);
	if (fatal_signal_pending(current))
		goto out;
	if (!tt_check(ret == want, "mmap of kind %d: %#lx and not %#lx", u->kind, ret, want) ||
	    IS_ERR_VALUE(ret))
		goto out;
	w->vmas++;
	for (i = 0; i < nr; i++)
		w->pages[page + i] = (struct tt_page) {
			.obj = obj, .id = obj->id, .index = first + i, .vma = w->vmas,
			.prot = prot, .private = private,
		};
out:
	tt_unpick(u, obj, file);
}

static u64 __user *tt_user_cell(struct tt_worker *w, unsigned int page, unsigned int k)
{
	return (u64 __user *)(tt_addr(w, page) + k * TT_CELL);
}

static void tt_op_anon(struct tt_worker *w)
{
	unsigned int nr = 1 + tt_rnd(&w->rng, TT_PAGES), i, k;
	unsigned int page = tt_rnd(&w->rng, TT_AREA - nr + 1);
	u32 id = atomic_inc_return(&tt_ids);
	unsigned long ret;

	tt_count(N_ANON);
	tt_do_munmap(w, page, nr);
	ret = vm_mmap(NULL, tt_addr(w, page), nr * PAGE_SIZE, PROT_READ | PROT_WRITE,
		      MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, 0);
	tt_note(w, page, nr, id, 0);
	if (fatal_signal_pending(current) ||
	    !tt_check(ret == tt_addr(w, page), "mmap of ordinary memory: %#lx", ret))
		return;
	w->vmas++;
	for (i = 0; i < nr; i++) {
		w->pages[page + i] = (struct tt_page) {
			.id = id, .index = i, .vma = w->vmas, .prot = PROT_READ | PROT_WRITE,
		};
		for (k = 0; k < TT_CELLS; k++)
			tt_check(!put_user(tt_cell(id, i, k), tt_user_cell(w, page + i, k)) ||
				 fatal_signal_pending(current), "ordinary memory: SIGBUS");
	}
}

/* What user space sees there. A fault is as good as an access to it */
static void tt_op_touch(struct tt_worker *w)
{
	unsigned int page = tt_rnd(&w->rng, TT_AREA);
	u64 __user *cell = tt_user_cell(w, page, tt_rnd(&w->rng, TT_CELLS));
	bool write = tt_one_in(&w->rng, 3);
	struct tt_page *p = &w->pages[page];
	struct tt_unit *u = p->obj ? p->obj->unit : NULL;
	u64 before = u ? tt_state(u) : 0, v = 0;
	enum tt_verdict verdict;
	int ret;

	if (p->prot == PROT_WRITE)
		write = true;
	tt_count(N_TOUCH);
	if (write)
		ret = put_user(tt_cell(p->id, p->index, tt_rnd(&w->rng, 1 << 24)), cell);
	else
		ret = get_user(v, cell);
	tt_note(w, page, write, p->id, ret);
	if (ret && fatal_signal_pending(current))
		return;
	/* UML's kernel reads what user space may not */
	if (IS_ENABLED(CONFIG_UML) && p->id && p->prot == PROT_NONE)
		return;
	if (!p->id || !(p->prot & (write ? PROT_WRITE : PROT_READ))) {
		tt_check(ret == -EFAULT, "page %u, prot %u, can be %s: %d", page, p->prot,
			 write ? "written" : "read", ret);
		return;
	}
	verdict = u ? tt_verdict(before, tt_state(u)) : TT_OPEN;
	/* A copy is of what was there */
	if (p->private)
		verdict = TT_OPEN;
	if (ret)
		tt_count(N_SIGBUS);
	tt_check(!ret || verdict != TT_OPEN,
		 "page %u of object %u, kind %d: SIGBUS, and nobody took it back", p->index, p->id,
		 u ? u->kind : -1);
	tt_check(ret || verdict != TT_SHUT,
		 "page %u of object %u, kind %d, is accessed while taken back", p->index, p->id,
		 u ? u->kind : -1);
	tt_check(ret || write || tt_cell_is(v, p->id, p->index),
		 "user space reads %#llx in page %u of object %u", v, p->index, p->id);
}

/* A run of one mapping: mremap moves no more */
static unsigned int tt_some_run(struct tt_worker *w, unsigned int *nr, bool same)
{
	unsigned int page = tt_rnd(&w->rng, TT_AREA), most = 1 + tt_rnd(&w->rng, TT_PAGES);
	struct tt_page *p = &w->pages[page];

	for (*nr = 0; p->id && *nr < most && page + *nr < TT_AREA; ++*nr) {
		struct tt_page *next = p + *nr;

		if (!next->id || (same && (next->vma != p->vma || next->prot != p->prot ||
					   next->index != p->index + *nr)))
			break;
	}
	return page;
}

static bool tt_op_mremap(struct tt_worker *w)
{
	unsigned int nr, page = tt_some_run(w, &nr, true), to;

	if (!nr)
		return false;
	to = tt_rnd(&w->rng, TT_AREA - nr + 1);
	if (to + nr > page && page + nr > to)
		return false;
	tt_count(N_MREMAP);
	tt_do_munmap(w, to, nr);
	w->todo = (struct torture_run) {
		.worker = w->nr, .todo = TORTURE_MREMAP, .addr = tt_addr(w, page),
		.len = nr * PAGE_SIZE, .to = tt_addr(w, to),
	};
	tt_note(w, page, nr, w->pages[page].id, to);
	return true;
}

static bool tt_op_mprotect(struct tt_worker *w)
{
	unsigned int nr, page = tt_some_run(w, &nr, false), i;
	bool ordinary = false;

	if (!nr)
		return false;
	tt_count(N_MPROTECT);
	for (i = 0; i < nr; i++)
		ordinary |= !tt_owned(&w->pages[page + i]);
	w->todo = (struct torture_run) {
		.worker = w->nr, .todo = TORTURE_MPROTECT, .addr = tt_addr(w, page),
		.len = nr * PAGE_SIZE, .prot = tt_some_prot(&w->rng, ordinary),
	};
	tt_note(w, page, nr, w->pages[page].id, w->todo.prot);
	return true;
}

static bool tt_op_fork(struct tt_worker *w)
{
	struct tt_worker *child = NULL;
	unsigned int i;

	if (!forks)
		return false;
	mutex_lock(&tt_workers_lock);
	for (i = TT_WORKERS; i < TT_WORKERS + TT_CHILDREN && !child; i++)
		if (!READ_ONCE(tt_workers[i].busy))
			child = &tt_workers[i];
	if (child)
		child->busy = true;
	mutex_unlock(&tt_workers_lock);
	if (!child)
		return false;
	tt_count(N_FORK);
	child->nr = child - tt_workers;
	child->child = true;
	child->killed = false;
	child->rng.s = tt_mix(w->rng.s + 1);
	child->left = 8 + tt_rnd(&w->rng, 64);
	child->base = w->base;
	memcpy(child->pages, w->pages, sizeof(w->pages));
	w->todo = (struct torture_run) {
		.worker = w->nr, .todo = TORTURE_FORK, .child = child->nr,
	};
	if (tt_one_in(&w->rng, 3)) {
		w->todo.kill_us = 1 + tt_rnd(&w->rng, 4000);
		child->killed = true;
		tt_count(N_KILLED);
	}
	return true;
}

/* These are VMAs of their own from now on, and stay it: VM_PFNMAP is never merged */
static void tt_split(struct tt_worker *w, unsigned int page, unsigned int nr)
{
	u32 old = 0;

	for (; nr--; page++) {
		if (w->pages[page].vma != old)
			w->vmas++;
		old = w->pages[page].vma;
		w->pages[page].vma = w->vmas;
	}
}

/* User space has done it */
static void tt_did(struct tt_worker *w, const struct torture_run *did)
{
	unsigned int page = (did->addr - w->base) / PAGE_SIZE, nr = did->len / PAGE_SIZE;
	unsigned int to = (did->to - w->base) / PAGE_SIZE, i;

	switch (did->todo) {
	case TORTURE_MREMAP:
		if (!tt_check(!did->ret, "mremap: %d", did->ret))
			break;
		memcpy(&w->pages[to], &w->pages[page], nr * sizeof(w->pages[0]));
		tt_forget(w, page, nr);
		tt_split(w, to, nr);
		break;
	case TORTURE_MPROTECT:
		if (!tt_check(!did->ret, "mprotect: %d", did->ret))
			break;
		for (i = 0; i < nr; i++)
			w->pages[page + i].prot = did->prot;
		tt_split(w, page, nr);
		break;
	case TORTURE_FORK:
		/* There is none, or it was killed and cannot say that it is done */
		if (did->ret < 0 || did->kill_us)
			WRITE_ONCE(tt_workers[did->child].busy, false);
		break;
	}
}

/* ---- what a pin must say ---- */

struct tt_asked {
	unsigned int first, nr;		/* pages */
	size_t skip, len;
	bool write;
	enum tt_client client;
	bool again;			/* was permitted when it was pinned */
};

struct tt_answer {
	int ret;			/* if nobody takes it back */
	bool owned;
	struct tt_unit *unit;
	struct tt_page *page;		/* the first */
	unsigned int run;		/* pages that belong together */
};

enum tt_piece { TT_HOLE, TT_ORDINARY, TT_OWNED };

/* One page, as if it were a VMA of its own */
static int tt_ask_page(const struct tt_page *p, const struct tt_asked *q, enum tt_piece *piece)
{
	struct tt_obj *obj = p->obj;

	*piece = TT_HOLE;
	if (!p->id)
		return 0;
	*piece = TT_ORDINARY;
	if (!obj)
		return 0;
	if (obj->unit->kind != TT_DMABUF && READ_ONCE(obj->refuse) == current)
		return obj->refusal;
	if (q->client == TT_EXTENTS && tt_has_dmabuf(obj->unit->kind))
		return -EFAULT;		/* VM_PFNMAP of nobody */
	*piece = TT_OWNED;
	if (p->private)
		return -EFAULT;
	if (!q->again && !(p->prot & (q->write ? PROT_WRITE : PROT_READ)))
		return -EFAULT;
	return 0;
}

static bool tt_adjoins(const struct tt_page *p, const struct tt_page *next, unsigned int n,
		       enum tt_piece piece, enum tt_piece next_piece)
{
	if (piece != next_piece)
		return false;
	return piece != TT_OWNED || (next->obj == p->obj && next->index == p->index + n);
}

/* As vma_run_get() goes: returns why it stopped, and where */
static int tt_ask_run(struct tt_worker *w, const struct tt_asked *q, struct tt_answer *a,
		      enum tt_piece *piece)
{
	enum tt_piece next;
	int ret;

	*a = (struct tt_answer) { .page = &w->pages[q->first] };
	ret = tt_ask_page(a->page, q, piece);
	if (ret)
		return ret;
	a->owned = *piece == TT_OWNED;
	if (a->owned)
		a->unit = a->page->obj->unit;
	for (a->run = 1; *piece != TT_HOLE && a->run < q->nr; a->run++) {
		ret = tt_ask_page(a->page + a->run, q, &next);
		if (ret)
			return ret;
		if (!tt_adjoins(a->page, a->page + a->run, a->run, *piece, next))
			return -EFAULT;
	}
	return 0;
}

static int tt_ask_object(const struct tt_asked *q, const struct tt_answer *a, size_t len)
{
	size_t offset = a->page->index * PAGE_SIZE + q->skip;

	if (offset + len > a->page->obj->size)
		return -EFAULT;
	if (a->unit->r && q->client == TT_CANNOT)
		return -EOPNOTSUPP;
	return 0;
}

static void tt_ask(struct tt_worker *w, const struct tt_asked *q, struct tt_answer *a)
{
	enum tt_piece piece;
	unsigned int i;
	u8 prot;

	a->ret = tt_ask_run(w, q, a, &piece);
	if (a->ret)
		return;
	if (a->owned) {
		a->ret = tt_ask_object(q, a, q->len);
		return;
	}
	if (piece == TT_HOLE) {
		a->ret = -EFAULT;
		return;
	}
	for (i = 0; i < q->nr; i++) {
		prot = w->pages[q->first + i].prot;
		if (!(prot & (q->write ? PROT_WRITE : PROT_READ)))
			a->ret = -EFAULT;
	}
}

static void tt_some_range(struct tt_worker *w, struct tt_asked *q)
{
	unsigned int nr = 0, tries;
	struct tt_page *p;

	/* Most where something is, and all of one kind */
	for (tries = 4; !nr && tries; tries--)
		q->first = tt_some_run(w, &nr, !tt_one_in(&w->rng, 4));
	q->nr = max(nr, 1U);
	if (tt_one_in(&w->rng, 12))
		q->nr = min(q->nr + tt_rnd(&w->rng, 3), TT_AREA - q->first);
	p = &w->pages[q->first];
	q->skip = 0;
	q->len = q->nr * PAGE_SIZE;
	if (tt_one_in(&w->rng, 3)) {
		q->skip = tt_rnd(&w->rng, PAGE_SIZE);
		q->len -= q->skip;
	}
	if (tt_one_in(&w->rng, 3))
		q->len -= tt_rnd(&w->rng, min_t(size_t, q->len, PAGE_SIZE));
	q->nr = DIV_ROUND_UP(q->skip + q->len, PAGE_SIZE);
	q->write = p->prot & PROT_WRITE && tt_rnd(&w->rng, 3);
	q->client = tt_rnd(&w->rng, TT_CLIENTS);
	if (p->obj && p->obj->unit->r && !q->client && tt_rnd(&w->rng, 4))
		q->client = TT_RESTORES;
	if (p->obj && tt_has_dmabuf(p->obj->unit->kind) && q->client == TT_EXTENTS &&
	    tt_rnd(&w->rng, 4))
		q->client = TT_CAN;
	if (tt_one_in(&w->rng, 16))
		q->write = !q->write;
}

/* Before the pin, since callbacks may come before it is back */
static void tt_expect_pin(struct tt_buf *b, const struct tt_asked *q, const struct tt_answer *a)
{
	unsigned int i;

	b->client = q->client;
	b->write = q->write;
	b->skip = q->skip;
	b->len = q->len;
	b->id = a->page->id;
	b->first = a->page->index;
	for (i = 0; i < q->nr; i++) {
		b->cells[i].id = a->page[i].id;
		b->cells[i].index = a->page[i].index;
	}
	b->obj = a->owned ? a->page->obj : NULL;
	b->unit = a->owned ? a->unit : NULL;
	if (b->unit)
		kref_get(&b->unit->ref);
}

static const int tt_refusals[] = { -ENOMEM, -EDQUOT, -EPERM, -ENODEV };

/* Now and then the owner of what is asked for refuses; returns whom to tell that it is over */
static struct tt_obj *tt_refuse(struct tt_worker *w, const struct tt_asked *q)
{
	struct tt_obj *obj = w->pages[q->first + tt_rnd(&w->rng, q->nr)].obj;
	struct task_struct *nobody = (struct task_struct *)-1L;

	if (!tt_one_in(&w->rng, 24) || !obj || cmpxchg(&obj->refuse, NULL, nobody))
		return NULL;
	obj->refusal = tt_refusals[tt_rnd(&w->rng, ARRAY_SIZE(tt_refusals))];
	WRITE_ONCE(obj->refuse, current);
	return obj;
}

static unsigned int tt_place(struct tt_worker *w)
{
	return tt_rnd(&w->rng, TT_BUFS);
}

static bool tt_pin_killed(int ret)
{
	return (ret == -EINTR || ret == -ERESTARTSYS || ret == -EFAULT || ret == -EAGAIN) &&
	       fatal_signal_pending(current);
}

static void tt_op_pin(struct tt_worker *w)
{
	unsigned int at = tt_place(w);
	bool prefix = tt_one_in(&w->rng, 5);
	struct tt_obj *refused;
	struct tt_answer a;
	struct tt_asked q;
	enum tt_piece piece;
	enum tt_verdict v = TT_OPEN;
	struct tt_buf *b;
	ssize_t ret, want;
	u64 before = 0;

	tt_some_range(w, &q);
	if (w->bufs[at]) {
		tt_unpin(w->bufs[at], &w->rng);
		w->bufs[at] = NULL;
	}
	b = tt_buf_new();
	if (!b)
		return;
	refused = tt_refuse(w, &q);
	if (prefix) {
		want = tt_ask_run(w, &q, &a, &piece);
		if (a.run && piece != TT_HOLE) {
			/* What stopped it, the next call is told */
			want = min(q.len, a.run * PAGE_SIZE - q.skip);
			if (a.owned && a.page->obj->size > a.page->index * PAGE_SIZE + q.skip)
				want = min_t(ssize_t, want, a.page->obj->size -
					     a.page->index * PAGE_SIZE - q.skip);
			if (a.owned)
				want = tt_ask_object(&q, &a, want) ?: want;
		} else {
			want = want ?: -EFAULT;
		}
	} else {
		tt_ask(w, &q, &a);
		want = a.ret;
	}
	tt_expect_pin(b, &q, &a);
	if (prefix && want > 0)
		b->len = want;
	if (a.unit && a.unit->r)
		before = tt_state(a.unit);
	tt_count(prefix ? N_PREFIX : N_PIN);
	if (prefix)
		ret = vma_pin_user_prefix(&b->pin, current->mm, tt_addr(w, q.first) + q.skip, q.len,
					  q.write ? VMA_PIN_WRITE : 0, &tt_clients[q.client]);
	else
		ret = vma_pin_user(&b->pin, tt_addr(w, q.first) + q.skip, q.len,
				   q.write ? VMA_PIN_WRITE : 0, &tt_clients[q.client]);
	if (refused)
		WRITE_ONCE(refused->refuse, NULL);
	tt_note(w, q.first, q.nr, b->id, ret);
	if (a.unit && a.unit->r)
		v = tt_verdict(before, tt_state(a.unit));

	if (ret < 0) {
		tt_count(N_PIN_REFUSED);
		tt_check(tt_pin_killed(ret) || ret == want ||
			 (ret == -ENODEV && want >= 0 && v != TT_OPEN),
			 "pin of %zu bytes at %zu, page %u + %u, object %u, kind %d, client %d, write %d, prefix %d: %zd and not %zd",
			 q.len, q.skip, q.first, q.nr, b->id, a.unit ? a.unit->kind : -1, q.client,
			 q.write, prefix, ret, want);
		tt_buf_drop(b);
		return;
	}
	tt_check(ret == want && v != TT_SHUT,
		 "pinned %zu bytes at %zu, page %u + %u, object %u, kind %d, client %d, write %d, prefix %d: %zd and not %zd, taken back %d",
		 q.len, q.skip, q.first, q.nr, b->id, a.unit ? a.unit->kind : -1, q.client, q.write,
		 prefix, ret, want, v);
	tt_check(vma_pin_is_owned(&b->pin) == a.owned, "a pin of object %u is owned: %d", b->id,
		 !a.owned);
	if (prefix && !a.owned) {
		tt_buf_drop(b);
		return;
	}
	w->bufs[at] = b;
	if (tt_one_in(&w->rng, 2))
		tt_share(b, &w->rng);
	/* As most importers would */
	if (tt_rnd(&w->rng, 4))
		tt_map(b, &w->rng);
}

/* Does the address still show it? */
static void tt_op_still(struct tt_worker *w)
{
	struct tt_buf *b = w->bufs[tt_place(w)];
	struct tt_asked q = {};
	enum tt_piece piece, of;
	bool want = true, is;
	u64 before;
	unsigned int i;

	if (!b || w->child)
		return;
	before = tt_state_of(b);
	q.client = b->client;
	q.again = true;
	q.first = (b->pin.start - w->base) / PAGE_SIZE;
	q.nr = DIV_ROUND_UP(b->skip + b->len, PAGE_SIZE);
	of = b->unit ? TT_OWNED : TT_ORDINARY;
	for (i = 0; i < q.nr; i++) {
		struct tt_page *p = &w->pages[q.first + i];
		int err = tt_ask_page(p, &q, &piece);

		if (of == TT_ORDINARY)
			want &= !err && piece != TT_OWNED;
		else
			want &= !err && piece == TT_OWNED && p->id == b->id &&
				p->index == b->first + i;
	}
	tt_count(N_STILL);
	is = vma_pin_still_there(&b->pin);
	if (fatal_signal_pending(current))
		return;
	tt_note(w, q.first, q.nr, b->id, is);
	/* Of what is gone for good there is nothing to compare */
	if (before & TT_GONE)
		want = false;
	else if (b->unit && (tt_state_of(b) & TT_GONE ||
			     tt_verdict(before, tt_state_of(b)) == TT_UNSURE))
		want &= is;
	tt_check(is == want, "object %u, kind %d, is%s where it was pinned", b->id,
		 b->unit ? b->unit->kind : -1, is ? "" : " not");
}

/* ---- chance ---- */

enum tt_what {
	OP_MMAP, OP_ANON, OP_MUNMAP, OP_MREMAP, OP_MPROTECT, OP_FORK, OP_TOUCH, OP_PIN,
	OP_MAP, OP_ACCESS, OP_ACCESS_SHARED, OP_DEVICE, OP_DEVICE_SHARED, OP_UNMAP, OP_UNPIN,
	OP_STILL, OP_ORPHAN, OP_REVOKE, OP_RESTORE, OP_BRIEF, OP_UNBIND, OP_MOVE,
	OP_KINDS
};

static const struct {
	const char *name;
	unsigned int weight;
	bool child;
} tt_ops[OP_KINDS] = {
	[OP_MMAP]		= { "mmap", 30 },
	[OP_ANON]		= { "anon", 8 },
	[OP_MUNMAP]		= { "munmap", 8 },
	[OP_MREMAP]		= { "mremap", 8 },
	[OP_MPROTECT]		= { "mprotect", 8 },
	[OP_FORK]		= { "fork", 1 },
	[OP_TOUCH]		= { "touch", 80, true },
	[OP_PIN]		= { "pin", 90, true },
	[OP_MAP]		= { "map", 60, true },
	[OP_ACCESS]		= { "access", 80, true },
	[OP_ACCESS_SHARED]	= { "access_shared", 80, true },
	[OP_DEVICE]		= { "device", 60, true },
	[OP_DEVICE_SHARED]	= { "device_shared", 60, true },
	[OP_UNMAP]		= { "unmap", 20, true },
	[OP_UNPIN]		= { "unpin", 30, true },
	[OP_STILL]		= { "still", 20 },
	[OP_ORPHAN]		= { "orphan", 4 },
	[OP_REVOKE]		= { "revoke", 16 },
	[OP_RESTORE]		= { "restore", 24 },
	[OP_BRIEF]		= { "brief", 8 },
	[OP_UNBIND]		= { "unbind", 4 },
	[OP_MOVE]		= { "move", 24 },
};

static enum tt_what tt_some_op(struct tt_worker *w)
{
	static unsigned int all;
	unsigned int at, i;

	if (!READ_ONCE(all)) {
		for (i = at = 0; i < OP_KINDS; i++)
			at += tt_ops[i].weight;
		WRITE_ONCE(all, at);
	}
	do {
		at = tt_rnd(&w->rng, READ_ONCE(all));
		for (i = 0; at >= tt_ops[i].weight; i++)
			at -= tt_ops[i].weight;
	} while (w->child && !tt_ops[i].child);
	return i;
}

static void tt_op_owner(struct tt_worker *w, enum tt_what what)
{
	unsigned int at = tt_rnd(&w->rng, TT_TOKENS);
	struct file *file;
	struct tt_unit *u;
	struct tt_obj *obj;

	u = tt_pick(&w->rng, &obj, &file);
	if (!u)
		return;
	tt_note(w, 0, u->kind, obj->id, 0);
	if (what == OP_MOVE) {
		if (u->kind == TT_DMABUF)
			tt_move(u, &w->rng);
	} else if (!u->r) {
		;
	} else if (what == OP_BRIEF) {
		tt_revoke_briefly(u);
	} else {
		struct tt_unit *old;

		/* One that stands for each token, and the one that was there ends */
		tt_revoke(u);
		kref_get(&u->ref);
		old = tt_token(u, at);
		if (old) {
			tt_restore(u);
			tt_unit_put(u);
		}
	}
	tt_unpick(u, obj, file);
}

static void tt_op_unbind(struct tt_worker *w)
{
	unsigned int at = tt_rnd(&w->rng, TT_UNITS);
	struct tt_unit *u = tt_unit_new(&w->rng);

	/* If all memory is held: take something away, and there is nothing in its place */
	u = tt_swap(at, u);
	if (!u)
		return;
	tt_note(w, at, u->kind, u->objs[0]->id, 0);
	tt_unit_end(u);
}

static void tt_op_restore(struct tt_worker *w)
{
	struct tt_unit *u = tt_token(NULL, tt_rnd(&w->rng, TT_TOKENS));

	if (!u)
		return;
	tt_restore(u);
	tt_unit_put(u);
}

static void tt_op_orphan(struct tt_worker *w)
{
	struct tt_buf *b = tt_swap_orphan(NULL, tt_rnd(&w->rng, TT_SHARED));

	if (b)
		tt_unpin(b, &w->rng);
}

static void tt_op_buf(struct tt_worker *w, enum tt_what what)
{
	unsigned int at = tt_place(w), tries;
	struct tt_buf *b;

	for (tries = TT_BUFS; !w->bufs[at] && tries; tries--)
		at = (at + 1) % TT_BUFS;
	b = w->bufs[at];
	if (!b)
		return;
	/* To be shown, no more */
	tt_note(w, at, b->client, b->id, data_race(READ_ONCE(b->mapped)));
	switch (what) {
	case OP_MAP:
		tt_map(b, &w->rng);
		break;
	case OP_ACCESS:
		tt_access(b, &w->rng, true);
		break;
	case OP_DEVICE:
		tt_device(b, &w->rng, true);
		break;
	case OP_UNMAP:
		tt_unmap(b, &w->rng);
		break;
	default:
		w->bufs[at] = NULL;
		tt_unpin(b, &w->rng);
	}
}

/* Returns whether user space has something to do */
static bool tt_step(struct tt_worker *w)
{
	enum tt_what what;

	w->op++;
	if (!w->child)
		w->rng.s = tt_mix(seed ^ ((u64)w->nr << 56) ^ w->op * 0x632be59bd9b4e019ULL);
	what = tt_some_op(w);
	w->trace[w->op % TT_TRACE] = (struct tt_op) { .what = what };
	tt_count(N_OP);
	switch (what) {
	case OP_MMAP:
		tt_op_mmap(w);
		break;
	case OP_ANON:
		tt_op_anon(w);
		break;
	case OP_MUNMAP:
		tt_op_munmap(w);
		break;
	case OP_MREMAP:
		return tt_op_mremap(w);
	case OP_MPROTECT:
		return tt_op_mprotect(w);
	case OP_FORK:
		return tt_op_fork(w);
	case OP_TOUCH:
		tt_op_touch(w);
		break;
	case OP_PIN:
		tt_op_pin(w);
		break;
	case OP_ACCESS_SHARED:
		tt_access_shared(&w->rng, tt_access);
		break;
	case OP_DEVICE_SHARED:
		tt_access_shared(&w->rng, tt_device);
		break;
	case OP_STILL:
		tt_op_still(w);
		break;
	case OP_ORPHAN:
		tt_op_orphan(w);
		break;
	case OP_RESTORE:
		tt_op_restore(w);
		break;
	case OP_UNBIND:
		tt_op_unbind(w);
		break;
	case OP_REVOKE:
	case OP_BRIEF:
	case OP_MOVE:
		tt_op_owner(w, what);
		break;
	default:
		tt_op_buf(w, what);
	}
	return false;
}

static void tt_show_trace(struct tt_worker *w)
{
	unsigned int i;

	pr_err("worker %u ended with operation %llu\n", w->nr, w->op);
	for (i = TT_TRACE; i--; ) {
		struct tt_op *op;

		if (w->op <= i)
			continue;
		op = &w->trace[(w->op - i) % TT_TRACE];
		pr_err("  %llu: %s %u + %u, object %u: %d\n", w->op - i, tt_ops[op->what].name,
		       op->page, op->nr, op->id, op->ret);
	}
}

/* Pins outlive the process that made them */
static void tt_leave(struct tt_worker *w)
{
	struct tt_buf *b;
	unsigned int i;

	for (i = 0; i < TT_BUFS; i++) {
		b = w->bufs[i];
		w->bufs[i] = NULL;
		if (b)
			b = tt_swap_orphan(b, tt_rnd(&w->rng, TT_SHARED));
		if (b)
			tt_unpin(b, &w->rng);
	}
}

static long tt_run(struct torture_run *run)
{
	struct tt_worker *w;
	unsigned int n;

	if (run->worker >= workers)
		return -EINVAL;
	w = &tt_workers[run->worker];
	if (!w->busy) {
		w->busy = true;
		w->nr = run->worker;
		w->left = ops / workers;
		w->base = TT_BASE + ((unsigned long)w->nr << 26);
		run->todo = TORTURE_AGAIN;
	}
	tt_did(w, run);
	/* To be shown, no more */
	WRITE_ONCE(done, atomic_long_read(&tt_counts[N_OP]));
	for (n = 0; n < TT_BATCH && w->left && !READ_ONCE(stopped); n++) {
		w->left--;
		if (tt_step(w)) {
			*run = w->todo;
			return 0;
		}
		cond_resched();
	}
	run->todo = w->left && !READ_ONCE(stopped) ? TORTURE_AGAIN : TORTURE_DONE;
	if (run->todo == TORTURE_DONE) {
		if (READ_ONCE(stopped))
			tt_show_trace(w);
		tt_leave(w);
	}
	return 0;
}

static long tt_run_child(u32 nr)
{
	struct tt_worker *w;

	if (nr < TT_WORKERS || nr >= TT_WORKERS + TT_CHILDREN || !READ_ONCE(tt_workers[nr].busy))
		return -EINVAL;
	w = &tt_workers[nr];
	while (w->left && !READ_ONCE(stopped) && !fatal_signal_pending(current)) {
		w->left--;
		tt_step(w);
	}
	tt_leave(w);
	if (!w->killed)
		WRITE_ONCE(w->busy, false);
	return 0;
}

/* All threads are done and all children dead */
static void tt_end(void)
{
	struct tt_rng rng = { seed };
	struct tt_unit *u;
	struct tt_buf *b;
	unsigned int i;

	for (i = 0; i < TT_TOKENS; i++) {
		u = tt_token(NULL, i);
		if (!u)
			continue;
		tt_restore(u);
		tt_unit_put(u);
	}
	/* Some pins before their owners, some after */
	for (i = 0; i < TT_SHARED; i++) {
		b = tt_swap_orphan(NULL, i);
		if (b && i % 2)
			tt_unpin(b, &rng);
		else if (b)
			tt_swap_orphan(b, i);
	}
	for (i = 0; i < TT_UNITS; i++) {
		u = tt_swap(i, NULL);
		if (u)
			tt_unit_end(u);
	}
	for (i = 0; i < TT_SHARED; i++) {
		b = tt_swap_orphan(NULL, i);
		if (b)
			tt_unpin(b, &rng);
	}
	vma_unpin_barrier();
}

static long tt_judge(void)
{
	struct tt_obj *obj;
	char line[128];
	unsigned int i, n;
	long count;

	for (i = 0; i < 1500 && (atomic_read(&tt_objs) || atomic_read(&tt_bufs)); i++) {
		flush_delayed_fput();
		msleep(20);
	}
	spin_lock(&tt_all_lock);
	list_for_each_entry(obj, &tt_all, node)
		pr_err("object %u, kind %d, is left with %u references\n", obj->id, obj->unit->kind,
		       kref_read(&obj->ref));
	spin_unlock(&tt_all_lock);
	for (i = TT_WORKERS; i < TT_WORKERS + TT_CHILDREN; i++)
		tt_check(!READ_ONCE(tt_workers[i].busy), "child %u is not done: %lu left", i,
			 tt_workers[i].left);
	tt_check(!atomic_read(&tt_objs) && !atomic_read(&tt_units) && !atomic_read(&tt_bufs),
		 "%d objects, %d units and %d pins are left", atomic_read(&tt_objs),
		 atomic_read(&tt_units), atomic_read(&tt_bufs));
	tt_check(atomic_read(&tt_objs) || tt_free == TT_BLOCKS, "%u of %u blocks are free", tt_free,
		 TT_BLOCKS);
	for (i = n = 0; i < N_COUNTS; i++) {
		count = atomic_long_read(&tt_counts[i]);
		n += scnprintf(line + n, sizeof(line) - n, "%s%ld %s", n ? ", " : "", count,
			       tt_counted[i]);
		if (n > 60 || i == N_COUNTS - 1) {
			pr_info("%s\n", line);
			n = 0;
		}
	}
	pr_info("seed %llu, %u workers, %ld operations: %s\n", seed, workers,
		atomic_long_read(&tt_counts[N_OP]), atomic_read(&failures) ? "FAILURE" : "SUCCESS");
	return atomic_read(&failures);
}

/* ------------------------------------------------------------------------- */
/* The module                                                                */

static long tt_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct torture_run run;
	long ret;
	u32 nr;

	switch (cmd) {
	case TORTURE_RUN:
		if (copy_from_user(&run, user, sizeof(run)))
			return -EFAULT;
		ret = tt_run(&run);
		if (!ret && copy_to_user(user, &run, sizeof(run)))
			ret = -EFAULT;
		return ret;
	case TORTURE_CHILD:
		if (get_user(nr, (u32 __user *)user))
			return -EFAULT;
		return tt_run_child(nr);
	case TORTURE_END:
		tt_end();
		return 0;
	case TORTURE_JUDGE:
		return tt_judge();
	}
	return -ENOTTY;
}

static const struct file_operations tt_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= tt_ioctl,
};

static struct miscdevice tt_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= KBUILD_MODNAME,
	.fops	= &tt_fops,
	.mode	= 0600,
};

static void tt_free_devices(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tt_devices); i++)
		if (!IS_ERR_OR_NULL(tt_devices[i]))
			platform_device_unregister(tt_devices[i]);
}

static int tt_make_devices(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tt_devices); i++) {
		const struct platform_device_info info = {
			.name = KBUILD_MODNAME, .id = i, .dma_mask = DMA_BIT_MASK(64),
		};

		tt_devices[i] = platform_device_register_full(&info);
		if (IS_ERR(tt_devices[i]))
			return PTR_ERR(tt_devices[i]);
	}
	return 0;
}

static int __init tt_init(void)
{
	struct tt_rng rng = { seed };
	unsigned int i;
	int ret;

	if (!workers || workers > TT_WORKERS)
		return -EINVAL;
	ret = tt_blocks_alloc();
	if (ret)
		return ret;
	ret = tt_make_devices();
	if (ret)
		goto err;
	for (i = 0; i < TT_UNITS; i++)
		tt_table[i] = tt_unit_new(&rng);
	ret = misc_register(&tt_misc);
	if (!ret)
		return 0;
	tt_end();
err:
	tt_free_devices();
	tt_blocks_free();
	return ret;
}

/* No file is open, and so nothing is held */
static void __exit tt_exit(void)
{
	misc_deregister(&tt_misc);
	tt_end();
	flush_delayed_fput();
	vma_unpin_barrier();
	tt_free_devices();
	tt_blocks_free();
}

module_init(tt_init);
module_exit(tt_exit);

MODULE_DESCRIPTION("Torture of VMA owners");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
