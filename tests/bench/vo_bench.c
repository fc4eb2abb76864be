// SPDX-License-Identifier: GPL-2.0
/*
 * What pins cost, each beside what is done without them. See vo_bench.h.
 *
 * Instructions between two reads of the time stamp counter are counted, so the
 * guest runs with -icount. Interrupts come in between now and then, which the
 * least of many repetitions leaves out.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vma_owner.h>
#include <linux/vmalloc.h>
#include <trace/events/kmem.h>

#include "vo_bench.h"

#define BENCH_NAME	"vo_bench"
#define BENCH_PADDR	(1ULL << 38)	/* nothing is there */
#define BENCH_SIZE	(1ULL << 36)

MODULE_IMPORT_NS("DMA_BUF");

static struct platform_device *bench_device;
static struct vma_owner_revoke *bench_revoke;
static refcount_t bench_refs = REFCOUNT_INIT(1);

/* ------------------------------------------------------------------------- */
/* The owner                                                                 */

static void bench_put(void *obj)
{
	refcount_dec(&bench_refs);
}

static int bench_get_extents(void *obj, u64 offset, u64 len,
			     struct vma_owner_extents *x)
{
	x->vec = kmalloc_obj(*x->vec);
	if (!x->vec)
		return -ENOMEM;
	x->vec[0] = (struct phys_vec) { BENCH_PADDR + offset, len };
	x->nr = 1;
	x->type = VMA_OWNER_RAM_FIXED;
	return 0;
}

static void bench_put_extents(void *obj, struct vma_owner_extents *x)
{
	kfree(x->vec);
}

static struct vma_owner_revoke *bench_revocable(void *obj)
{
	return bench_revoke;
}

static const struct vma_owner_obj_ops bench_static_ops = {
	.name		= BENCH_NAME,
	.module		= THIS_MODULE,
	.put		= bench_put,
	.get_extents	= bench_get_extents,
	.put_extents	= bench_put_extents,
};

static const struct vma_owner_obj_ops bench_revocable_ops = {
	.name		= BENCH_NAME,
	.module		= THIS_MODULE,
	.put		= bench_put,
	.get_extents	= bench_get_extents,
	.put_extents	= bench_put_extents,
	.revocable	= bench_revocable,
};

static int bench_tryget(const struct vma_owner_query *q,
			struct vma_owner_ref *ref)
{
	u64 offset = (u64)q->pgoff << PAGE_SHIFT;

	refcount_inc(&bench_refs);
	ref->ops = &bench_static_ops;
	if (offset >= VO_BENCH_REVOCABLE) {
		ref->ops = &bench_revocable_ops;
		offset -= VO_BENCH_REVOCABLE;
	}
	ref->obj = &bench_refs;
	ref->offset = offset;
	ref->size = BENCH_SIZE;
	return 0;
}

static const struct vma_owner_ops bench_owner_ops = {
	.tryget = bench_tryget,
};

static const struct vm_operations_struct bench_vm_ops = {
	.owner_ops = &bench_owner_ops,
};

static int bench_mmap(struct file *file, struct vm_area_struct *vma)
{
	u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;

	vma->vm_ops = &bench_vm_ops;
	return io_remap_pfn_range(vma, vma->vm_start,
				  PHYS_PFN(BENCH_PADDR +
					   offset % VO_BENCH_REVOCABLE),
				  vma->vm_end - vma->vm_start,
				  vma->vm_page_prot);
}

/* There are no CPU mappings that anybody uses */
static const struct vma_owner_revoke_ops bench_revoke_ops = {
	.name = BENCH_NAME,
};

/* ------------------------------------------------------------------------- */
/* The importer                                                              */

static const struct vma_pin_client bench_client = {
	.name = BENCH_NAME,
};

/* What a device that is told by a register does: its own lock, and a flag */
struct bench_pin {
	struct vma_pin	pin;
	struct mutex	lock;		/* leaf: of @running */
	bool		running;
};

static void bench_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	struct bench_pin *b = container_of(pin, struct bench_pin, pin);

	mutex_lock(&b->lock);
	b->running = false;
	mutex_unlock(&b->lock);
}

static const struct vma_pin_client bench_revocable_client = {
	.name		= BENCH_NAME,
	.invalidate	= bench_invalidate,
};

/* One call of the ioctl. The pin is in memory that is there, as in a buffer */
struct bench {
	struct vo_bench	arg;
	struct vma_pin	pin;
};

static int bench_pin(struct bench *b)
{
	int ret = vma_pin_user(&b->pin, b->arg.addr, b->arg.len, VMA_PIN_WRITE,
			       &bench_client);

	if (!ret)
		vma_unpin(&b->pin);
	return ret;
}

static int bench_map(struct bench *b)
{
	struct sg_table *sgt;
	int ret = vma_pin_user(&b->pin, b->arg.addr, b->arg.len, VMA_PIN_WRITE,
			       &bench_client);

	if (ret)
		return ret;
	sgt = vma_pin_map_dma_unlocked(&b->pin, &bench_device->dev,
				       DMA_BIDIRECTIONAL);
	vma_unpin(&b->pin);
	return PTR_ERR_OR_ZERO(sgt);
}

/* ------------------------------------------------------------------------- */
/* What is done without pins                                                 */

static int bench_pfnmap(struct bench *b)
{
	struct follow_pfnmap_args args = {};
	unsigned long at = b->arg.addr;
	int ret = 0;

	mmap_read_lock(current->mm);
	args.vma = vma_lookup(current->mm, at);
	if (!args.vma)
		ret = -EFAULT;
	for (; !ret && at < b->arg.addr + b->arg.len; at += PAGE_SIZE) {
		args.address = at;
		ret = follow_pfnmap_start(&args);
		if (!ret)
			follow_pfnmap_end(&args);
	}
	mmap_read_unlock(current->mm);
	return ret;
}

static int bench_by_fd(struct bench *b)
{
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	struct dma_buf *buf;
	int ret;

	buf = dma_buf_get(b->arg.fd);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	attach = dma_buf_attach(buf, &bench_device->dev);
	ret = PTR_ERR_OR_ZERO(attach);
	if (ret)
		goto out;
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
	ret = PTR_ERR_OR_ZERO(sgt);
	if (!ret)
		dma_buf_unmap_attachment_unlocked(attach, sgt,
						  DMA_BIDIRECTIONAL);
	dma_buf_detach(buf, attach);
out:
	dma_buf_put(buf);
	return ret;
}

static int bench_map_pages(struct page **pages, struct bench *b,
			   unsigned int nr)
{
	struct device *dev = &bench_device->dev;
	struct sg_table sgt;
	int ret;

	ret = sg_alloc_table_from_pages_segment(&sgt, pages, nr,
						offset_in_page(b->arg.addr), b->arg.len,
						dma_get_max_seg_size(dev),
						GFP_KERNEL);
	if (ret)
		return ret;
	ret = dma_map_sgtable(dev, &sgt, DMA_BIDIRECTIONAL,
			      DMA_ATTR_SKIP_CPU_SYNC);
	if (!ret)
		dma_unmap_sgtable(dev, &sgt, DMA_BIDIRECTIONAL,
				  DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(&sgt);
	return ret;
}

static int bench_gup_for(struct bench *b, bool map)
{
	unsigned int nr = PAGE_ALIGN(offset_in_page(b->arg.addr) + b->arg.len) >>
			  PAGE_SHIFT;
	struct page **pages;
	int ret;

	pages = kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	ret = pin_user_pages_fast(b->arg.addr, nr, FOLL_WRITE | FOLL_LONGTERM,
				  pages);
	if (ret == nr)
		ret = map ? bench_map_pages(pages, b, nr) : 0;
	else
		nr = max(ret, 0);
	unpin_user_pages_dirty_lock(pages, nr, true);
	kvfree(pages);
	return ret > 0 ? -EFAULT : ret;
}

static int bench_gup(struct bench *b)
{
	return bench_gup_for(b, false);
}

static int bench_gup_map(struct bench *b)
{
	return bench_gup_for(b, true);
}

/* ------------------------------------------------------------------------- */
/* Instructions                                                              */

static int bench_nothing(struct bench *b)
{
	return 0;
}

/* As long as a pin takes, and touches nothing of anybody's */
static int bench_spin(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < 500; i++)
		barrier();
	return 0;
}

static int bench_least(struct bench *b, int (*op)(struct bench *b),
		       u64 *least)
{
	unsigned int i;
	int ret;

	*least = U64_MAX;
	for (i = 0; i < b->arg.reps; i++) {
		u64 begin = rdtsc();

		ret = op(b);
		*least = min(*least, rdtsc() - begin);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

static int bench_cost(struct bench *b, int (*op)(struct bench *b))
{
	u64 nothing;
	int ret;

	ret = bench_least(b, bench_nothing, &nothing);
	if (!ret)
		ret = bench_least(b, op, &b->arg.cost);
	b->arg.cost -= nothing;
	return ret;
}

/* ------------------------------------------------------------------------- */
/* Many pins                                                                 */

static int bench_repeat(struct bench *b, int (*op)(struct bench *b))
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < b->arg.reps && !ret; i++) {
		ret = op(b);
		cond_resched();
	}
	return ret;
}

static u64 bench_time_revoke(struct bench_pin *pins, unsigned int nr)
{
	u64 begin = rdtsc();

	vma_owner_revoke(bench_revoke, VMA_OWNER_TEMPORARY);
	begin = rdtsc() - begin;
	vma_owner_restore(bench_revoke);
	return begin;
}

static u64 bench_time_callbacks(struct bench_pin *pins, unsigned int nr)
{
	u64 begin = rdtsc();
	unsigned int i;

	for (i = 0; i < nr; i++)
		READ_ONCE(pins[i].pin.client)->invalidate(&pins[i].pin,
							  VMA_OWNER_TEMPORARY);
	return rdtsc() - begin;
}

static u64 bench_time_unmaps(struct bench_pin *pins, unsigned int nr)
{
	u64 begin = rdtsc();
	unsigned int i;

	for (i = 0; i < nr; i++) {
		READ_ONCE(pins[i].pin.client)->invalidate(&pins[i].pin,
							  VMA_OWNER_TEMPORARY);
		vma_pin_unmap_dma_unlocked(&pins[i].pin);
	}
	return rdtsc() - begin;
}

static int bench_map_many(struct bench_pin *pins, unsigned int nr)
{
	struct sg_table *sgt;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		sgt = vma_pin_map_dma_unlocked(&pins[i].pin, &bench_device->dev,
					       DMA_BIDIRECTIONAL);
		if (IS_ERR(sgt))
			return PTR_ERR(sgt);
	}
	return 0;
}

static int bench_many_least(struct vo_bench *b, struct bench_pin *pins)
{
	bool map = b->what == VO_BENCH_REVOKE_MAPPED ||
		   b->what == VO_BENCH_UNMAPS;
	u64 (*time)(struct bench_pin *pins, unsigned int nr) =
		b->what == VO_BENCH_CALLBACKS ? bench_time_callbacks :
		b->what == VO_BENCH_UNMAPS ? bench_time_unmaps :
		bench_time_revoke;
	unsigned int i;
	int ret;

	b->cost = U64_MAX;
	for (i = 0; i < b->reps; i++) {
		ret = map ? bench_map_many(pins, b->len) : 0;
		if (ret)
			return ret;
		b->cost = min(b->cost, time(pins, b->len));
	}
	return 0;
}

static int bench_many(struct vo_bench *b)
{
	struct bench_pin *pins;
	unsigned int nr;
	int ret = 0;

	pins = vcalloc(b->len, sizeof(*pins));
	if (!pins)
		return -ENOMEM;
	for (nr = 0; nr < b->len; nr++) {
		mutex_init(&pins[nr].lock);
		ret = vma_pin_user(&pins[nr].pin, b->addr, PAGE_SIZE,
				   VMA_PIN_WRITE, &bench_revocable_client);
		if (ret)
			break;
	}
	if (!ret)
		ret = bench_many_least(b, pins);
	while (nr)
		vma_unpin(&pins[--nr].pin);
	vfree(pins);
	return ret;
}

/* ------------------------------------------------------------------------- */
/* Bytes                                                                     */

static struct {
	struct task_struct	*task;
	u64			bytes;
} bench_slab;

static void bench_kmalloc(void *data, unsigned long site, const void *ptr,
			  size_t req, size_t alloc, gfp_t flags, int node)
{
	if (current == bench_slab.task)
		bench_slab.bytes += alloc;
}

static void bench_cache_alloc(void *data, unsigned long site, const void *ptr,
			      struct kmem_cache *s, gfp_t flags, int node)
{
	if (current == bench_slab.task)
		bench_slab.bytes += kmem_cache_size(s);
}

static int bench_bytes(struct bench *b, int (*op)(struct bench *b))
{
	int ret;

	ret = register_trace_kmalloc(bench_kmalloc, NULL);
	if (ret)
		return ret;
	ret = register_trace_kmem_cache_alloc(bench_cache_alloc, NULL);
	if (!ret) {
		bench_slab.bytes = 0;
		bench_slab.task = current;
		ret = op(b);
		bench_slab.task = NULL;
		b->arg.cost = bench_slab.bytes;
		unregister_trace_kmem_cache_alloc(bench_cache_alloc, NULL);
	}
	unregister_trace_kmalloc(bench_kmalloc, NULL);
	tracepoint_synchronize_unregister();
	return ret;
}

/* ------------------------------------------------------------------------- */

static int bench_run(struct bench *b)
{
	switch (b->arg.what) {
	case VO_BENCH_PIN:
		return bench_cost(b, bench_pin);
	case VO_BENCH_PFNMAP:
		return bench_cost(b, bench_pfnmap);
	case VO_BENCH_MAP:
		return bench_cost(b, bench_map);
	case VO_BENCH_BY_FD:
		return bench_cost(b, bench_by_fd);
	case VO_BENCH_GUP:
		return bench_cost(b, bench_gup);
	case VO_BENCH_GUP_MAP:
		return bench_cost(b, bench_gup_map);
	case VO_BENCH_REVOKE:
	case VO_BENCH_REVOKE_MAPPED:
	case VO_BENCH_CALLBACKS:
	case VO_BENCH_UNMAPS:
		return bench_many(&b->arg);
	case VO_BENCH_PINS:
		return bench_repeat(b, bench_pin);
	case VO_BENCH_TURNS:
		return bench_repeat(b, bench_spin);
	case VO_BENCH_SIZE:
		b->arg.cost = sizeof(struct vma_pin);
		return 0;
	case VO_BENCH_PIN_BYTES:
		return bench_bytes(b, bench_pin);
	case VO_BENCH_MAP_BYTES:
		return bench_bytes(b, bench_map);
	}
	return -EINVAL;
}

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct bench *b;
	int ret;

	if (cmd != VO_BENCH_IOCTL)
		return -ENOTTY;
	b = kzalloc_obj(*b);
	if (!b)
		return -ENOMEM;
	ret = copy_from_user(&b->arg, user, sizeof(b->arg)) ? -EFAULT : 0;
	if (!ret)
		ret = bench_run(b);
	if (!ret && copy_to_user(user, &b->arg, sizeof(b->arg)))
		ret = -EFAULT;
	kfree(b);
	return ret;
}

static const struct file_operations bench_fops = {
	.owner		= THIS_MODULE,
	.mmap		= bench_mmap,
	.unlocked_ioctl	= bench_ioctl,
};

static struct miscdevice bench_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= BENCH_NAME,
	.fops	= &bench_fops,
};

static int __init bench_init(void)
{
	int ret;

	bench_device = platform_device_register_simple(BENCH_NAME, -1, NULL, 0);
	if (IS_ERR(bench_device))
		return PTR_ERR(bench_device);
	ret = dma_coerce_mask_and_coherent(&bench_device->dev,
					   DMA_BIT_MASK(64));
	if (ret)
		goto err_device;
	/* As most drivers say that take long segments */
	dma_set_max_seg_size(&bench_device->dev, UINT_MAX);
	bench_revoke = vma_owner_revoke_create(&bench_revoke_ops, NULL);
	ret = PTR_ERR_OR_ZERO(bench_revoke);
	if (ret)
		goto err_device;
	ret = misc_register(&bench_misc);
	if (!ret)
		return 0;
	vma_owner_revoke_put(bench_revoke);
err_device:
	platform_device_unregister(bench_device);
	return ret;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	misc_deregister(&bench_misc);
	vma_owner_revoke_put(bench_revoke);
	platform_device_unregister(bench_device);
}
module_exit(bench_exit);

MODULE_DESCRIPTION("Count what pins cost");
MODULE_LICENSE("GPL");
