// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for VMA owners.
 *
 * A mock exporter and two mock importers stand in for drivers. The number in
 * the name of a case is that of the contract in Documentation/mm/vma_owner.rst
 * which it holds the code to; errno_* cases are the rows of the errno table in
 * linux/vma_owner.h.
 *
 * What every case checks at its end is in vo_exit(): references, extents and
 * kernel mappings taken from an exporter have all been given back, no pin is
 * left, and buffers, files and revoke handles are gone once nobody holds them.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/bitmap.h>
#include <linux/cred.h>
#include <linux/dma-buf.h>
#include <linux/dma-buf-sync.h>
#include <linux/dma-fence.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kmsg_dump.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>
#include <linux/vma_owner.h>
#include <linux/vmalloc.h>
#include <linux/wait_bit.h>

#define VO_PAGES	4
#define VO_SIZE		(VO_PAGES * PAGE_SIZE)

/* Time for something that must not happen; it never makes a case fail late */
#define VO_A_WHILE	(HZ / 20)
/* Time for something that must happen */
#define VO_LONG		(10 * HZ)

/* One test */
struct vo {
	struct kunit		*test;
	struct list_head	objs;
	struct list_head	imps;
	struct workqueue_struct	*wq;
	struct mm_struct	*mm;
	atomic_t		alive;	/* objects and files not yet released */
	atomic_t		clock;	/* orders events of different threads */
	int			handles; /* to revoke by, before the test */
};

static int vo_tick(struct vo *vo)
{
	return atomic_inc_return(&vo->clock);
}

static void vo_alive_put(struct vo *vo)
{
	atomic_dec(&vo->alive);
	/* wake_up_var() looks for waiters without a lock */
	smp_mb__after_atomic();
	wake_up_var(&vo->alive);
}

/*
 * Waits for what fput() and a dying mm do in their own time. A worker may have
 * begun with the files that are put, and flush_delayed_fput() not wait for it.
 */
static bool vo_alive_is(struct vo *vo, int n)
{
	flush_delayed_fput();
	return wait_var_event_timeout(&vo->alive, atomic_read(&vo->alive) == n,
				      VO_LONG);
}

/* ------------------------------------------------------------------------- */
/* A DMA API that knows who owns what                                        */

#define VO_LINES	64	/* of a page */
#define VO_LINE		(PAGE_SIZE / VO_LINES)

/*
 * What a device that is not coherent sees of a page: @ram is what is in memory,
 * @seen what of it the CPU has in its cache. A sync for the device writes back
 * lines that differ from @seen; one for the CPU drops them. Of a device that
 * bounces, @ram is the bounce buffer.
 */
struct vo_dma_page {
	unsigned long	pfn;
	u64		device;		/* lines that the device owns */
	u8		*ram;
	u8		*seen;
};

/*
 * One case uses this at a time; see "14." for how. By default a device that is not
 * coherent and has no IOMMU.
 */
static struct {
	spinlock_t	lock;		/* of all this */
	struct vo_dma_page pages[4 * VO_PAGES];
	unsigned int	live;		/* mappings */
	unsigned int	to_device;	/* hand-overs */
	unsigned int	to_cpu;
	unsigned int	read_only;	/* to_cpu of what the device only reads */
	unsigned int	lost;		/* unmapped, and still the device's */
	unsigned int	fail_at;	/* the mapping that fails, 1 the next */
	unsigned int	calls;		/* for whole tables that do either */
	unsigned int	longest;	/* segment mapped */
	unsigned int	max_seg_size;
	unsigned long	boundary;	/* as a mask; none if 0 */
	dma_addr_t	shift;		/* of what the device sees */
	bool		coherent;	/* no syncs, unless it bounces */
	bool		bounces;
	dma_addr_t	iova;		/* where ranges are, with an IOMMU */
	unsigned long	granules[4 * VO_PAGES];	/* pfns behind @iova */
	unsigned int	nr_granules;
	unsigned int	ranges;		/* that are allocated */
	size_t		linked;		/* bytes of them */
} vo_dma;

static struct vo_dma_page *vo_dma_page(phys_addr_t phys)
{
	unsigned long pfn = PHYS_PFN(phys);
	int i;

	for (i = 0; i < ARRAY_SIZE(vo_dma.pages); i++)
		if (vo_dma.pages[i].pfn == pfn)
			return &vo_dma.pages[i];
	return NULL;
}

static void vo_dma_flush(struct vo_dma_page *p, unsigned int line, bool to_device,
			 enum dma_data_direction dir)
{
	u8 *cpu = page_address(pfn_to_page(p->pfn)) + line * VO_LINE;
	u8 *ram = p->ram + line * VO_LINE, *seen = p->seen + line * VO_LINE;

	if (to_device && (vo_dma.bounces || memcmp(cpu, seen, VO_LINE)))
		memcpy(ram, cpu, VO_LINE);
	if (!to_device && dir != DMA_TO_DEVICE)
		memcpy(cpu, ram, VO_LINE);
	memcpy(seen, cpu, VO_LINE);
	if (to_device)
		p->device |= BIT_ULL(line);
	else
		p->device &= ~BIT_ULL(line);
}

/* Under the lock. Whose it is from now on; only pages that are watched count */
static void vo_dma_pass(phys_addr_t phys, size_t len, bool to_device,
			enum dma_data_direction dir)
{
	phys_addr_t at, end = phys + len;
	struct vo_dma_page *p;

	for (at = ALIGN_DOWN(phys, VO_LINE); at < end; at += VO_LINE) {
		p = vo_dma_page(at);
		if (p)
			vo_dma_flush(p, offset_in_page(at) / VO_LINE, to_device,
				     dir);
	}
}

/* Under the lock. Does the device own any of it? */
static bool vo_dma_owns(phys_addr_t phys, size_t len)
{
	phys_addr_t at, end = phys + len;
	struct vo_dma_page *p;

	for (at = ALIGN_DOWN(phys, VO_LINE); at < end; at += VO_LINE) {
		p = vo_dma_page(at);
		if (p && p->device & BIT_ULL(offset_in_page(at) / VO_LINE))
			return true;
	}
	return false;
}

static bool __maybe_unused vo_is_device(struct page *page)
{
	bool owns;

	spin_lock(&vo_dma.lock);
	owns = vo_dma_owns(page_to_phys(page), PAGE_SIZE);
	spin_unlock(&vo_dma.lock);
	return owns;
}

/* As dma-iommu does: the first byte is looked up, and the rest goes on from there */
static phys_addr_t vo_dma_phys(dma_addr_t addr)
{
	unsigned long i = (addr - vo_dma.iova) >> PAGE_SHIFT;

	if (!vo_dma.nr_granules || addr < vo_dma.iova || i >= vo_dma.nr_granules)
		return addr - vo_dma.shift;
	return PFN_PHYS(vo_dma.granules[i]) + offset_in_page(addr);
}

static dma_addr_t vo_dma_map(struct device *dev, phys_addr_t phys, size_t len,
			     enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t addr = phys + vo_dma.shift;

	spin_lock(&vo_dma.lock);
	if (vo_dma.fail_at && !--vo_dma.fail_at) {
		addr = DMA_MAPPING_ERROR;
	} else {
		vo_dma.live++;
		if (!(attrs & (DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_MMIO))) {
			vo_dma.to_device++;
			vo_dma_pass(phys, len, true, dir);
		}
	}
	spin_unlock(&vo_dma.lock);
	return addr;
}

static void vo_dma_end(phys_addr_t phys, size_t len, enum dma_data_direction dir,
		       unsigned long attrs)
{
	spin_lock(&vo_dma.lock);
	vo_dma.live--;
	if (!(attrs & (DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_MMIO))) {
		vo_dma.to_cpu++;
		vo_dma_pass(phys, len, false, dir);
	} else if (dir != DMA_TO_DEVICE) {
		vo_dma.lost += vo_dma_owns(phys, len);
	}
	spin_unlock(&vo_dma.lock);
}

static void vo_dma_unmap(struct device *dev, dma_addr_t addr, size_t len,
			 enum dma_data_direction dir, unsigned long attrs)
{
	vo_dma_end(vo_dma_phys(addr), len, dir, attrs);
}

static void vo_dma_for_cpu(struct device *dev, dma_addr_t addr, size_t len,
			   enum dma_data_direction dir)
{
	spin_lock(&vo_dma.lock);
	vo_dma.to_cpu++;
	vo_dma.read_only += dir == DMA_TO_DEVICE;
	vo_dma_pass(vo_dma_phys(addr), len, false, dir);
	spin_unlock(&vo_dma.lock);
}

static void vo_dma_for_device(struct device *dev, dma_addr_t addr, size_t len,
			      enum dma_data_direction dir)
{
	spin_lock(&vo_dma.lock);
	vo_dma.to_device++;
	vo_dma_pass(vo_dma_phys(addr), len, true, dir);
	spin_unlock(&vo_dma.lock);
}

static bool __maybe_unused vo_dma_need_sync(struct device *dev, dma_addr_t addr)
{
	return vo_dma.bounces || !vo_dma.coherent;
}

static bool __maybe_unused vo_dma_is_coherent(struct device *dev)
{
	return vo_dma.coherent;
}

static unsigned int __maybe_unused vo_dma_max_seg_size(struct device *dev)
{
	return vo_dma.max_seg_size;
}

static unsigned long __maybe_unused vo_dma_seg_boundary(struct device *dev)
{
	return vo_dma.boundary ?: ULONG_MAX;
}

/* An IOMMU, of which a device that is coherent gets ranges of addresses */
static unsigned long __maybe_unused vo_dma_merge_boundary(struct device *dev)
{
	return vo_dma.iova ? PAGE_SIZE - 1 : 0;	/* a granule is a page */
}

static bool __maybe_unused vo_dma_dev_need_sync(const struct device *dev)
{
	return vo_dma_need_sync((struct device *)dev, 0);
}

static bool __maybe_unused vo_use_iova(struct dma_iova_state *state)
{
	return state->addr;
}

static bool __maybe_unused vo_iova_alloc(struct device *dev,
					 struct dma_iova_state *state,
					 phys_addr_t phys, size_t size)
{
	if (!vo_dma.iova)
		return false;
	state->addr = vo_dma.iova + offset_in_page(phys);
	vo_dma.ranges++;
	return true;
}

static int __maybe_unused vo_iova_link(struct device *dev,
				       struct dma_iova_state *state,
				       phys_addr_t phys, size_t offset,
				       size_t size, enum dma_data_direction dir,
				       unsigned long attrs)
{
	if (vo_dma.fail_at && !--vo_dma.fail_at)
		return -ENOMEM;
	vo_dma.linked += size;
	return 0;
}

static int __maybe_unused vo_iova_sync(struct device *dev,
				       struct dma_iova_state *state,
				       size_t offset, size_t size)
{
	if (vo_dma.fail_at && !--vo_dma.fail_at)
		return -ENOMEM;
	return 0;
}

static void __maybe_unused vo_iova_destroy(struct device *dev,
					   struct dma_iova_state *state,
					   size_t len,
					   enum dma_data_direction dir,
					   unsigned long attrs)
{
	vo_dma.ranges--;
	vo_dma.linked -= len;
}

/* All that is scattered, as one segment */
static void vo_dma_merge(struct sg_table *sgt)
{
	struct scatterlist *sg;
	size_t len = 0;
	int i;

	vo_dma.nr_granules = 0;
	for_each_sgtable_sg(sgt, sg, i) {
		vo_dma.granules[vo_dma.nr_granules++] = page_to_pfn(sg_page(sg));
		len += sg->length;
	}
	sg_dma_address(sgt->sgl) = vo_dma.iova + sgt->sgl->offset;
	sg_dma_len(sgt->sgl) = len;
	sgt->nents = 1;
}

static int vo_dma_map_sgt(struct device *dev, struct sg_table *sgt,
			  enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	sgt->nents = sgt->orig_nents;
	vo_dma.calls += !(attrs & DMA_ATTR_SKIP_CPU_SYNC);
	for_each_sgtable_sg(sgt, sg, i) {
		sg_dma_address(sg) = vo_dma_map(dev, sg_phys(sg), sg->length,
						dir, attrs);
		sg_dma_len(sg) = sg->length;
		vo_dma.longest = max(vo_dma.longest, sg->length);
	}
	if (vo_dma.iova)
		vo_dma_merge(sgt);
	return 0;
}

static void vo_dma_unmap_sgt(struct device *dev, struct sg_table *sgt,
			     enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	vo_dma.calls += !(attrs & DMA_ATTR_SKIP_CPU_SYNC);
	for_each_sgtable_sg(sgt, sg, i)
		vo_dma_end(sg_phys(sg), sg->length, dir, attrs);
}

static void vo_dma_sgt_for_cpu(struct device *dev, struct sg_table *sgt,
			       enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	vo_dma.calls++;
	for_each_sgtable_sg(sgt, sg, i)
		vo_dma_for_cpu(dev, sg_phys(sg) + vo_dma.shift, sg->length, dir);
}

static void vo_dma_sgt_for_device(struct device *dev, struct sg_table *sgt,
				  enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	vo_dma.calls++;
	for_each_sgtable_sg(sgt, sg, i)
		vo_dma_for_device(dev, sg_phys(sg) + vo_dma.shift, sg->length,
				  dir);
}

/* ------------------------------------------------------------------------- */
/* The exporter                                                              */

/* Extents that have been handed out */
struct vo_vec {
	struct list_head	node;
	struct phys_vec		vec[VO_PAGES];
};

/*
 * A buffer. @users is the driver's own counter: one for the registration, one
 * for each reference the core has, one for each dma-buf and, if @vma_counts (as
 * in videobuf2), one for each VMA; else (as in vfio) VMAs hold only the file.
 */
struct vo_obj {
	struct vo			*vo;
	struct list_head		node;
	refcount_t			users;
	bool				registered;
	bool				dead;
	bool				vma_counts;
	bool				pfnmap;
	struct file			*file;
	size_t				size;
	struct page			*pages[VO_PAGES];
	const struct vm_operations_struct *vm_ops;
	struct vma_owner_obj_ops	ops;
	const struct vma_owner_obj_ops	*shown_ops;	/* @ops if not set */
	struct vma_owner_revoke		*revoke;
	struct vma_owner_query		query;		/* the last one */
	u64				shift;		/* of what it shows */
	enum vma_owner_memtype		type;
	struct p2pdma_provider		*provider;

	/* The next call of that kind answers with this */
	int				tryget_err;
	int				extents_err;
	int				vmap_err;
	int				attach_err;
	int				map_err;
	int				begin_err;
	int				end_err;
	bool				shadow;		/* its dma-buf, by vo_dma */
	enum vma_owner_sync		sync;
	size_t				extents_short;
	bool				vmap_iomem;

	/* Called in the middle of things, if set */
	void				(*in_revocable)(struct vo_obj *obj);
	void				(*in_extents)(struct vo_obj *obj);
	void				(*in_fault)(struct vo_obj *obj);
	void				(*in_put)(struct vo_obj *obj);
	int				(*in_mmap)(struct file *file,
						   struct vm_area_struct *vma);
	void				(*in_zap)(struct vo_obj *obj);
	struct completion		entered;
	struct completion		go;

	struct {
		atomic_t tryget, got, put, open, close, fault, zap;
		atomic_t extents, put_extents, vmap, vunmap;
		atomic_t get_dmabuf, attach, detach, pin, unpin, map, unmap;
		atomic_t begin_cpu, end_cpu;
	} n;
	int				zapped_at;
	int				undone_at;	/* extents, last put */
	spinlock_t			vecs_lock;	/* guards @vecs */
	struct list_head		vecs;

	struct dma_buf			*dmabuf;	/* the last one, uncounted */
	bool				dynamic;	/* its last attachment */
	bool				peer2peer;
	struct sg_table			*sgt;		/* its last mapping */
	struct device			*sgt_dev;	/* NULL if undone */
	enum dma_data_direction		sgt_dir;
	enum dma_data_direction		begin_dir;	/* the last one */
	enum dma_data_direction		end_dir;
};

#define vo_n(obj, what)		atomic_read(&(obj)->n.what)
#define vo_count(obj, what)	atomic_inc(&(obj)->n.what)

/* References that the core has now */
static int vo_held(struct vo_obj *obj)
{
	return vo_n(obj, got) - vo_n(obj, put);
}

static void vo_obj_put(struct vo_obj *obj)
{
	struct vo *vo = obj->vo;

	if (!refcount_dec_and_test(&obj->users))
		return;
	obj->dead = true;
	vo_alive_put(vo);
}

static bool vo_obj_dies(struct vo_obj *obj)
{
	flush_delayed_fput();
	return wait_var_event_timeout(&obj->vo->alive, READ_ONCE(obj->dead),
				      VO_LONG);
}

static int vo_tryget(const struct vma_owner_query *q, struct vma_owner_ref *ref)
{
	struct vo_obj *obj = q->private_data;

	vo_count(obj, tryget);
	obj->query = *q;
	if (obj->tryget_err)
		return obj->tryget_err;
	if (obj->vma_counts)
		refcount_inc(&obj->users);
	else if (!refcount_inc_not_zero(&obj->users))
		return -ENODEV;
	vo_count(obj, got);
	*ref = (struct vma_owner_ref) {
		.ops	= obj->shown_ops ?: &obj->ops,
		.obj	= obj,
		.offset	= ((u64)q->pgoff << PAGE_SHIFT) + obj->shift,
		.size	= obj->size,
	};
	return 0;
}

static const struct vma_owner_ops vo_owner_ops = { .tryget = vo_tryget };

static void vo_put(void *data)
{
	struct vo_obj *obj = data;

	vo_count(obj, put);
	if (obj->in_put)
		obj->in_put(obj);
	vo_obj_put(obj);
}

static void vo_fill_vec(struct vo_obj *obj, u64 offset, u64 len,
			struct vma_owner_extents *x)
{
	for (; len; x->nr++) {
		size_t n = min_t(u64, len, PAGE_SIZE - offset_in_page(offset));
		struct page *page = obj->pages[offset >> PAGE_SHIFT];

		/* As a carve-out is: DMA_API_DEBUG sees to that */
		if (obj->type != VMA_OWNER_RAM)
			SetPageReserved(page);
		x->vec[x->nr].paddr = offset_in_page(offset) +
				      page_to_phys(page);
		x->vec[x->nr].len = n;
		offset += n;
		len -= n;
	}
}

static int vo_get_extents(void *data, u64 offset, u64 len,
			  struct vma_owner_extents *x)
{
	struct vo_obj *obj = data;
	struct vo_vec *v;

	if (obj->in_extents)
		obj->in_extents(obj);
	v = kzalloc_obj(*v);
	if (!v)
		return -ENOMEM;
	x->vec = v->vec;
	if (obj->extents_err) {
		/* An exporter that fails late need not clear @x */
		kfree(v);
		return obj->extents_err;
	}
	vo_fill_vec(obj, offset, len - obj->extents_short, x);
	x->type = obj->type;
	x->provider = obj->provider;
	spin_lock(&obj->vecs_lock);
	list_add(&v->node, &obj->vecs);
	spin_unlock(&obj->vecs_lock);
	vo_count(obj, extents);
	return 0;
}

/* Extents that are put twice, or were never got, are left alone and counted */
static void vo_put_extents(void *data, struct vma_owner_extents *x)
{
	struct vo_obj *obj = data;
	struct vo_vec *v, *found = NULL;

	vo_count(obj, put_extents);
	obj->undone_at = vo_tick(obj->vo);
	spin_lock(&obj->vecs_lock);
	list_for_each_entry(v, &obj->vecs, node)
		if (v->vec == x->vec)
			found = v;
	if (found)
		list_del(&found->node);
	spin_unlock(&obj->vecs_lock);
	kfree(found);
}

static int vo_vmap(void *data, struct iosys_map *map)
{
	struct vo_obj *obj = data;
	void *vaddr;

	if (obj->vmap_err) {
		/* An exporter that fails late need not clear @map */
		iosys_map_set_vaddr(map, obj);
		return obj->vmap_err;
	}
	vaddr = vmap(obj->pages, VO_PAGES, VM_MAP, PAGE_KERNEL);
	if (!vaddr)
		return -ENOMEM;
	iosys_map_set_vaddr(map, vaddr);
	map->is_iomem = obj->vmap_iomem;
	vo_count(obj, vmap);
	return 0;
}

static void vo_vunmap(void *data, struct iosys_map *map)
{
	struct vo_obj *obj = data;

	vo_count(obj, vunmap);
	vunmap(map->vaddr);
}

static struct vma_owner_revoke *vo_revocable(void *data)
{
	struct vo_obj *obj = data;

	if (obj->in_revocable)
		obj->in_revocable(obj);
	return obj->revoke;
}

static void vo_zap(void *priv)
{
	struct vo_obj *obj = priv;

	vo_count(obj, zap);
	obj->zapped_at = vo_tick(obj->vo);
	if (obj->in_zap)
		obj->in_zap(obj);
	unmap_mapping_range(obj->file->f_mapping, 0, 0, 1);
}

static const struct vma_owner_revoke_ops vo_revoke_ops = {
	.name	= "vo-revoke",
	.zap	= vo_zap,
};

static vm_fault_t vo_insert(struct vo_obj *obj, struct vm_fault *vmf)
{
	struct page *page = obj->pages[vmf->pgoff];

	if (obj->in_fault)
		obj->in_fault(obj);
	if (obj->pfnmap)
		return vmf_insert_pfn(vmf->vma, vmf->address & PAGE_MASK,
				      page_to_pfn(page));
	get_page(page);
	vmf->page = page;
	return 0;
}

static vm_fault_t vo_fault(struct vm_fault *vmf)
{
	struct vo_obj *obj = vmf->vma->vm_private_data;
	vm_fault_t ret;

	vo_count(obj, fault);
	if (vmf->pgoff >= VO_PAGES)
		return VM_FAULT_SIGBUS;
	if (!obj->revoke)
		return vo_insert(obj, vmf);
	if (!vma_owner_fault_enter(obj->revoke))
		return VM_FAULT_SIGBUS;
	ret = vo_insert(obj, vmf);
	vma_owner_fault_exit(obj->revoke);
	return ret;
}

static void vo_open(struct vm_area_struct *vma)
{
	struct vo_obj *obj = vma->vm_private_data;

	vo_count(obj, open);
	if (obj->vma_counts)
		refcount_inc(&obj->users);
}

static void vo_close(struct vm_area_struct *vma)
{
	struct vo_obj *obj = vma->vm_private_data;

	vo_count(obj, close);
	if (obj->vma_counts)
		vo_obj_put(obj);
}

static const struct vm_operations_struct vo_vm_ops = {
	.open		= vo_open,
	.close		= vo_close,
	.fault		= vo_fault,
	.owner_ops	= &vo_owner_ops,
};

static const struct vm_operations_struct vo_vm_ops_without_owner = {
	.open		= vo_open,
	.close		= vo_close,
	.fault		= vo_fault,
};

static const struct vm_operations_struct vo_vm_ops_cached = {
	.open		= vo_open,
	.close		= vo_close,
	.fault		= vo_fault,
	.owner_ops	= &dma_buf_cached_vma_owner_ops,
};

static const struct vm_operations_struct vo_vm_ops_generic = {
	.open		= vo_open,
	.close		= vo_close,
	.fault		= vo_fault,
	.owner_ops	= &dma_buf_vma_owner_ops,
};

static int vo_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vo_obj *obj = file->private_data;

	if (obj->in_mmap)
		return obj->in_mmap(file, vma);
	if (obj->pfnmap)
		vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = obj->vm_ops;
	vma->vm_private_data = obj;
	vo_open(vma);
	return 0;
}

static int vo_release(struct inode *inode, struct file *file)
{
	struct vo_obj *obj = file->private_data;

	vo_alive_put(obj->vo);
	return 0;
}

static const struct file_operations vo_fops = {
	.owner		= THIS_MODULE,
	.mmap		= vo_mmap,
	.release	= vo_release,
};

/* The driver lets go of its buffer: VMAs and the core may still hold it */
static void vo_obj_unregister(struct vo_obj *obj)
{
	if (!obj->registered)
		return;
	obj->registered = false;
	vo_obj_put(obj);
}

static void vo_obj_close(struct vo_obj *obj)
{
	if (obj->file)
		fput(obj->file);
	obj->file = NULL;
}

static void vo_obj_free(struct vo_obj *obj)
{
	unsigned int i;

	for (i = 0; i < VO_PAGES; i++) {
		if (!obj->pages[i])
			continue;
		ClearPageReserved(obj->pages[i]);
		put_page(obj->pages[i]);
	}
	vma_owner_revoke_put(obj->revoke);
	list_del(&obj->node);
	kfree(obj);
}

static struct vo_obj *vo_obj_alloc(struct vo *vo)
{
	struct vo_obj *obj = kzalloc_obj(*obj);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(vo->test, obj);
	list_add_tail(&obj->node, &vo->objs);
	obj->vo = vo;
	spin_lock_init(&obj->vecs_lock);
	INIT_LIST_HEAD(&obj->vecs);
	init_completion(&obj->entered);
	init_completion(&obj->go);
	for (i = 0; i < VO_PAGES; i++) {
		obj->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(vo->test, obj->pages[i]);
	}
	return obj;
}

/* A static buffer in RAM, lazily faulted, with extents and a kernel mapping */
static struct vo_obj *vo_obj(struct vo *vo)
{
	struct vo_obj *obj = vo_obj_alloc(vo);
	struct file *file;

	file = anon_inode_create_getfile("[vma_owner_kunit]", &vo_fops, obj,
					 O_RDWR, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(vo->test, file);
	obj->file = file;
	obj->size = VO_SIZE;
	obj->pfnmap = true;
	obj->vma_counts = true;
	obj->vm_ops = &vo_vm_ops;
	obj->ops = (struct vma_owner_obj_ops) {
		.name		= "vo-owner",
		.module		= THIS_MODULE,
		.put		= vo_put,
		.vmap		= vo_vmap,
		.vunmap		= vo_vunmap,
		.get_extents	= vo_get_extents,
		.put_extents	= vo_put_extents,
	};
	obj->registered = true;
	refcount_set(&obj->users, 1);
	atomic_add(2, &vo->alive);
	return obj;
}

static struct vo_obj *vo_obj_revocable(struct vo *vo)
{
	struct vo_obj *obj = vo_obj(vo);

	obj->revoke = vma_owner_revoke_create(&vo_revoke_ops, obj);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(vo->test, obj->revoke);
	obj->ops.revocable = vo_revocable;
	return obj;
}

/* ------------------------------------------------------------------------- */
/* The exporter's dma-buf                                                    */

static int vo_buf_attach(struct dma_buf *dmabuf,
			 struct dma_buf_attachment *attach)
{
	struct vo_obj *obj = dmabuf->priv;

	if (obj->attach_err)
		return obj->attach_err;
	vo_count(obj, attach);
	obj->dynamic = dma_buf_attach_revocable(attach);
	obj->peer2peer = attach->peer2peer;
	return 0;
}

static void vo_buf_detach(struct dma_buf *dmabuf,
			  struct dma_buf_attachment *attach)
{
	vo_count((struct vo_obj *)dmabuf->priv, detach);
}

static int vo_buf_pin(struct dma_buf_attachment *attach)
{
	vo_count((struct vo_obj *)attach->dmabuf->priv, pin);
	return 0;
}

static void vo_buf_unpin(struct dma_buf_attachment *attach)
{
	vo_count((struct vo_obj *)attach->dmabuf->priv, unpin);
}

/* What the CPU does not cache is not synced */
static unsigned long vo_buf_attrs(struct vo_obj *obj)
{
	return obj->sync == VMA_OWNER_SYNC_NEVER ? DMA_ATTR_SKIP_CPU_SYNC : 0;
}

static struct sg_table *vo_buf_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction dir)
{
	struct vo_obj *obj = attach->dmabuf->priv;
	unsigned long attrs = vo_buf_attrs(obj);
	struct sg_table *sgt;
	int ret;

	if (obj->map_err)
		return ERR_PTR(obj->map_err);
	sgt = kzalloc_obj(*sgt);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	/* An entry for each page, also where they adjoin */
	ret = sg_alloc_table_from_pages_segment(sgt, obj->pages, VO_PAGES, 0,
						VO_SIZE, PAGE_SIZE, GFP_KERNEL);
	if (ret)
		goto err_free;
	ret = obj->shadow ? vo_dma_map_sgt(attach->dev, sgt, dir, attrs) :
			    dma_map_sgtable(attach->dev, sgt, dir, attrs);
	if (ret)
		goto err_free_table;
	vo_count(obj, map);
	obj->sgt = sgt;
	obj->sgt_dev = attach->dev;
	obj->sgt_dir = dir;
	return sgt;

err_free_table:
	sg_free_table(sgt);
err_free:
	kfree(sgt);
	return ERR_PTR(ret);
}

static void vo_buf_unmap(struct dma_buf_attachment *attach,
			 struct sg_table *sgt, enum dma_data_direction dir)
{
	struct vo_obj *obj = attach->dmabuf->priv;
	unsigned long attrs = vo_buf_attrs(obj);

	vo_count(obj, unmap);
	obj->sgt_dev = NULL;
	if (obj->shadow)
		vo_dma_unmap_sgt(attach->dev, sgt, dir, attrs);
	else
		dma_unmap_sgtable(attach->dev, sgt, dir, attrs);
	sg_free_table(sgt);
	kfree(sgt);
}

static int vo_buf_begin(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct vo_obj *obj = dmabuf->priv;

	if (obj->begin_err)
		return obj->begin_err;
	vo_count(obj, begin_cpu);
	obj->begin_dir = dir;
	if (obj->sgt_dev && obj->shadow)
		vo_dma_sgt_for_cpu(obj->sgt_dev, obj->sgt, dir);
	else if (obj->sgt_dev)
		dma_sync_sgtable_for_cpu(obj->sgt_dev, obj->sgt, dir);
	return 0;
}

static int vo_buf_end(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct vo_obj *obj = dmabuf->priv;

	vo_count(obj, end_cpu);
	obj->end_dir = dir;
	if (obj->end_err)
		return obj->end_err;
	if (obj->sgt_dev && obj->shadow)
		vo_dma_sgt_for_device(obj->sgt_dev, obj->sgt, dir);
	else if (obj->sgt_dev)
		dma_sync_sgtable_for_device(obj->sgt_dev, obj->sgt, dir);
	return 0;
}

static int vo_buf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	return vo_vmap(dmabuf->priv, map);
}

static void vo_buf_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	vo_vunmap(dmabuf->priv, map);
}

static void vo_buf_release(struct dma_buf *dmabuf)
{
	vo_obj_put(dmabuf->priv);
}

static int vo_buf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct vo_obj *obj = dmabuf->priv;

	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = obj->vm_ops;
	vma->vm_private_data = obj;
	vo_open(vma);
	return 0;
}

static const struct dma_buf_ops vo_buf_ops = {
	.attach			= vo_buf_attach,
	.detach			= vo_buf_detach,
	.pin			= vo_buf_pin,
	.unpin			= vo_buf_unpin,
	.map_dma_buf		= vo_buf_map,
	.unmap_dma_buf		= vo_buf_unmap,
	.begin_cpu_access	= vo_buf_begin,
	.end_cpu_access		= vo_buf_end,
	.vmap			= vo_buf_vmap,
	.vunmap			= vo_buf_vunmap,
	.mmap			= vo_buf_mmap,
	.release		= vo_buf_release,
};

static const struct dma_buf_ops vo_buf_ops_no_vmap = {
	.map_dma_buf		= vo_buf_map,
	.unmap_dma_buf		= vo_buf_unmap,
	.release		= vo_buf_release,
};

static struct dma_buf *vo_export_size(struct vo_obj *obj,
				      const struct dma_buf_ops *ops,
				      size_t size)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;

	info.ops = ops;
	info.size = size;
	info.flags = O_RDWR;
	info.priv = obj;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf))
		return dmabuf;
	refcount_inc(&obj->users);
	obj->dmabuf = dmabuf;
	return dmabuf;
}

static struct dma_buf *vo_export(struct vo_obj *obj,
				 const struct dma_buf_ops *ops)
{
	return vo_export_size(obj, ops, VO_SIZE);
}

static struct dma_buf *vo_get_dmabuf(void *data)
{
	vo_count((struct vo_obj *)data, get_dmabuf);
	return vo_export(data, &vo_buf_ops);
}

static struct dma_buf *vo_get_dmabuf_no_vmap(void *data)
{
	return vo_export(data, &vo_buf_ops_no_vmap);
}

static enum vma_owner_sync vo_sync(void *data)
{
	return ((struct vo_obj *)data)->sync;
}

static struct vo_obj *vo_obj_dmabuf(struct vo *vo)
{
	struct vo_obj *obj = vo_obj(vo);

	obj->ops.get_dmabuf = vo_get_dmabuf;
	obj->ops.sync = vo_sync;
	obj->sync = VMA_OWNER_SYNC_DMA;
	return obj;
}

/* The exporter moves the memory, or loses it if @map_err */
static void vo_move(struct vo_obj *obj, int map_err)
{
	dma_resv_lock(obj->dmabuf->resv, NULL);
	obj->map_err = map_err;
	dma_buf_invalidate_mappings(obj->dmabuf);
	dma_resv_unlock(obj->dmabuf->resv);
}

/* ------------------------------------------------------------------------- */
/* User memory                                                               */

/* Room for so many pages with nothing mapped in it nor next to it */
static unsigned long vo_area(struct vo *vo, unsigned int pages)
{
	unsigned long len = (pages + 2) << PAGE_SHIFT;
	unsigned long addr = vm_mmap(NULL, 0, len, PROT_NONE,
				     MAP_PRIVATE | MAP_ANONYMOUS, 0);

	KUNIT_ASSERT_FALSE(vo->test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_EQ(vo->test, vm_munmap(addr, len), 0);
	return addr + PAGE_SIZE;
}

static void vo_mmap_at(struct vo *vo, struct file *file, unsigned long addr,
		       unsigned int first, unsigned int pages,
		       unsigned long prot, unsigned long flags)
{
	unsigned long ret = vm_mmap(file, addr, pages << PAGE_SHIFT, prot,
				    flags | MAP_FIXED, first << PAGE_SHIFT);

	KUNIT_ASSERT_EQ(vo->test, ret, addr);
}

static void vo_map_at(struct vo_obj *obj, unsigned long addr,
		      unsigned int first, unsigned int pages)
{
	vo_mmap_at(obj->vo, obj->file, addr, first, pages,
		   PROT_READ | PROT_WRITE, MAP_SHARED);
}

static unsigned long vo_map_prot(struct vo_obj *obj, unsigned long prot,
				 unsigned long flags)
{
	unsigned long addr = vo_area(obj->vo, VO_PAGES);

	vo_mmap_at(obj->vo, obj->file, addr, 0, VO_PAGES, prot, flags);
	return addr;
}

static unsigned long vo_map(struct vo_obj *obj)
{
	return vo_map_prot(obj, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static void vo_anon_at(struct vo *vo, unsigned long addr, unsigned int pages,
		       unsigned long prot)
{
	vo_mmap_at(vo, NULL, addr, 0, pages, prot, MAP_PRIVATE | MAP_ANONYMOUS);
}

static unsigned long vo_anon(struct vo *vo, unsigned int pages)
{
	unsigned long addr = vo_area(vo, pages);

	vo_anon_at(vo, addr, pages, PROT_READ | PROT_WRITE);
	return addr;
}

static void vo_unmap(struct vo *vo, unsigned long addr, unsigned int pages)
{
	KUNIT_ASSERT_EQ(vo->test, vm_munmap(addr, pages << PAGE_SHIFT), 0);
}

/* Can user space read and write there? */
static bool vo_touch(unsigned long addr)
{
	u8 v;

	return !get_user(v, (u8 __user *)addr) &&
	       !put_user(v, (u8 __user *)addr);
}

static u32 vo_peek(struct vo *vo, unsigned long addr)
{
	u32 v = 0;

	KUNIT_EXPECT_EQ(vo->test, get_user(v, (u32 __user *)addr), 0);
	return v;
}

static void vo_poke(struct vo *vo, unsigned long addr, u32 v)
{
	KUNIT_EXPECT_EQ(vo->test, put_user(v, (u32 __user *)addr), 0);
}

/* ------------------------------------------------------------------------- */
/* The importers                                                             */

/*
 * Two that can be revoked, and one that cannot. Those that can map under the lock
 * of the pin and leave it to the core to undo what the owner takes back.
 *
 * VO_TYPE1 maps extents, and again in restore. If @by_work, it has been entered
 * before, and its invalidate makes a work item exit.
 *
 * VO_IOMMUFD maps a dma-buf for a device. If @by_work, its invalidate makes a work
 * item map again.
 */
enum vo_kind { VO_STATIC, VO_TYPE1, VO_IOMMUFD };

struct vo_imp {
	struct vo		*vo;
	struct list_head	node;
	enum vo_kind		kind;
	struct vma_pin		pin;
	struct vma_pin_client	client;
	struct device		*dev;
	bool			use_dma;	/* instead of extents */
	bool			by_work;
	bool			want;		/* to be mapped by restore */
	struct mutex		leaf;		/* of the next three, see the client */
	enum vma_owner_loss	why;
	int			invalidated_at;
	int			restore_err;	/* for the next call */
	int			remap_ret;
	struct work_struct	work;
	struct completion	go;		/* lets @work or invalidate go on */
	struct completion	invalidated;
	struct completion	released;
	atomic_t		nr_invalidate;
	atomic_t		nr_restore;
	void			(*in_invalidate)(struct vo_imp *imp);
	void			(*in_restore)(struct vo_imp *imp);
	void			*hook;		/* what these two need */
};

#define pin_to_imp(p)	container_of(p, struct vo_imp, pin)

static void *vo_kmap(struct vma_pin *pin)
{
	return vma_pin_vmap_unlocked(pin, pin->flags & VMA_PIN_WRITE ?
					  DMA_BIDIRECTIONAL : DMA_FROM_DEVICE);
}

static const struct vma_owner_extents *vo_take_extents(struct vma_pin *pin)
{
	const struct vma_owner_extents *x;
	int ret = vma_pin_lock(pin);

	if (ret)
		return ERR_PTR(ret);
	x = vma_pin_get_extents(pin);
	vma_pin_unlock(pin);
	return x;
}

static void vo_drop_extents(struct vma_pin *pin)
{
	if (vma_pin_lock(pin))
		return;
	vma_pin_put_extents(pin);
	vma_pin_unlock(pin);
}

/* The lock of the pin is held */
static void *vo_imp_map_locked(struct vo_imp *imp)
{
	if (imp->use_dma)
		return vma_pin_map_dma(&imp->pin, DMA_BIDIRECTIONAL);
	return (void *)vma_pin_get_extents(&imp->pin);
}

static int vo_imp_map(struct vo_imp *imp)
{
	void *m;
	int ret = 0;

	if (imp->use_dma)
		ret = vma_pin_attach(&imp->pin, imp->dev);
	if (!ret)
		ret = vma_pin_lock(&imp->pin);
	if (ret)
		return ret;
	imp->want = true;
	m = vo_imp_map_locked(imp);
	vma_pin_unlock(&imp->pin);
	/* A restore may have been faster */
	return m == ERR_PTR(-EBUSY) ? 0 : PTR_ERR_OR_ZERO(m);
}

static void vo_imp_unmap(struct vo_imp *imp)
{
	KUNIT_EXPECT_EQ(imp->vo->test, vma_pin_lock(&imp->pin), 0);
	imp->want = false;
	vma_pin_put_extents(&imp->pin);
	vma_pin_unmap_dma(&imp->pin);
	vma_pin_unlock(&imp->pin);
}

/* Is it mapped? Only a second mapping shows whether there are extents */
static bool vo_is_mapped(struct vo_imp *imp)
{
	const struct vma_owner_extents *x;

	if (imp->use_dma)
		return vma_pin_dma_table(&imp->pin);
	x = vo_take_extents(&imp->pin);
	if (!IS_ERR(x))
		vo_drop_extents(&imp->pin);
	return PTR_ERR(x) == -EBUSY;
}

static void vo_imp_work(struct work_struct *work)
{
	struct vo_imp *imp = container_of(work, struct vo_imp, work);

	wait_for_completion(&imp->go);
	if (imp->kind == VO_IOMMUFD)
		imp->remap_ret = vo_imp_map(imp);
	else
		vma_pin_exit(&imp->pin);
}

static void vo_imp_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	struct vo_imp *imp = pin_to_imp(pin);

	atomic_inc(&imp->nr_invalidate);
	mutex_lock(&imp->leaf);
	imp->invalidated_at = vo_tick(imp->vo);
	imp->why = why;
	mutex_unlock(&imp->leaf);
	if (imp->in_invalidate)
		imp->in_invalidate(imp);
	if (imp->by_work)
		queue_work(imp->vo->wq, &imp->work);
	complete(&imp->invalidated);
}

static int vo_imp_restore(struct vma_pin *pin)
{
	struct vo_imp *imp = pin_to_imp(pin);
	int ret;

	atomic_inc(&imp->nr_restore);
	if (imp->in_restore)
		imp->in_restore(imp);
	mutex_lock(&imp->leaf);
	ret = imp->restore_err;
	imp->restore_err = 0;
	mutex_unlock(&imp->leaf);
	if (ret || !imp->want)
		return ret;
	return PTR_ERR_OR_ZERO(vo_imp_map_locked(imp));
}

static struct vo_imp *vo_imp(struct vo *vo, enum vo_kind kind)
{
	struct vo_imp *imp = kzalloc_obj(*imp);

	KUNIT_ASSERT_NOT_NULL(vo->test, imp);
	imp->vo = vo;
	imp->kind = kind;
	imp->client.name = "vo-importer";
	if (kind != VO_STATIC)
		imp->client.invalidate = vo_imp_invalidate;
	if (kind == VO_TYPE1)
		imp->client.restore = vo_imp_restore;
	mutex_init(&imp->leaf);
	INIT_WORK(&imp->work, vo_imp_work);
	init_completion(&imp->go);
	init_completion(&imp->invalidated);
	init_completion(&imp->released);
	list_add_tail(&imp->node, &vo->imps);
	return imp;
}

static struct device *vo_device(struct vo *vo, const char *name)
{
	struct device *dev = kunit_device_register(vo->test, name);
	u64 mask = DMA_BIT_MASK(64);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(vo->test, dev);
	KUNIT_ASSERT_EQ(vo->test, dma_coerce_mask_and_coherent(dev, mask), 0);
	return dev;
}

/* An importer with a device to map for */
static struct vo_imp *vo_imp_dev(struct vo *vo, enum vo_kind kind)
{
	struct vo_imp *imp = vo_imp(vo, kind);

	imp->dev = vo_device(vo, "dev");
	imp->use_dma = true;
	return imp;
}

static int vo_pin_flags(struct vo_imp *imp, unsigned long addr, size_t len,
			unsigned int flags)
{
	return vma_pin_user(&imp->pin, addr, len, flags, &imp->client);
}

static int vo_pin(struct vo_imp *imp, unsigned long addr, size_t len)
{
	return vo_pin_flags(imp, addr, len, VMA_PIN_WRITE);
}

static ssize_t vo_prefix(struct vo_imp *imp, unsigned long addr, size_t len)
{
	return vma_pin_user_prefix(&imp->pin, current->mm, addr, len,
				   VMA_PIN_WRITE, &imp->client);
}

/* Most cases start here: all of @obj mapped, and pinned for writing */
static struct vo_imp *vo_pinned(struct vo_obj *obj, enum vo_kind kind)
{
	struct vo_imp *imp = vo_imp(obj->vo, kind);

	KUNIT_ASSERT_EQ(obj->vo->test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	return imp;
}

static struct vo_imp *vo_pinned_dev(struct vo_obj *obj, enum vo_kind kind)
{
	struct vo_imp *imp = vo_imp_dev(obj->vo, kind);

	KUNIT_ASSERT_EQ(obj->vo->test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	return imp;
}

/* A failed pin leaves nothing behind */
static void vo_expect_refused(struct vo_imp *imp, int ret, int want)
{
	struct kunit *test = imp->vo->test;

	KUNIT_EXPECT_EQ(test, ret, want);
	KUNIT_EXPECT_NULL(test, imp->pin.client);
	KUNIT_EXPECT_FALSE(test, vma_pin_is_owned(&imp->pin));
	KUNIT_EXPECT_NULL(test, imp->pin.pages);
	if (!ret)
		vma_unpin(&imp->pin);
}

/* The importer still reaches the memory of @obj */
static void vo_expect_whole(struct vo_imp *imp, struct vo_obj *obj)
{
	struct kunit *test = imp->vo->test;
	char *vaddr = vo_kmap(&imp->pin);

	KUNIT_EXPECT_EQ(test, vo_held(obj), 1);
	KUNIT_EXPECT_FALSE(test, obj->dead);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(vaddr),
			    obj->pages[imp->pin.ref.offset >> PAGE_SHIFT]);
	vma_pin_vunmap_unlocked(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* DMA addresses                                                             */

static u64 vo_dma_len(struct sg_table *sgt)
{
	struct scatterlist *sg;
	u64 len = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		len += sg_dma_len(sg);
	return len;
}

static dma_addr_t vo_dma_at(struct sg_table *sgt, u64 off)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (off < sg_dma_len(sg))
			return sg_dma_address(sg) + off;
		off -= sg_dma_len(sg);
	}
	return DMA_MAPPING_ERROR;
}

/*
 * The DMA API of a device without IOMMU gives a page one address for all. Of a
 * byte only, or DMA_API_DEBUG takes it for the mapping that is looked at.
 */
static dma_addr_t vo_dma_of(struct device *dev, struct page *page)
{
	dma_addr_t addr = dma_map_page(dev, page, 0, 1, DMA_BIDIRECTIONAL);

	if (dma_mapping_error(dev, addr))
		return addr;
	dma_unmap_page(dev, addr, 1, DMA_BIDIRECTIONAL);
	return addr;
}

/* @sgt shows [off, off + len) of @pages, no more and no less */
static void vo_expect_dma(struct vo_imp *imp, struct sg_table *sgt,
			  struct page **pages, u64 off, u64 len)
{
	struct kunit *test = imp->vo->test;
	u64 o;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, vo_dma_len(sgt), len);
	for (o = 0; o < len; o += min_t(u64, len - o, 1000))
		KUNIT_EXPECT_EQ(test, vo_dma_at(sgt, o),
				vo_dma_of(imp->dev,
					  pages[(off + o) >> PAGE_SHIFT]) +
				offset_in_page(off + o));
}

static void vo_expect_extents(struct vo_imp *imp, struct vo_obj *obj, u64 off,
			      u64 len)
{
	const struct vma_owner_extents *x = vo_take_extents(&imp->pin);
	struct kunit *test = imp->vo->test;
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, x);
	for (i = 0; i < x->nr; i++) {
		KUNIT_EXPECT_EQ(test, x->vec[i].paddr, offset_in_page(off) +
				page_to_phys(obj->pages[off >> PAGE_SHIFT]));
		off += x->vec[i].len;
		len -= x->vec[i].len;
	}
	KUNIT_EXPECT_EQ(test, len, 0);
	vo_drop_extents(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* A thread that revokes                                                     */

struct vo_revoker {
	struct work_struct	work;
	struct vo_obj		*obj;
	enum vma_owner_loss	how;
	struct completion	done;
	int			done_at;
};

static void vo_revoker_work(struct work_struct *work)
{
	struct vo_revoker *rv = container_of(work, struct vo_revoker, work);

	vma_owner_revoke(rv->obj->revoke, rv->how);
	rv->done_at = vo_tick(rv->obj->vo);
	complete(&rv->done);
}

static struct vo_revoker *vo_revoker_start(struct vo_obj *obj,
					   enum vma_owner_loss how)
{
	struct kunit *test = obj->vo->test;
	struct vo_revoker *rv = kunit_kzalloc(test, sizeof(*rv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rv);
	rv->obj = obj;
	rv->how = how;
	init_completion(&rv->done);
	INIT_WORK(&rv->work, vo_revoker_work);
	queue_work(obj->vo->wq, &rv->work);
	return rv;
}

static bool vo_within(struct completion *c, unsigned long timeout)
{
	return wait_for_completion_timeout(c, timeout);
}

/* A row of cases that run once for each value */
struct vo_param {
	const char	*name;
	int		value;
};

static bool vo_is_marked(struct vma_owner_revoke *r)
{
	if (!vma_owner_fault_enter(r))
		return true;
	vma_owner_fault_exit(r);
	return false;
}

/* ------------------------------------------------------------------------- */
/* 1. Object, not page table                                                 */

static void c1_pin_of_never_faulted_memory(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	KUNIT_EXPECT_TRUE(test, vma_pin_is_owned(&imp->pin));
	KUNIT_EXPECT_EQ(test, vo_held(obj), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, fault), 0);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static void c1_mappings_of_never_faulted_memory(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	vo_expect_dma(imp, vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, 0, VO_SIZE);
	vo_expect_extents(imp, obj, 0, VO_SIZE);
	vo_expect_whole(imp, obj);
	KUNIT_EXPECT_EQ(test, vo_n(obj, fault), 0);
	vma_unpin(&imp->pin);
}

static void c1_owner_is_told_of_the_vma(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_map_at(obj, addr, 1, 2);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr + PAGE_SIZE + 10, 20), 0);
	KUNIT_EXPECT_PTR_EQ(test, obj->query.file, obj->file);
	KUNIT_EXPECT_PTR_EQ(test, obj->query.private_data, (void *)obj);
	KUNIT_EXPECT_EQ(test, obj->query.pgoff, 2);
	KUNIT_EXPECT_EQ(test, obj->query.len, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, obj->query.write);
	vo_expect_extents(imp, obj, 2 * PAGE_SIZE + 10, 20);
	vma_unpin(&imp->pin);
}

static void c1_owner_is_told_of_reading(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	KUNIT_ASSERT_EQ(test, vo_pin_flags(imp, vo_map(obj), VO_SIZE, 0), 0);
	KUNIT_EXPECT_FALSE(test, obj->query.write);
	KUNIT_EXPECT_EQ(test, obj->query.len, VO_SIZE);
	vma_unpin(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* 2. Owner first, then GUP                                                  */

static void c2_owner_of_memory_with_pages(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp;
	int count;

	obj->pfnmap = false;
	imp = vo_imp(test->priv, VO_STATIC);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	count = page_count(obj->pages[0]);
	KUNIT_EXPECT_TRUE(test, vma_pin_is_owned(&imp->pin));
	KUNIT_EXPECT_EQ(test, vo_n(obj, fault), 0);
	KUNIT_EXPECT_EQ(test, count, 1);
	vma_unpin(&imp->pin);
}

static void c2_ordinary_memory(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 3);
	u32 *vaddr;

	vo_poke(test->priv, addr + 2 * PAGE_SIZE, 0x1234);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, 3 * PAGE_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, vma_pin_is_owned(&imp->pin));
	vaddr = vo_kmap(&imp->pin);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, vaddr[2 * PAGE_SIZE / 4], 0x1234);
	vaddr[PAGE_SIZE / 4] = 0x5678;
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_peek(test->priv, addr + PAGE_SIZE), 0x5678);
}

static void c2_ordinary_memory_unaligned(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 2) + PAGE_SIZE - 4;
	u32 *vaddr;

	vo_poke(test->priv, addr, 1);
	vo_poke(test->priv, addr + 4, 2);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, 8), 0);
	vaddr = vo_kmap(&imp->pin);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, vaddr[0], 1);
	KUNIT_EXPECT_EQ(test, vaddr[1], 2);
	vma_unpin(&imp->pin);
}

/* Does unpinning mark the page dirty? */
static bool vo_unpin_dirties(struct vo *vo, unsigned int flags)
{
	unsigned long addr = vo_anon(vo, 1);
	struct vo_imp *imp = vo_imp(vo, VO_STATIC);
	struct folio *folio;
	bool dirty;

	vo_poke(vo, addr, 1);
	KUNIT_ASSERT_EQ(vo->test, vo_pin_flags(imp, addr, 4, flags), 0);
	folio = page_folio(imp->pin.pages[0]);
	folio_get(folio);
	folio_test_clear_dirty(folio);
	vma_unpin(&imp->pin);
	dirty = folio_test_dirty(folio);
	folio_put(folio);
	return dirty;
}

static void c2_ordinary_memory_dirtied_by_writers(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, vo_unpin_dirties(test->priv, VMA_PIN_WRITE));
	KUNIT_EXPECT_FALSE(test, vo_unpin_dirties(test->priv, 0));
}

static void c2_ordinary_memory_never_forced(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 1);

	vo_anon_at(test->priv, addr, 1, PROT_READ);
	vo_expect_refused(imp, vo_pin(imp, addr, 4), -EFAULT);
	KUNIT_ASSERT_EQ(test, vo_pin_flags(imp, addr, 4, 0), 0);
	vma_unpin(&imp->pin);
}

/* Only FOLL_LONGTERM unshares the zero page for a reader */
static void c2_ordinary_memory_pinned_longterm(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 1);
	u32 *vaddr;

	KUNIT_EXPECT_EQ(test, vo_peek(test->priv, addr), 0);
	KUNIT_ASSERT_EQ(test, vo_pin_flags(imp, addr, PAGE_SIZE, 0), 0);
	vo_poke(test->priv, addr, 0x77);
	vaddr = vo_kmap(&imp->pin);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, *vaddr, 0x77);
	vma_unpin(&imp->pin);
}

static void c2_ordinary_vmas_side_by_side(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_anon_at(test->priv, addr, 1, PROT_READ | PROT_WRITE);
	vo_anon_at(test->priv, addr + PAGE_SIZE, 1,
		   PROT_READ | PROT_WRITE | PROT_EXEC);
	KUNIT_EXPECT_EQ(test, vo_pin(imp, addr, 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, imp->pin.nr_pages, 2);
	vma_unpin(&imp->pin);
}

static void c2_not_mine_without_pages_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	obj->tryget_err = -ENOENT;
	vo_expect_refused(imp, vo_pin(imp, vo_map(obj), VO_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, tryget), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, fault), 0);
}

static void c2_not_mine_with_pages_is_ordinary(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	obj->tryget_err = -ENOENT;
	obj->pfnmap = false;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, vma_pin_is_owned(&imp->pin));
	KUNIT_EXPECT_PTR_EQ(test, imp->pin.pages[1], obj->pages[1]);
	vma_unpin(&imp->pin);
}

static void c2_pfnmap_without_owner_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr;

	obj->vm_ops = &vo_vm_ops_without_owner;
	addr = vo_map(obj);
	KUNIT_EXPECT_TRUE(test, vo_touch(addr));
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, tryget), 0);
}

static void c2_io_without_owner_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr;

	obj->pfnmap = false;
	obj->vm_ops = &vo_vm_ops_without_owner;
	addr = vo_map(obj);
	mmap_write_lock(current->mm);
	vm_flags_set(find_vma(current->mm, addr), VM_IO);
	mmap_write_unlock(current->mm);
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EFAULT);
}

static bool vo_has_owner(unsigned long addr)
{
	bool ret;

	mmap_read_lock(current->mm);
	ret = vma_has_owner(vma_lookup(current->mm, addr));
	mmap_read_unlock(current->mm);
	return ret;
}

/* The VMA is looked at, and the owner not asked */
static void c2_vma_has_owner(struct kunit *test)
{
	struct vo_obj *a = vo_obj(test->priv), *b = vo_obj(test->priv);

	b->vm_ops = &vo_vm_ops_without_owner;
	KUNIT_EXPECT_TRUE(test, vo_has_owner(vo_map(a)));
	KUNIT_EXPECT_FALSE(test, vo_has_owner(vo_map(b)));
	KUNIT_EXPECT_FALSE(test, vo_has_owner(vo_anon(test->priv, 1)));
	KUNIT_EXPECT_EQ(test, vo_n(a, tryget), 0);
}

/* ------------------------------------------------------------------------- */
/* 3. A pin belongs to the object                                            */

static void c3_pin_survives_munmap(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	vo_unmap(test->priv, imp->pin.start, VO_PAGES);
	KUNIT_EXPECT_EQ(test, vo_n(obj, close), 1);
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
}

static void c3_last_unpin_frees(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	vo_unmap(test->priv, imp->pin.start, VO_PAGES);
	vo_obj_unregister(obj);
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_TRUE(test, obj->dead);
}

static void c3_pin_survives_split(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	vo_unmap(test->priv, imp->pin.start + PAGE_SIZE, 1);
	KUNIT_EXPECT_GT(test, vo_n(obj, open), 1);
	vo_expect_whole(imp, obj);
	vo_unmap(test->priv, imp->pin.start, VO_PAGES);
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
}

/* What mremap() does to an exporter: a VMA more, then one less */
static void c3_pin_survives_remapping(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct vo_imp *other = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	vo_unmap(test->priv, imp->pin.start, VO_PAGES);
	vo_expect_whole(imp, obj);
	KUNIT_ASSERT_EQ(test, vo_pin(other, addr, VO_SIZE), 0);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 2);
	vma_unpin(&imp->pin);
	vo_expect_whole(other, obj);
	vma_unpin(&other->pin);
}

static void vo_protect_none(unsigned long addr)
{
	mmap_write_lock(current->mm);
	vm_flags_clear(find_vma(current->mm, addr), VM_READ | VM_WRITE);
	mmap_write_unlock(current->mm);
}

static void c3_pin_survives_mprotect(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct vo_imp *late = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = imp->pin.start;

	vo_protect_none(addr);
	vo_expect_whole(imp, obj);
	vo_expect_dma(imp, vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
						    DMA_FROM_DEVICE),
		      obj->pages, 0, VO_SIZE);
	vo_expect_refused(late, vo_pin(late, addr, VO_SIZE), -EFAULT);
	vma_unpin(&imp->pin);
}

static void c3_pin_survives_close(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct vo *vo = test->priv;

	vo_unmap(vo, imp->pin.start, VO_PAGES);
	vo_obj_close(obj);
	KUNIT_EXPECT_TRUE(test, vo_alive_is(vo, 1));
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
}

static void c3_pin_survives_exit(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct mm_struct *mm = current->mm;

	kthread_unuse_mm(mm);
	mmput(mm);
	KUNIT_EXPECT_EQ(test, vo_n(obj, close), 1);
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
}

static void c3_unreadable_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map_prot(obj, PROT_NONE, MAP_SHARED);

	vo_expect_refused(imp, vo_pin_flags(imp, addr, VO_SIZE, 0), -EFAULT);
}

static void c3_write_only_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map_prot(obj, PROT_WRITE, MAP_SHARED);

	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EFAULT);
}

static void c3_write_to_read_only_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map_prot(obj, PROT_READ, MAP_SHARED);

	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EFAULT);
}

static void c3_read_of_read_only_granted(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map_prot(obj, PROT_READ, MAP_SHARED);

	KUNIT_ASSERT_EQ(test, vo_pin_flags(imp, addr, VO_SIZE, 0), 0);
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
}

static void c3_copy_on_write_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map_prot(obj, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE);

	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EFAULT);
	vo_expect_refused(imp, vo_pin_flags(imp, addr, VO_SIZE, 0), -EFAULT);
}

static void c3_second_vma_needs_permission_too(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_map_at(obj, addr, 0, 1);
	vo_mmap_at(test->priv, obj->file, addr + PAGE_SIZE, 1, 1, PROT_READ,
		   MAP_SHARED);
	vo_expect_refused(imp, vo_pin(imp, addr, 2 * PAGE_SIZE), -EFAULT);
}

/* ------------------------------------------------------------------------- */
/* 4. One object per pin                                                     */

static void c4_adjoining_vmas(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 3);
	unsigned int i;

	for (i = 0; i < 3; i++)
		vo_map_at(obj, addr + i * PAGE_SIZE, 1 + i, 1);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr + 5, 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, tryget), 3);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 1);
	vo_expect_extents(imp, obj, PAGE_SIZE + 5, 2 * PAGE_SIZE);
	vma_unpin(&imp->pin);
}

static void c4_swapped_offsets_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_map_at(obj, addr, 1, 1);
	vo_map_at(obj, addr + PAGE_SIZE, 0, 1);
	vo_expect_refused(imp, vo_pin(imp, addr, 2 * PAGE_SIZE), -EFAULT);
}

static void c4_skipped_offset_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_map_at(obj, addr, 0, 1);
	vo_map_at(obj, addr + PAGE_SIZE, 2, 1);
	vo_expect_refused(imp, vo_pin(imp, addr, 2 * PAGE_SIZE), -EFAULT);
}

static void c4_two_objects_refused(struct kunit *test)
{
	struct vo_obj *a = vo_obj(test->priv), *b = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	b->shown_ops = &a->ops;
	vo_map_at(a, addr, 0, 1);
	vo_map_at(b, addr + PAGE_SIZE, 1, 1);
	vo_expect_refused(imp, vo_pin(imp, addr, 2 * PAGE_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_held(a) + vo_held(b), 0);
}

static void c4_owned_then_ordinary_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_map_at(obj, addr, 0, 1);
	vo_anon_at(test->priv, addr + PAGE_SIZE, 1, PROT_READ | PROT_WRITE);
	vo_expect_refused(imp, vo_pin(imp, addr, 2 * PAGE_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static void c4_ordinary_then_owned_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	obj->pfnmap = false;
	vo_anon_at(test->priv, addr, 1, PROT_READ | PROT_WRITE);
	vo_map_at(obj, addr + PAGE_SIZE, 0, 1);
	vo_expect_refused(imp, vo_pin(imp, addr, 2 * PAGE_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static const struct vo_param vo_holes[] = {
	{ "at the start", 0 }, { "in the middle", 1 }, { "at the end", 2 },
};

KUNIT_ARRAY_PARAM_DESC(vo_hole, vo_holes, name);

static void c4_hole_in_owned_refused(struct kunit *test)
{
	const struct vo_param *hole = test->param_value;
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	vo_unmap(test->priv, addr + hole->value * PAGE_SIZE, 1);
	vo_expect_refused(imp, vo_pin(imp, addr, 3 * PAGE_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static void c4_hole_in_ordinary_refused(struct kunit *test)
{
	const struct vo_param *hole = test->param_value;
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 3);

	vo_unmap(test->priv, addr + hole->value * PAGE_SIZE, 1);
	vo_expect_refused(imp, vo_pin(imp, addr, 3 * PAGE_SIZE), -EFAULT);
}

/* An object that ends inside its last page, and nothing mapped behind */
#define VO_ODD	(VO_SIZE - 100)

struct vo_edge {
	const char	*name;
	size_t		offset;
	size_t		len;
	int		ret;
};

static const struct vo_edge vo_edges[] = {
	{ "first byte", 0, 1, 0 },
	{ "last byte", VO_ODD - 1, 1, 0 },
	{ "last byte of a page", PAGE_SIZE - 1, 1, 0 },
	{ "first byte of a page", PAGE_SIZE, 1, 0 },
	{ "across pages", PAGE_SIZE - 1, 2, 0 },
	{ "across three pages", PAGE_SIZE - 1, PAGE_SIZE + 2, 0 },
	{ "one page", PAGE_SIZE, PAGE_SIZE, 0 },
	{ "whole", 0, VO_ODD, 0 },
	{ "whole but the first byte", 1, VO_ODD - 1, 0 },
	{ "whole but the last byte", 0, VO_ODD - 1, 0 },
	{ "whole and a byte", 0, VO_ODD + 1, -EFAULT },
	{ "last byte and one more", VO_ODD - 1, 2, -EFAULT },
	{ "byte behind", VO_ODD, 1, -EFAULT },
	{ "last mapped byte", VO_SIZE - 1, 1, -EFAULT },
	{ "all that is mapped", 0, VO_SIZE, -EFAULT },
	{ "a page too many", 0, VO_SIZE + PAGE_SIZE, -EFAULT },
	{ "nothing", 0, 0, -EINVAL },
	{ "nothing at the end", VO_ODD, 0, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(vo_edge, vo_edges, name);

static void c4_edges(struct kunit *test)
{
	const struct vo_edge *e = test->param_value;
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	int ret;

	obj->size = VO_ODD;
	ret = vo_pin(imp, vo_map(obj) + e->offset, e->len);
	if (e->ret)
		return vo_expect_refused(imp, ret, e->ret);
	KUNIT_ASSERT_EQ(test, ret, 0);
	vo_expect_extents(imp, obj, e->offset, e->len);
	vma_unpin(&imp->pin);
}

static void c4_edges_of_prefix(struct kunit *test)
{
	const struct vo_edge *e = test->param_value;
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	ssize_t want = min(e->len, VO_ODD - e->offset);
	ssize_t ret;

	obj->size = VO_ODD;
	ret = vo_prefix(imp, vo_map(obj) + e->offset, e->len);
	if (!e->len)
		return vo_expect_refused(imp, ret, -EINVAL);
	if (e->offset >= VO_ODD)
		return vo_expect_refused(imp, ret, -EFAULT);
	KUNIT_ASSERT_EQ(test, ret, want);
	KUNIT_EXPECT_EQ(test, imp->pin.len, want);
	vo_expect_extents(imp, obj, e->offset, want);
	vma_unpin(&imp->pin);
}

static const struct vo_param vo_shifts[] = {
	{ "the last page of all", -(int)PAGE_SIZE },
	{ "the last byte of all", -1 },
};

KUNIT_ARRAY_PARAM_DESC(vo_shift, vo_shifts, name);

/* An owner says that it starts so far behind that its end is a small number */
static void c4_offset_overflows(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	obj->shift = (s64)t->value;
	vo_expect_refused(imp, vo_pin(imp, addr, 2 * PAGE_SIZE), -EFAULT);
	vo_expect_refused(imp, vo_pin(imp, addr + 1, PAGE_SIZE), -EFAULT);
	vo_expect_refused(imp, vo_prefix(imp, addr + 1, PAGE_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static void c4_prefix_owned_then_ordinary(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 3);

	vo_map_at(obj, addr, 0, 1);
	vo_map_at(obj, addr + PAGE_SIZE, 1, 1);
	vo_anon_at(test->priv, addr + 2 * PAGE_SIZE, 1, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, vo_prefix(imp, addr + 8, 3 * PAGE_SIZE - 8),
			2 * PAGE_SIZE - 8);
	KUNIT_EXPECT_TRUE(test, vma_pin_is_owned(&imp->pin));
	vo_expect_extents(imp, obj, 8, 2 * PAGE_SIZE - 8);
	vma_unpin(&imp->pin);
}

static void c4_prefix_ordinary_then_owned(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 3);

	vo_anon_at(test->priv, addr, 1, PROT_READ | PROT_WRITE);
	vo_anon_at(test->priv, addr + PAGE_SIZE, 1, PROT_READ);
	vo_map_at(obj, addr + 2 * PAGE_SIZE, 0, 1);
	KUNIT_EXPECT_EQ(test, vo_prefix(imp, addr + 8, 3 * PAGE_SIZE - 8),
			2 * PAGE_SIZE - 8);
	KUNIT_EXPECT_FALSE(test, vma_pin_is_owned(&imp->pin));
	KUNIT_EXPECT_NULL(test, imp->pin.client);
	KUNIT_EXPECT_NULL(test, imp->pin.pages);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static void c4_prefix_stops_at_hole(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	vo_unmap(test->priv, addr + PAGE_SIZE, 1);
	KUNIT_ASSERT_EQ(test, vo_prefix(imp, addr, VO_SIZE), PAGE_SIZE);
	vma_unpin(&imp->pin);
	vo_expect_refused(imp, vo_prefix(imp, addr + PAGE_SIZE, 1), -EFAULT);
}

static void c4_prefix_ordinary_stops_at_hole(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 3);

	vo_unmap(test->priv, addr + 2 * PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, vo_prefix(imp, addr, 3 * PAGE_SIZE),
			2 * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, imp->pin.client);
}

static void c4_prefix_stops_at_other_object(struct kunit *test)
{
	struct vo_obj *a = vo_obj(test->priv), *b = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_map_at(a, addr, 0, 1);
	vo_map_at(b, addr + PAGE_SIZE, 1, 1);
	KUNIT_ASSERT_EQ(test, vo_prefix(imp, addr, 2 * PAGE_SIZE), PAGE_SIZE);
	vo_expect_extents(imp, a, 0, PAGE_SIZE);
	vma_unpin(&imp->pin);
	KUNIT_ASSERT_EQ(test, vo_prefix(imp, addr + PAGE_SIZE, PAGE_SIZE),
			PAGE_SIZE);
	vo_expect_extents(imp, b, PAGE_SIZE, PAGE_SIZE);
	vma_unpin(&imp->pin);
}

/* What stops the run is told to the call that starts there */
static void c4_prefix_stops_at_refusal(struct kunit *test)
{
	struct vo_obj *a = vo_obj(test->priv), *b = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_map_at(a, addr, 0, 1);
	vo_map_at(b, addr + PAGE_SIZE, 0, 1);
	b->tryget_err = -EDQUOT;
	KUNIT_ASSERT_EQ(test, vo_prefix(imp, addr, 2 * PAGE_SIZE), PAGE_SIZE);
	vma_unpin(&imp->pin);
	vo_expect_refused(imp, vo_prefix(imp, addr + PAGE_SIZE, PAGE_SIZE),
			  -EDQUOT);
}

static void c4_prefix_pfnmap_without_owner_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	obj->vm_ops = &vo_vm_ops_without_owner;
	vo_expect_refused(imp, vo_prefix(imp, vo_map(obj), VO_SIZE), -EFAULT);
}

static void c4_prefix_without_permission_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map_prot(obj, PROT_READ, MAP_SHARED);

	vo_expect_refused(imp, vo_prefix(imp, addr, VO_SIZE), -EFAULT);
}

static void c4_prefix_of_everything(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	KUNIT_ASSERT_EQ(test, vo_prefix(imp, addr, ULONG_MAX / 4), VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c4_prefix_of_another_mm(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	struct mm_struct *mm = current->mm;
	unsigned long addr = vo_map(obj);

	kthread_unuse_mm(mm);
	KUNIT_EXPECT_EQ(test, vma_pin_user_prefix(&imp->pin, mm, addr, VO_SIZE,
						  VMA_PIN_WRITE, &imp->client),
			VO_SIZE);
	mmput(mm);
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* 5. The reference                                                          */

static void c5_vma_of_dead_object(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr;

	obj->vma_counts = false;
	addr = vo_map(obj);
	vo_obj_unregister(obj);
	KUNIT_EXPECT_TRUE(test, obj->dead);
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -ENODEV);
	KUNIT_EXPECT_EQ(test, vo_n(obj, got), 0);
}

static void c5_pin_outlives_driver(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp, *late = vo_imp(test->priv, VO_STATIC);

	obj->vma_counts = false;
	imp = vo_pinned(obj, VO_STATIC);
	vo_obj_unregister(obj);
	vo_expect_whole(imp, obj);
	KUNIT_EXPECT_EQ(test, vo_pin(late, imp->pin.start, 1), 0);
	vma_unpin(&late->pin);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_TRUE(test, obj->dead);
}

static void c5_file_not_held(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);
	long count = file_count(obj->file);

	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, VO_SIZE), 0);
	KUNIT_EXPECT_EQ(test, file_count(obj->file), count);
	vma_unpin(&imp->pin);
}

#ifdef CONFIG_MODULE_UNLOAD

static struct module vo_module = { .name = "vo_module" };

static struct vo_obj *vo_obj_module(struct vo *vo, enum module_state state)
{
	struct vo_obj *obj = vo_obj_revocable(vo);

	vo_module.state = state;
	atomic_set(&vo_module.refcnt, 1);
	obj->ops.module = &vo_module;
	return obj;
}

static void c5_module_held(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_module(test->priv, MODULE_STATE_LIVE);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *failed = vo_imp(test->priv, VO_STATIC);

	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 2);
	vo_expect_refused(failed, vo_pin(failed, imp->pin.start, 1),
			  -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 2);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 1);
}

static void vo_expect_module_held(struct vo_obj *obj)
{
	KUNIT_EXPECT_EQ(obj->vo->test, atomic_read(&vo_module.refcnt), 2);
}

/* put() is code of the module: it has to return before the module may go */
static void c5_module_held_while_put(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_module(test->priv, MODULE_STATE_LIVE);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	obj->in_put = vo_expect_module_held;
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EOPNOTSUPP);
	imp = vo_imp(test->priv, VO_TYPE1);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, VO_SIZE), 0);
	vma_unpin(&imp->pin);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, VO_SIZE), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put), 3);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 1);
}

static void c5_module_held_until_gone(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_module(test->priv, MODULE_STATE_LIVE);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 2);
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 1);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 1);
}

static void c5_module_going(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_module(test->priv, MODULE_STATE_GOING);
	struct vo_imp *imp = vo_imp(test->priv, VO_TYPE1);

	vo_expect_refused(imp, vo_pin(imp, vo_map(obj), VO_SIZE), -ENODEV);
	KUNIT_EXPECT_EQ(test, vo_n(obj, got), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 1);
}

#endif

/* ------------------------------------------------------------------------- */
/* 6. dma-buf first; extents; kernel mappings                                */

static void c6_dma_of_ordinary_memory(struct kunit *test)
{
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 3) + 40;
	struct sg_table *sgt;

	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, 2 * PAGE_SIZE), 0);
	sgt = vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_expect_dma(imp, sgt, imp->pin.pages, 40, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(&imp->pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(&imp->pin), 0);
	vma_unpin(&imp->pin);
}

static const struct vo_param vo_memtypes[] = {
	{ "RAM", VMA_OWNER_RAM }, { "RAM_FIXED", VMA_OWNER_RAM_FIXED },
};

KUNIT_ARRAY_PARAM_DESC(vo_memtype, vo_memtypes, name);

static void c6_dma_of_extents(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	struct scatterlist *sg;
	struct sg_table *sgt;
	int i;

	obj->type = t->value;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + 300, 2 * PAGE_SIZE), 0);
	sgt = vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_expect_dma(imp, sgt, obj->pages, 300, 2 * PAGE_SIZE);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		KUNIT_EXPECT_NULL(test, sg_page(sg));
		KUNIT_EXPECT_EQ(test, sg->offset,
				offset_in_page(sg_dma_address(sg)));
		KUNIT_EXPECT_EQ(test, !!sg_is_last(sg), i == sgt->nents - 1);
	}
	KUNIT_EXPECT_EQ(test, vo_n(obj, extents), 1);
	vma_pin_unmap_dma_unlocked(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(&imp->pin);
}

static void c6_dma_of_mmio_without_provider(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp;

	obj->type = VMA_OWNER_MMIO;
	imp = vo_pinned_dev(obj, VO_STATIC);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(&imp->pin);
}

/* A provider whose device has no peer-to-peer memory: nobody can reach it */
static void c6_dma_of_mmio_out_of_reach(struct kunit *test)
{
	struct pci_dev *pdev = kunit_kzalloc(test, sizeof(*pdev), GFP_KERNEL);
	struct vo_obj *obj = vo_obj(test->priv);
	struct p2pdma_provider provider;
	struct vo_imp *imp;

	KUNIT_ASSERT_NOT_NULL(test, pdev);
	provider = (struct p2pdma_provider) { .owner = &pdev->dev };
	obj->type = VMA_OWNER_MMIO;
	obj->provider = &provider;
	imp = vo_pinned_dev(obj, VO_STATIC);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)),
			-EOPNOTSUPP);
	vma_unpin(&imp->pin);
}

static void c6_extents_of_mmio(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	const struct vma_owner_extents *x;
	struct vo_imp *imp;

	obj->type = VMA_OWNER_MMIO;
	imp = vo_pinned(obj, VO_STATIC);
	x = vo_take_extents(&imp->pin);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, x);
	KUNIT_EXPECT_EQ(test, x->type, VMA_OWNER_MMIO);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)), -EBUSY);
	vo_drop_extents(&imp->pin);
	vo_drop_extents(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vo_expect_extents(imp, obj, 0, VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c6_extents_beside_dma(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct sg_table *sgt;

	sgt = vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_expect_extents(imp, obj, 0, VO_SIZE);
	vo_expect_dma(imp, sgt, obj->pages, 0, VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c6_no_extents_of_ordinary_memory(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_anon(test->priv, 1), 1), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)),
			-EOPNOTSUPP);
	vma_unpin(&imp->pin);
}

static void c6_no_extents_beside_dmabuf(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vo_n(obj, extents), 0);
	vma_unpin(&imp->pin);
}

/* An owner that offers put alone: memory that is held, but not mapped */
static void c6_nothing_offered(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp;

	obj->ops = (struct vma_owner_obj_ops) {
		.name = "vo-bare", .module = THIS_MODULE, .put = vo_put,
	};
	imp = vo_pinned_dev(obj, VO_STATIC);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EOPNOTSUPP);
	vma_unpin(&imp->pin);
}

/* To who wants extents alone, what has a dma-buf is as if nobody owned it */
static void c6_extents_only(struct kunit *test)
{
	struct vo_obj *a = vo_obj(test->priv), *b = vo_obj_dmabuf(test->priv);
	struct vo_obj *c = vo_obj_dmabuf(test->priv), *d = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr;

	imp->client.extents_only = true;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(a), VO_SIZE), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_is_owned(&imp->pin));
	vo_expect_extents(imp, a, 0, VO_SIZE);
	vma_unpin(&imp->pin);

	b->pfnmap = false;
	addr = vo_map(b);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, VO_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, vma_pin_is_owned(&imp->pin));
	KUNIT_EXPECT_PTR_EQ(test, imp->pin.pages[1], b->pages[1]);
	KUNIT_EXPECT_EQ(test, vo_held(b), 0);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_prefix(imp, addr, VO_SIZE), VO_SIZE);
	KUNIT_EXPECT_NULL(test, imp->pin.client);

	addr = vo_map(c);
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EFAULT);
	vo_expect_refused(imp, vo_prefix(imp, addr, VO_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_n(c, got), 2);
	d->ops.get_extents = NULL;
	vo_expect_refused(imp, vo_pin(imp, vo_map(d), VO_SIZE), -EFAULT);
}

static void c6_extents_error_passed_on(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	obj->extents_err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)),
			-ENOMEM);
	obj->extents_err = 0;
	vo_expect_extents(imp, obj, 0, VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c6_short_extents_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	obj->extents_short = 1;
	kunit_warning_suppress(test)
		KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)),
				-EFAULT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(&imp->pin);
}

static void c6_long_extents_refused(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), PAGE_SIZE), 0);
	obj->extents_short = -1;
	kunit_warning_suppress(test)
		KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)),
				-EFAULT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(&imp->pin);
}

static void c6_whole_dmabuf_is_exporters_table(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct sg_table *sgt;

	sgt = vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_expect_dma(imp, sgt, obj->pages, 0, VO_SIZE);
	if (!IS_ENABLED(CONFIG_DMABUF_DEBUG))
		KUNIT_EXPECT_PTR_EQ(test, sgt, obj->sgt);
	KUNIT_EXPECT_EQ(test, vo_n(obj, extents), 0);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 1);
}

static void c6_part_of_dmabuf(struct kunit *test)
{
	const struct vo_edge *e = test->param_value;
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	struct scatterlist *sg;
	struct sg_table *sgt;
	int i, ret;

	obj->size = VO_ODD;
	ret = vo_pin(imp, vo_map(obj) + e->offset, e->len);
	if (ret)
		return vo_expect_refused(imp, ret, e->ret);
	sgt = vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_FROM_DEVICE);
	vo_expect_dma(imp, sgt, obj->pages, e->offset, e->len);
	KUNIT_EXPECT_PTR_NE(test, sgt, obj->sgt);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		KUNIT_EXPECT_NULL(test, sg_page(sg));
		KUNIT_EXPECT_EQ(test, sg->offset,
				offset_in_page(sg_dma_address(sg)));
		KUNIT_EXPECT_NE(test, sg_dma_len(sg), 0);
		KUNIT_EXPECT_EQ(test, !!sg_is_last(sg), i == sgt->nents - 1);
	}
	KUNIT_EXPECT_EQ(test, sgt->orig_nents, sgt->nents);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 1);
}

static void c6_dmabuf_made_once_for_each_pin(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	KUNIT_EXPECT_EQ(test, vo_n(obj, get_dmabuf), 0);
	vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_kmap(&imp->pin);
	vma_pin_unmap_dma_unlocked(&imp->pin);
	vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, vo_n(obj, get_dmabuf), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, attach), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, map), 2);
	vma_unpin(&imp->pin);
}

static void c6_dmabuf_for_another_device(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vma_pin_unmap_dma_unlocked(&imp->pin);
	imp->dev = vo_device(test->priv, "other");
	vo_expect_dma(imp, vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, 0, VO_SIZE);
	KUNIT_EXPECT_EQ(test, vo_n(obj, attach), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, detach), 1);
	vma_unpin(&imp->pin);
}

/* What was attached to first is detached from once */
static void c6_dmabuf_refuses_another_device(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vma_pin_unmap_dma_unlocked(&imp->pin);
	imp->dev = vo_device(test->priv, "other");
	obj->attach_err = -ENXIO;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)), -ENXIO);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, attach), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, detach), 1);
}

static void c6_attach_while_mapped(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct device *other = vo_device(test->priv, "other");
	struct vma_pin *pin = &imp->pin;

	vma_pin_map_dma_unlocked(pin, imp->dev, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, vma_pin_attach(pin, other), -EBUSY);
	KUNIT_EXPECT_EQ(test, vma_pin_attach(pin, imp->dev), 0);
	vma_pin_unmap_dma_unlocked(pin);
	KUNIT_EXPECT_EQ(test, vma_pin_attach(pin, other), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, attach), 2);
	vma_unpin(pin);
}

static struct dma_buf *vo_get_dmabuf_fails(void *data)
{
	return ERR_PTR(-EMFILE);
}

static void c6_dmabuf_errors_passed_on(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	obj->ops.get_dmabuf = vo_get_dmabuf_fails;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EMFILE);
	obj->ops.get_dmabuf = vo_get_dmabuf;
	obj->attach_err = -ENXIO;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)), -ENXIO);
	obj->attach_err = 0;
	obj->map_err = -ENOSPC;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)), -ENOSPC);
	obj->map_err = 0;
	obj->vmap_err = -EIO;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EIO);
	obj->vmap_err = -EINVAL;	/* of a buffer without kernel mapping */
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EOPNOTSUPP);
	vma_unpin(&imp->pin);
}

static void c6_dmabuf_smaller_than_object(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, VO_PAGES + 1);

	obj->size = VO_SIZE + PAGE_SIZE;
	vo_map_at(obj, addr, 0, VO_PAGES + 1);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr + 4, VO_SIZE), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), vo_n(obj, map));
	vma_unpin(&imp->pin);
}

static void c6_second_mapping_busy(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct sg_table *sgt;

	sgt = vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)), -EBUSY);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vo_kmap(&imp->pin));
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EBUSY);
	vo_expect_dma(imp, sgt, obj->pages, 0, VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c6_undoing_twice_is_harmless(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	unsigned int i;

	vma_pin_unmap_dma_unlocked(&imp->pin);
	vma_pin_vunmap_unlocked(&imp->pin);
	for (i = 0; i < 2; i++) {
		vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_TO_DEVICE);
		vo_kmap(&imp->pin);
		vma_pin_unmap_dma_unlocked(&imp->pin);
		vma_pin_unmap_dma_unlocked(&imp->pin);
		vma_pin_vunmap_unlocked(&imp->pin);
		vma_pin_vunmap_unlocked(&imp->pin);
	}
	KUNIT_EXPECT_EQ(test, vo_n(obj, map), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, vunmap), 2);
	vma_unpin(&imp->pin);
}

static void c6_direction_must_fit_the_pin(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_EQ(test, vo_pin_flags(imp, vo_map(obj), VO_SIZE, 0), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(pin, imp->dev,
							       DMA_FROM_DEVICE)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(pin, imp->dev,
							       DMA_BIDIRECTIONAL)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(pin, imp->dev, DMA_NONE)),
			-EINVAL);
	vo_expect_dma(imp, vma_pin_map_dma_unlocked(pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, 0, VO_SIZE);
	vma_unpin(pin);
}

static void c6_vmap_of_owner(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);
	u32 *vaddr;

	vo_poke(test->priv, addr + PAGE_SIZE + 8, 0xabcd);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr + PAGE_SIZE + 8, 8), 0);
	vaddr = vo_kmap(&imp->pin);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, *vaddr, 0xabcd);
	*vaddr = 0xef01;
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_peek(test->priv, addr + PAGE_SIZE + 8),
			0xef01);
}

static void c6_vmap_of_dmabuf(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);
	u32 *vaddr;

	obj->ops.vmap = NULL;
	vo_poke(test->priv, addr + PAGE_SIZE, 0xabcd);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr + PAGE_SIZE, PAGE_SIZE), 0);
	vaddr = vo_kmap(&imp->pin);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, *vaddr, 0xabcd);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, vunmap), 1);
}

static void c6_no_vmap_without_kernel_mapping(struct kunit *test)
{
	struct vo_obj *a = vo_obj(test->priv), *b = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(a, VO_STATIC);
	struct vo_imp *buf = vo_pinned(b, VO_STATIC);

	a->ops.vmap = NULL;
	b->ops.get_dmabuf = vo_get_dmabuf_no_vmap;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&buf->pin)), -EOPNOTSUPP);
	vma_unpin(&imp->pin);
	vma_unpin(&buf->pin);
}

static void c6_no_vmap_of_io_memory(struct kunit *test)
{
	struct vo_obj *a = vo_obj(test->priv), *b = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned(a, VO_STATIC);
	struct vo_imp *buf = vo_pinned(b, VO_STATIC);

	a->vmap_iomem = true;
	b->vmap_iomem = true;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&buf->pin)), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vo_n(a, vunmap), 1);
	KUNIT_EXPECT_EQ(test, vo_n(b, vunmap), 1);
	vma_unpin(&imp->pin);
	vma_unpin(&buf->pin);
}

static void c6_vmap_error_passed_on(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	obj->vmap_err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -ENOMEM);
	obj->vmap_err = 0;
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
}

static void c6_unpin_undoes_all_mappings(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_take_extents(&imp->pin);
	vo_kmap(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, extents), 2);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, vunmap), 1);
}

/* A dma-buf whose mmap names the owner that all dma-bufs may share */
static struct vo_obj *vo_obj_generic_size(struct vo *vo, size_t size)
{
	struct vo_obj *obj = vo_obj(vo);
	struct dma_buf *dmabuf = vo_export_size(obj, &vo_buf_ops, size);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(vo->test, dmabuf);
	obj->vm_ops = &vo_vm_ops_generic;
	return obj;
}

static struct vo_obj *vo_obj_generic(struct vo *vo)
{
	return vo_obj_generic_size(vo, VO_SIZE);
}

static void c6_generic_owner_of_dmabuf(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_generic(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_mmap_at(test->priv, obj->dmabuf->file, addr, 1, 2,
		   PROT_READ | PROT_WRITE, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, vo_pin(imp, addr + 8, PAGE_SIZE), 0);
	vo_unmap(test->priv, addr, 2);
	dma_buf_put(obj->dmabuf);
	vo_expect_dma(imp, vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, PAGE_SIZE + 8, PAGE_SIZE);
	vo_obj_unregister(obj);
	KUNIT_EXPECT_FALSE(test, obj->dead);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_TRUE(test, vo_obj_dies(obj));
}

/*
 * A dma-buf is mapped by whole pages, its size need not be: what an exporter's own
 * mmap() shows beyond it is not the dma-buf's.
 */
static int vo_mmap_dmabuf(struct file *file, struct vm_area_struct *vma)
{
	struct vo_obj *obj = file->private_data;

	get_file(obj->dmabuf->file);
	fput(vma->vm_file);
	vma->vm_file = obj->dmabuf->file;
	return vo_buf_mmap(obj->dmabuf, vma);
}

static void c6_generic_owner_of_odd_size(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_generic_size(test->priv, VO_SIZE - 100);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr, end;

	obj->in_mmap = vo_mmap_dmabuf;
	addr = vo_map(obj);
	end = addr + VO_SIZE - 100;
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EFAULT);
	vo_expect_refused(imp, vo_pin(imp, end - 1, 2), -EFAULT);
	vo_expect_refused(imp, vo_pin(imp, end, 1), -EFAULT);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, end - 1, 1), 0);
	vma_unpin(&imp->pin);
	KUNIT_ASSERT_EQ(test, vo_prefix(imp, addr, VO_SIZE), VO_SIZE - 100);
	vma_unpin(&imp->pin);
	dma_buf_put(obj->dmabuf);
}

static void c6_generic_owner_of_something_else(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	obj->vm_ops = &vo_vm_ops_generic;
	vo_expect_refused(imp, vo_pin(imp, vo_map(obj), VO_SIZE), -EFAULT);
}

/* ------------------------------------------------------------------------- */
/* 7. Static or revocable                                                    */

static void c7_static_importer_of_revocable(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EOPNOTSUPP);
	vo_expect_refused(imp, vo_prefix(imp, addr, VO_SIZE), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static void c7_revocable_importer_of_static(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 0);
}

/* The memory of a dma-buf is revoked by its exporter alone */
static void c7_dmabuf_hides_revocable(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp;

	obj->ops.get_dmabuf = vo_get_dmabuf;
	imp = vo_pinned_dev(obj, VO_STATIC);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vo_expect_dma(imp, vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, 0, VO_SIZE);
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

static void c7_static_importer_attaches_statically(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_TO_DEVICE);
	KUNIT_EXPECT_FALSE(test, obj->dynamic);
	KUNIT_EXPECT_EQ(test, vo_n(obj, pin), 1);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unpin), 1);
}

static void c7_revocable_importer_attaches_dynamically(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, obj->dynamic);
	KUNIT_EXPECT_FALSE(test, obj->peer2peer);
	KUNIT_EXPECT_EQ(test, vo_n(obj, pin), 0);
	vma_unpin(&imp->pin);
}

static void c7_peer_to_peer_is_passed_on(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);

	imp->client.peer2peer = true;
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, obj->peer2peer);
	vma_unpin(&imp->pin);
}

static void c7_move_undoes_and_maps_again(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);

	imp->by_work = true;
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vo_move(obj, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, imp->why, VMA_OWNER_MOVED);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 1);
	swap(obj->pages[0], obj->pages[1]);
	complete(&imp->go);
	flush_work(&imp->work);
	KUNIT_EXPECT_EQ(test, imp->remap_ret, 0);
	vo_expect_dma(imp, vma_pin_dma_table(&imp->pin), obj->pages, 0, VO_SIZE);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 2);
}

static void c7_move_of_a_part(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_IOMMUFD);

	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + 100, 200), 0);
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vo_move(obj, 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 1);
	KUNIT_EXPECT_NULL(test, vma_pin_dma_table(&imp->pin));
	vma_unpin(&imp->pin);
}

static void c7_move_away_for_good(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);

	imp->by_work = true;
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	complete(&imp->go);
	vo_move(obj, -ENODEV);
	flush_work(&imp->work);
	KUNIT_EXPECT_EQ(test, imp->remap_ret, -ENODEV);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 1);
	vma_unpin(&imp->pin);
}

static void c7_move_before_mapping(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vo_imp_unmap(imp);
	vo_move(obj, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	swap(obj->pages[0], obj->pages[1]);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vo_expect_dma(imp, vma_pin_dma_table(&imp->pin), obj->pages, 0,
		      VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c7_no_move_after_unpin(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_generic(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_IOMMUFD);
	unsigned long addr = vo_area(test->priv, VO_PAGES);

	vo_mmap_at(test->priv, obj->dmabuf->file, addr, 0, VO_PAGES,
		   PROT_READ | PROT_WRITE, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, vo_pin(imp, addr, VO_SIZE), 0);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vma_unpin(&imp->pin);
	vo_move(obj, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 0);
	dma_buf_put(obj->dmabuf);
}

static const char *vo_fence_name(struct dma_fence *fence)
{
	return "vma_owner_kunit";
}

static const struct dma_fence_ops vo_fence_ops = {
	.get_driver_name	= vo_fence_name,
	.get_timeline_name	= vo_fence_name,
};

struct vo_signal {
	struct delayed_work	work;
	struct dma_fence	*fence;
};

static void vo_signal_work(struct work_struct *work)
{
	dma_fence_signal(container_of(to_delayed_work(work), struct vo_signal,
				      work)->fence);
}

/* Somebody uses the dma-buf in the background for @delay jiffies */
static void vo_signal_later(struct vo_obj *obj, struct vo_signal *s,
			    enum dma_resv_usage usage, unsigned long delay)
{
	struct dma_resv *resv = obj->dmabuf->resv;
	struct kunit *test = obj->vo->test;
	static DEFINE_SPINLOCK(lock);

	s->fence = kzalloc_obj(*s->fence);
	KUNIT_ASSERT_NOT_NULL(test, s->fence);
	dma_fence_init(s->fence, &vo_fence_ops, &lock,
		       dma_fence_context_alloc(1), 1);
	dma_resv_lock(resv, NULL);
	KUNIT_EXPECT_EQ(test, dma_resv_reserve_fences(resv, 1), 0);
	dma_resv_add_fence(resv, s->fence, usage);
	dma_resv_unlock(resv);
	INIT_DELAYED_WORK(&s->work, vo_signal_work);
	queue_delayed_work(obj->vo->wq, &s->work, delay);
}

static void vo_signal_now(struct vo_signal *s)
{
	mod_delayed_work(system_wq, &s->work, 0);
}

static void vo_signal_end(struct vo_signal *s)
{
	flush_delayed_work(&s->work);
	dma_fence_put(s->fence);
}

static const struct vo_param vo_kinds[] = {
	{ "static importer", VO_STATIC }, { "dynamic importer", VO_IOMMUFD },
};

KUNIT_ARRAY_PARAM_DESC(vo_kind, vo_kinds, name);

static void c7_map_waits_for_kernel_fences(struct kunit *test)
{
	const struct vo_param *kind = test->param_value;
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, kind->value);
	struct vo_signal *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vo_imp_unmap(imp);
	vo_signal_later(obj, s, DMA_RESV_USAGE_KERNEL, VO_A_WHILE);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(s->fence));
	vo_signal_end(s);
	vma_unpin(&imp->pin);
}

/* Who reads the memory does not keep others from mapping it */
static void c7_map_does_not_wait_for_readers(struct kunit *test)
{
	const struct vo_param *kind = test->param_value;
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, kind->value);
	struct vo_signal *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vo_imp_unmap(imp);
	vo_signal_later(obj, s, DMA_RESV_USAGE_READ, VO_LONG);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(s->fence));
	vo_signal_now(s);
	vo_signal_end(s);
	vma_unpin(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* 8. Revoke                                                                 */

static void c8_pin_refused_while_revoked(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_TYPE1);
	unsigned long addr = vo_map(obj);

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -ENODEV);
	vo_expect_refused(imp, vo_prefix(imp, addr, VO_SIZE), -ENODEV);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_owner_restore(obj->revoke);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, VO_SIZE), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 0);
	vma_unpin(&imp->pin);
}

static void vo_revoke_begin(struct vo_obj *obj)
{
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
}

/* The revoke comes when the pin has its reference, but is not yet linked */
static void c8_revoke_inside_pin(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_TYPE1);
	unsigned long addr = vo_map(obj);

	obj->in_revocable = vo_revoke_begin;
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -ENODEV);
	obj->in_revocable = NULL;
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_owner_revoke_drain(obj->revoke);
	vma_owner_restore(obj->revoke);
}

struct vo_queued_pin {
	struct work_struct	work;
	struct vo_imp		*imp;
	struct vo_revoker	*rv;
	unsigned long		addr;
	int			ret;
};

static void vo_queued_pin_work(struct work_struct *work)
{
	struct vo_queued_pin *q = container_of(work, struct vo_queued_pin, work);

	kthread_use_mm(q->imp->vo->mm);
	q->ret = vo_pin(q->imp, q->addr, VO_SIZE);
	kthread_unuse_mm(q->imp->vo->mm);
}

/* The revoke lock is held: those who want it now get it in this order */
static void vo_queue_revoke_and_pin(struct vo_imp *imp)
{
	struct vo_queued_pin *q = imp->hook;

	q->rv = vo_revoker_start(imp->pin.ref.obj, VMA_OWNER_TEMPORARY);
	schedule_timeout_uninterruptible(VO_A_WHILE);
	queue_work(imp->vo->wq, &q->work);
	schedule_timeout_uninterruptible(VO_A_WHILE);
}

/* A pin that waits for the lock tests the mark after the revoke ahead of it */
static void c8_pin_queued_behind_revoke(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *first = vo_pinned(obj, VO_TYPE1);
	struct vo_queued_pin q = {
		.imp	= vo_imp(test->priv, VO_TYPE1),
		.addr	= first->pin.start,
	};

	INIT_WORK_ONSTACK(&q.work, vo_queued_pin_work);
	first->hook = &q;
	first->in_restore = vo_queue_revoke_and_pin;
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	flush_work(&q.work);
	destroy_work_on_stack(&q.work);
	KUNIT_EXPECT_TRUE(test, vo_within(&q.rv->done, VO_LONG));
	vo_expect_refused(q.imp, q.ret, -ENODEV);
	first->in_restore = NULL;
	vma_owner_restore(obj->revoke);
	vma_unpin(&first->pin);
}

static void c8_mappings_refused_while_revoked(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);
	struct vma_pin *pin = &imp->pin;

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(pin)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(pin)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(pin, imp->dev,
							       DMA_TO_DEVICE)), -ENODEV);
	KUNIT_EXPECT_EQ(test, vo_n(obj, extents) + vo_n(obj, vmap), 0);
	vma_owner_restore(obj->revoke);
	vma_unpin(pin);
}

/* Inside the zap: is the mark set, and is no importer told yet? */
static void vo_zap_expects(struct vo_obj *obj)
{
	struct kunit *test = obj->vo->test;
	struct vo_imp *imp = list_first_entry(&obj->vo->imps, struct vo_imp,
					      node);

#ifndef MODULE
	/* Who asks without the lock, which is held */
	KUNIT_EXPECT_EQ(test, vma_pin_may_map(&imp->pin), -ENODEV);
#endif
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 0);
}

static void c8_mark_then_zap_then_invalidate(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	obj->in_zap = vo_zap_expects;
	KUNIT_EXPECT_FALSE(test, vo_is_marked(obj->revoke));
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_LT(test, obj->zapped_at, imp->invalidated_at);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_FALSE(test, vo_is_marked(obj->revoke));
	vma_unpin(&imp->pin);
}

static void c8_each_pin_is_told_once(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		imp[i] = vo_pinned(obj, VO_TYPE1);
		KUNIT_EXPECT_EQ(test, vo_imp_map(imp[i]), 0);
	}
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&imp[i]->nr_invalidate), 1);
		KUNIT_EXPECT_EQ(test, imp[i]->why, VMA_OWNER_TEMPORARY);
		KUNIT_EXPECT_FALSE(test, vo_is_mapped(imp[i]));
	}
	vma_owner_restore(obj->revoke);
	for (i = 0; i < 3; i++)
		vma_unpin(&imp[i]->pin);
}

static void c8_dma_mapping_undone_by_revoke(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_owner_restore(obj->revoke);
	vo_expect_dma(imp, vma_pin_dma_table(&imp->pin), obj->pages, 0, VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c8_revoke_without_pins(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 1);
	vma_owner_restore(obj->revoke);
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 2);
}

static void c8_drain_waits_for_work_item(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_revoker *rv;

	imp->by_work = true;
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->invalidated, VO_LONG));
	KUNIT_EXPECT_FALSE(test, vo_within(&rv->done, VO_A_WHILE));
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 0);
	complete(&imp->go);
	flush_work(&rv->work);
	flush_work(&imp->work);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	KUNIT_EXPECT_LT(test, obj->undone_at, rv->done_at);
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

/* The access is over, and the importer lets go at once */
static void c8_drain_waits_for_exit_and_unpin(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_revoker *rv;

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	rv = vo_revoker_start(obj, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->invalidated, VO_LONG));
	KUNIT_EXPECT_FALSE(test, vo_within(&rv->done, VO_A_WHILE));
	KUNIT_EXPECT_EQ(test, vo_held(obj), 1);
	vma_pin_exit(&imp->pin);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
}

/* What is mapped and not in use is undone at once, and pins alone hold up nobody */
static void c8_drain_waits_only_for_those_inside(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *pinned = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *mapped = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *left = vo_pinned(obj, VO_TYPE1);

	KUNIT_ASSERT_EQ(test, vo_imp_map(mapped), 0);
	KUNIT_ASSERT_EQ(test, vo_imp_map(left), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&left->pin));
	vma_pin_exit(&left->pin);
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 2);
	vma_owner_revoke_drain(obj->revoke);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 3);
	vma_owner_restore(obj->revoke);
	vma_unpin(&pinned->pin);
	vma_unpin(&mapped->pin);
	vma_unpin(&left->pin);
}

/* What was not mapped cannot be entered, and nobody waits for it */
static void c8_drain_ignores_failed_mappings(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);
	struct vma_pin *pin = &imp->pin;
	struct vo_revoker *rv;

	obj->extents_err = -ENOMEM;
	obj->vmap_err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(pin)), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(pin));
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(pin)), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(pin));
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(pin, imp->dev,
							       DMA_TO_DEVICE)),
			-ENOMEM);
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(pin));
	rv = vo_revoker_start(obj, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
	vma_unpin(pin);
	flush_work(&rv->work);
}

static void c8_begin_does_not_wait(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 0);
	vma_pin_exit(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_owner_revoke_drain(obj->revoke);
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

static void c8_cpu_mappings_zapped(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	unsigned long addr = vo_map(obj);

	KUNIT_EXPECT_TRUE(test, vo_touch(addr));
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_FALSE(test, vo_touch(addr));
	KUNIT_EXPECT_FALSE(test, vo_touch(addr + PAGE_SIZE));
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_touch(addr));
}

static void vo_fault_waits(struct vo_obj *obj)
{
	complete(&obj->entered);
	KUNIT_EXPECT_TRUE(obj->vo->test, vo_within(&obj->go, VO_LONG));
}

struct vo_late {
	struct work_struct	work;
	struct vo_obj		*obj;
	struct vo_revoker	*rv;
	int			zaps;
};

/* Runs while a fault is on its way */
static void vo_late_work(struct work_struct *work)
{
	struct vo_late *late = container_of(work, struct vo_late, work);
	struct vo_obj *obj = late->obj;

	wait_for_completion(&obj->entered);
	queue_work(obj->vo->wq, &late->rv->work);
	vo_within(&late->rv->done, VO_A_WHILE);
	late->zaps = vo_n(obj, zap);
	complete(&obj->go);
}

static void c8_late_fault_is_zapped(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_revoker rv = { .obj = obj, .how = VMA_OWNER_TEMPORARY };
	struct vo_late late = { .obj = obj, .rv = &rv };
	unsigned long addr = vo_map(obj);

	init_completion(&rv.done);
	INIT_WORK_ONSTACK(&rv.work, vo_revoker_work);
	INIT_WORK_ONSTACK(&late.work, vo_late_work);
	obj->in_fault = vo_fault_waits;
	queue_work(obj->vo->wq, &late.work);
	vo_touch(addr);
	flush_work(&late.work);
	flush_work(&rv.work);
	KUNIT_EXPECT_EQ(test, late.zaps, 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 1);
	KUNIT_EXPECT_FALSE(test, vo_touch(addr));
	destroy_work_on_stack(&late.work);
	destroy_work_on_stack(&rv.work);
}

static void c8_temporary_losses_nest(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_marked(obj->revoke));
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), -ENODEV);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 0);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_FALSE(test, vo_is_marked(obj->revoke));
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 1);
	vma_unpin(&imp->pin);
}

static void c8_permanent_after_temporary(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 2);
	KUNIT_EXPECT_EQ(test, imp->why, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 0);
	KUNIT_EXPECT_TRUE(test, vo_is_marked(obj->revoke));
	vma_unpin(&imp->pin);
}

static void c8_temporary_after_permanent(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_marked(obj->revoke));
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 0);
	vma_unpin(&imp->pin);
}

/* The pins are not dropped yet: who has heard the worst hears nothing more */
static void c8_temporary_before_the_permanent_drain(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_PERMANENT);
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 1);
	vma_owner_revoke_drain(obj->revoke);
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, imp->why, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_marked(obj->revoke));
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 0);
	vma_unpin(&imp->pin);
}

static void c8_permanent_leaves_an_empty_shell(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);
	struct vma_pin *pin = &imp->pin;

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_is_owned(pin));
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(pin)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(pin)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(pin, imp->dev,
							       DMA_TO_DEVICE)), -ENODEV);
	vma_pin_unmap_dma_unlocked(pin);
	vo_drop_extents(pin);
	vma_pin_vunmap_unlocked(pin);
	vma_unpin(pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put), 1);
}

static void c8_temporary_keeps_the_object(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vo_unmap(test->priv, imp->pin.start, VO_PAGES);
	vo_obj_unregister(obj);
	KUNIT_EXPECT_FALSE(test, obj->dead);
	vma_owner_restore(obj->revoke);
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_TRUE(test, obj->dead);
}

static void c8_unpin_while_revoked(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 0);
}

/* The exporter drops its handle and goes; the shell still needs it */
static void c8_handle_outlives_the_exporter(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vma_owner_revoke *r = obj->revoke;

	vma_owner_revoke(r, VMA_OWNER_PERMANENT);
	vo_unmap(test->priv, imp->pin.start, VO_PAGES);
	obj->revoke = NULL;
	vma_owner_revoke_put(r);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)), -ENODEV);
	vma_unpin(&imp->pin);
}

static void c8_two_objects_one_handle(struct kunit *test)
{
	struct vo_obj *a = vo_obj_revocable(test->priv);
	struct vo_obj *b = vo_obj(test->priv);
	struct vo_imp *x, *y;

	b->ops.revocable = vo_revocable;
	b->revoke = a->revoke;
	x = vo_pinned(a, VO_TYPE1);
	y = vo_pinned(b, VO_TYPE1);
	vma_owner_revoke(a->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&x->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&y->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, vo_held(a) + vo_held(b), 0);
	vma_unpin(&x->pin);
	vma_unpin(&y->pin);
	b->revoke = NULL;
}

static void c8_restore_maps_again(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_FALSE(test, vo_is_mapped(imp));
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	KUNIT_EXPECT_EQ(test, vo_n(obj, extents) - vo_n(obj, put_extents), 1);
	vma_unpin(&imp->pin);
}

static void c8_restore_calls_those_who_asked(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *quiet = vo_imp(test->priv, VO_TYPE1);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1), *late;

	quiet->client.restore = NULL;
	KUNIT_ASSERT_EQ(test, vo_pin(quiet, imp->pin.start, VO_SIZE), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 1);
	late = vo_pinned(obj, VO_TYPE1);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&late->nr_restore), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&quiet->nr_restore), 0);
	vma_unpin(&imp->pin);
	vma_unpin(&late->pin);
	vma_unpin(&quiet->pin);
}

/* Has the kernel log a line with @text? */
static bool vo_logged(const char *text)
{
	struct kmsg_dump_iter iter;
	char line[200];
	size_t len;

	kmsg_dump_rewind(&iter);
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line) - 1, &len)) {
		line[len] = 0;
		if (strstr(line, text))
			return true;
	}
	return false;
}

static void c8_failed_restore_is_tried_again(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *other = vo_pinned(obj, VO_TYPE1);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_EQ(test, vo_imp_map(other), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	imp->restore_err = -ENOMEM;
	imp->client.name = "vo-unlucky";
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_FALSE(test, vo_is_mapped(imp));
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(other));
	KUNIT_EXPECT_TRUE(test, vo_logged("vo-unlucky cannot map "));
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 2);
	vma_unpin(&imp->pin);
	vma_unpin(&other->pin);
}

static void c8_restore_once_too_often(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);

	kunit_warning_suppress(test)
		vma_owner_restore(obj->revoke);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_is_marked(obj->revoke));
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_FALSE(test, vo_is_marked(obj->revoke));
}

/* Somebody still uses what is to be mapped again */
static void c8_restore_too_early(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	kunit_warning_suppress(test)
		vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_marked(obj->revoke));
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 0);
	vma_pin_exit(&imp->pin);
	vma_owner_revoke_drain(obj->revoke);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	vma_unpin(&imp->pin);
}

/* Only exporters of dma-bufs move memory */
static void c8_no_revoke_by_a_move(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);

	kunit_warning_suppress(test)
		vma_owner_revoke_begin(obj->revoke, VMA_OWNER_MOVED);
	KUNIT_EXPECT_FALSE(test, vo_is_marked(obj->revoke));
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 0);
}

/* More than ten seconds, which is what a drain takes to lose its patience */
static void c8_drain_says_whom_it_waits_for(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *idle = vo_pinned(obj, VO_TYPE1);
	struct vo_revoker *rv;
	char line[80];

	idle->client.name = "vo-idle";
	KUNIT_ASSERT_EQ(test, vo_imp_map(idle), 0);
	imp->client.name = "vo-slow";
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_FALSE(test, vo_within(&rv->done, 11 * HZ));
	snprintf(line, sizeof(line),
		 "used by vo-slow: %zu bytes, pinned for 1", imp->pin.len);
	KUNIT_EXPECT_TRUE(test, vo_logged(line));
	snprintf(line, sizeof(line), "%lx", imp->pin.start);
	KUNIT_EXPECT_FALSE(test, vo_logged(line));
	KUNIT_EXPECT_FALSE(test, vo_logged("used by vo-idle"));
	vma_pin_exit(&imp->pin);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
	vma_owner_restore(obj->revoke);
	vma_unpin(&idle->pin);
	vma_unpin(&imp->pin);
}

#define VO_ROUNDS	150

struct vo_stress {
	struct work_struct	work;
	struct vo_obj		*obj;
	struct vo_imp		*imp;
	unsigned long		addr;
	bool			enters;
	int			pinned, mapped, refused;
	int			odd;	/* an errno that should not have come */
	int			gone;	/* entered, and nothing there */
};

/* Nobody has undone what is entered */
static void vo_stress_enter(struct vo_stress *s)
{
	if (!vma_pin_enter(&s->imp->pin))
		return;
	cond_resched();
	s->gone += vo_n(s->obj, extents) == vo_n(s->obj, put_extents);
	vma_pin_exit(&s->imp->pin);
}

static void vo_stress_round(struct vo_stress *s, unsigned int i)
{
	int ret = vo_pin(s->imp, s->addr, VO_SIZE);

	s->pinned += !ret;
	s->refused += ret == -ENODEV;
	if (ret && ret != -ENODEV)
		s->odd = ret;
	if (ret)
		return;
	ret = vo_imp_map(s->imp);
	s->mapped += !ret;
	if (ret && ret != -ENODEV)
		s->odd = ret;
	if (s->enters)
		vo_stress_enter(s);
	if (i % 2)
		vo_imp_unmap(s->imp);
	s->imp->want = false;
	vma_unpin(&s->imp->pin);
}

static void vo_stress_work(struct work_struct *work)
{
	struct vo_stress *s = container_of(work, struct vo_stress, work);
	unsigned int i;

	kthread_use_mm(s->obj->vo->mm);
	for (i = 0; i < VO_ROUNDS; i++)
		vo_stress_round(s, i);
	kthread_unuse_mm(s->obj->vo->mm);
}

static void c8_revoke_races_pin_map_and_unpin(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_stress s[3] = { };
	unsigned long addr = vo_map(obj);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(s); i++) {
		s[i].obj = obj;
		s[i].addr = addr;
		s[i].imp = vo_imp(test->priv, VO_TYPE1);
		s[i].enters = i == 2;
		INIT_WORK_ONSTACK(&s[i].work, vo_stress_work);
		queue_work(obj->vo->wq, &s[i].work);
	}
	for (i = 0; i < VO_ROUNDS; i++) {
		vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
		KUNIT_EXPECT_EQ(test, vo_n(obj, extents),
				vo_n(obj, put_extents));
		vma_owner_restore(obj->revoke);
		schedule_timeout_uninterruptible(i % 4 == 0);
	}
	for (i = 0; i < ARRAY_SIZE(s); i++) {
		flush_work(&s[i].work);
		destroy_work_on_stack(&s[i].work);
		KUNIT_EXPECT_EQ(test, s[i].odd, 0);
		KUNIT_EXPECT_EQ(test, s[i].gone, 0);
		KUNIT_EXPECT_EQ(test, s[i].pinned + s[i].refused, VO_ROUNDS);
	}
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
}

/* ------------------------------------------------------------------------- */
/* 9. Callbacks                                                              */

static void vo_invalidate_waits(struct vo_imp *imp)
{
	complete(&imp->invalidated);
	wait_for_completion(&imp->go);
}

struct vo_unpinner {
	struct work_struct	work;
	struct vo_imp		*imp;
	struct completion	done;
};

static void vo_unpinner_work(struct work_struct *work)
{
	struct vo_unpinner *u = container_of(work, struct vo_unpinner, work);

	vma_unpin(&u->imp->pin);
	complete(&u->done);
}

struct vo_syncer {
	struct work_struct	work;
	struct vo_imp		*imp;
	bool			stop;
};

static void vo_sync_work(struct work_struct *work)
{
	struct vo_syncer *s = container_of(work, struct vo_syncer, work);

	while (!READ_ONCE(s->stop)) {
		vma_pin_sync_for_cpu(&s->imp->pin);
		vma_pin_sync_for_device(&s->imp->pin);
		cond_resched();
	}
}

/* The syncs take the lock of the pin by themselves: KASAN would tell */
static void c9_sync_races_invalidate(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);
	struct vo_syncer s = { .imp = imp };
	int i;

	imp->use_dma = true;
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	INIT_WORK_ONSTACK(&s.work, vo_sync_work);
	queue_work(imp->vo->wq, &s.work);
	for (i = 0; i < VO_ROUNDS; i++) {
		vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
		KUNIT_EXPECT_FALSE(test, vo_is_mapped(imp));
		vma_owner_restore(obj->revoke);
		KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	}
	WRITE_ONCE(s.stop, true);
	flush_work(&s.work);
	destroy_work_on_stack(&s.work);
	vma_unpin(&imp->pin);
}

static void c9_unpin_waits_for_callback(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_unpinner u = { .imp = imp };
	struct vo_revoker *rv;

	init_completion(&u.done);
	INIT_WORK_ONSTACK(&u.work, vo_unpinner_work);
	imp->in_invalidate = vo_invalidate_waits;
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->invalidated, VO_LONG));
	queue_work(imp->vo->wq, &u.work);
	KUNIT_EXPECT_FALSE(test, vo_within(&u.done, VO_A_WHILE));
	complete(&imp->go);
	flush_work(&u.work);
	flush_work(&rv->work);
	destroy_work_on_stack(&u.work);
	KUNIT_EXPECT_NULL(test, imp->pin.client);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static void c9_no_callback_after_unpin(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_unpin(&imp->pin);
	KUNIT_EXPECT_FALSE(test, vma_pin_is_owned(&imp->pin));
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 0);
}

/* An exporter that revokes under a lock which its put takes too, as vfio has */
static void c9_revoke_under_exporters_lock(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	static DEFINE_MUTEX(memory_lock);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	mutex_lock(&memory_lock);
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	mutex_unlock(&memory_lock);
	vma_owner_revoke_drain(obj->revoke);
	KUNIT_EXPECT_FALSE(test, vo_is_mapped(imp));
	mutex_lock(&memory_lock);
	vma_owner_restore(obj->revoke);
	mutex_unlock(&memory_lock);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	vma_unpin(&imp->pin);
}

/* A lock that no callback takes may be held around all of it */
static void c9_get_extents_under_importers_lock(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_TYPE1);
	unsigned long addr = vo_map(obj);
	static DEFINE_MUTEX(outer);

	mutex_lock(&outer);
	KUNIT_EXPECT_EQ(test, vo_pin(imp, addr, VO_SIZE), 0);
	vo_expect_extents(imp, obj, 0, VO_SIZE);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	vo_imp_unmap(imp);
	vma_unpin(&imp->pin);
	mutex_unlock(&outer);
}

/* ------------------------------------------------------------------------- */
/* 10. No mmap_lock on the way out                                           */

/* Inline, so that a deadlock names the case */
static __always_inline void vo_unpin_under_mmap_lock(struct vo_imp *imp)
{
	mmap_write_lock(current->mm);
	vma_unpin(&imp->pin);
	mmap_write_unlock(current->mm);
	KUNIT_EXPECT_NULL(imp->vo->test, imp->pin.client);
}

static void c10_unpin_under_mmap_lock(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vo_unpin_under_mmap_lock(imp);
}

static void c10_unpin_of_dmabuf_under_mmap_lock(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vo_unpin_under_mmap_lock(imp);
}

static void c10_unpin_of_ordinary_memory_under_mmap_lock(struct kunit *test)
{
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);

	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_anon(test->priv, 2), PAGE_SIZE),
			0);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vo_unpin_under_mmap_lock(imp);
}

static void c10_revoke_under_mmap_lock(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	mmap_write_lock(current->mm);
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	mmap_write_unlock(current->mm);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_unpin(&imp->pin);
}

static void c10_nothing_charged(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	unsigned long locked = current->mm->locked_vm;
	s64 pinned = atomic64_read(&current->mm->pinned_vm);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	KUNIT_EXPECT_EQ(test, current->mm->locked_vm, locked);
	KUNIT_EXPECT_EQ(test, atomic64_read(&current->mm->pinned_vm), pinned);
	vma_unpin(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* 11. Release from any context                                              */

static void vo_released(struct vma_pin *pin)
{
	complete(&pin_to_imp(pin)->released);
}

static void c11_unpin_under_spinlock(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	static DEFINE_SPINLOCK(lock);
	unsigned long flags;

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	spin_lock_irqsave(&lock, flags);
	vma_unpin_deferred(&imp->pin, vo_released);
	spin_unlock_irqrestore(&lock, flags);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->released, VO_LONG));
	KUNIT_EXPECT_NULL(test, imp->pin.client);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static void c11_unpin_twice_is_harmless(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	vma_unpin(&imp->pin);
	kunit_warning_suppress(test) {
		vma_unpin(&imp->pin);
		KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)),
				-EINVAL);
	}
	KUNIT_EXPECT_EQ(test, vo_n(obj, put), 1);
}

struct vo_timer {
	struct timer_list	timer;
	struct vo_imp		*imp;
};

static void vo_timer_fn(struct timer_list *timer)
{
	struct vo_timer *t = container_of(timer, struct vo_timer, timer);

	vma_unpin_deferred(&t->imp->pin, vo_released);
}

static void c11_unpin_from_timer(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);
	struct vo_timer t = { .imp = imp };

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	timer_setup_on_stack(&t.timer, vo_timer_fn, 0);
	mod_timer(&t.timer, jiffies);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->released, VO_LONG));
	timer_shutdown_sync(&t.timer);
	timer_destroy_on_stack(&t.timer);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 1);
}

static void c11_barrier_waits_for_all(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(imp); i++)
		imp[i] = vo_pinned(obj, VO_STATIC);
	for (i = 0; i < ARRAY_SIZE(imp); i++)
		vma_unpin_deferred(&imp[i]->pin, i ? vo_released : NULL);
	vma_unpin_barrier();
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	for (i = 1; i < ARRAY_SIZE(imp); i++)
		KUNIT_EXPECT_TRUE(test, try_wait_for_completion(&imp[i]->released));
}

/* ------------------------------------------------------------------------- */
/* 12. Zero when unused                                                      */

static void c12_owner_is_only_asked_by_pins(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	unsigned long addr = vo_map(obj);
	struct page *page;

	KUNIT_EXPECT_TRUE(test, vo_touch(addr));
	KUNIT_EXPECT_LT(test, pin_user_pages_fast(addr, 1, 0, &page), 0);
	vo_unmap(test->priv, addr + PAGE_SIZE, 1);
	vo_unmap(test->priv, addr, VO_PAGES);
	KUNIT_EXPECT_EQ(test, vo_n(obj, tryget), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 0);
}

/* ------------------------------------------------------------------------- */
/* 13. Visible                                                               */

#ifdef CONFIG_TRACEPOINTS

/* Looked up by name, as a module may not refer to them */
struct vo_event {
	const char		*name;
	void			*probe;
	struct tracepoint	*tp;
	atomic_t		hits;
};

static void vo_probe_get(void *data, const struct vma_owner_ref *ref,
			 unsigned long addr)
{
	atomic_inc(&((struct vo_event *)data)->hits);
}

static void vo_probe_pin(void *data, const struct vma_pin *pin)
{
	atomic_inc(&((struct vo_event *)data)->hits);
}

static void vo_probe_revoke(void *data, const char *name, const void *revoke,
			    bool gone, unsigned int nested, int pending)
{
	atomic_inc(&((struct vo_event *)data)->hits);
}

static void vo_event_find(struct tracepoint *tp, void *priv)
{
	struct vo_event *e = priv;

	if (!strcmp(tp->name, e->name))
		e->tp = tp;
}

static void vo_event_start(struct kunit *test, struct vo_event *e)
{
	for_each_kernel_tracepoint(vo_event_find, e);
	KUNIT_EXPECT_NOT_NULL_MSG(test, e->tp, "no tracepoint %s", e->name);
	if (e->tp)
		KUNIT_EXPECT_EQ(test, tracepoint_probe_register(e->tp, e->probe,
								e), 0);
}

static void vo_trace_something(struct vo *vo)
{
	struct vo_obj *obj = vo_obj_revocable(vo);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	KUNIT_EXPECT_EQ(vo->test, vo_imp_map(imp), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	imp->restore_err = -ENOMEM;
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

static void c13_tracepoints(struct kunit *test)
{
	struct vo_event events[] = {
		{ .name = "vma_owner_get", .probe = vo_probe_get },
		{ .name = "vma_pin", .probe = vo_probe_pin },
		{ .name = "vma_pin_map", .probe = vo_probe_pin },
		{ .name = "vma_unpin", .probe = vo_probe_pin },
		{ .name = "vma_owner_revoke", .probe = vo_probe_revoke },
		{ .name = "vma_owner_restore", .probe = vo_probe_revoke },
		{ .name = "vma_owner_drain", .probe = vo_probe_revoke },
	};
	struct vo_event *e;

	for (e = events; e < events + ARRAY_SIZE(events); e++)
		vo_event_start(test, e);
	vo_trace_something(test->priv);
	for (e = events; e < events + ARRAY_SIZE(events); e++) {
		if (e->tp)
			tracepoint_probe_unregister(e->tp, e->probe, e);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&e->hits), 1, "%s",
				    e->name);
	}
	tracepoint_synchronize_unregister();
}

#endif

#ifdef CONFIG_DEBUG_FS

/* The pins file of debugfs, through a mount of our own */
struct vo_pins_file {
	struct vo	*vo;
	unsigned long	user;	/* a page to read to */
	struct vfsmount	*mnt;
	struct file	*file;
	loff_t		pos;
};

static void vo_pins_open(struct vo *vo, struct vo_pins_file *f)
{
	struct path root;

	*f = (struct vo_pins_file) {
		.vo	= vo,
		.user	= vo_anon(vo, 1),
		.mnt	= kern_mount(get_fs_type("debugfs")),
	};
	KUNIT_ASSERT_NOT_ERR_OR_NULL(vo->test, f->mnt);
	root = (struct path) { .mnt = f->mnt, .dentry = f->mnt->mnt_root };
	f->file = file_open_root(&root, "vma_owner/pins", O_RDONLY, 0);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(vo->test, f->file);
}

/* What one read() gives, with a 0 behind it; @buf has a page */
static ssize_t vo_pins_read(struct vo_pins_file *f, char *buf)
{
	ssize_t n = -EBADF;

	if (!IS_ERR(f->file))
		n = f->file->f_op->read(f->file, (char __user *)f->user,
					PAGE_SIZE - 1, &f->pos);
	if (n < 0)
		return n;
	KUNIT_EXPECT_EQ(f->vo->test,
			copy_from_user(buf, (void __user *)f->user, n), 0);
	buf[n] = 0;
	return n;
}

static void vo_pins_close(struct vo_pins_file *f)
{
	if (!IS_ERR(f->file))
		__fput_sync(f->file);
	kern_unmount(f->mnt);
}

/* What it says now */
static char *vo_read_pins(struct vo *vo)
{
	char *buf = kunit_kzalloc(vo->test, PAGE_SIZE, GFP_KERNEL);
	struct vo_pins_file f;

	KUNIT_ASSERT_NOT_NULL(vo->test, buf);
	vo_pins_open(vo, &f);
	KUNIT_EXPECT_GT(vo->test, vo_pins_read(&f, buf), 0);
	vo_pins_close(&f);
	return buf;
}

/* Who may not see the kernel's addresses sees nobody else's either */
static void c13_debugfs_hides_addresses(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct cred *cred = prepare_creds();
	const struct cred *old;
	char line[80], *pins;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cap_clear(cred->cap_effective);
	snprintf(line, sizeof(line), "%lx", imp->pin.start);
	KUNIT_EXPECT_NOT_NULL(test, strstr(vo_read_pins(test->priv), line));
	old = override_creds(cred);
	pins = vo_read_pins(test->priv);
	put_cred(revert_creds(old));
	KUNIT_EXPECT_NULL(test, strstr(pins, line));
	snprintf(line, sizeof(line), "vo-owner vo-importer 0x0 %zu ", imp->pin.len);
	KUNIT_EXPECT_NOT_NULL(test, strstr(pins, line));
	vma_unpin(&imp->pin);
}

struct vo_busy {
	struct work_struct	work;
	struct vo		*vo;
	unsigned long		addr;
	bool			*stop;
	unsigned long		pins;
	int			odd;
};

static const struct vma_pin_client vo_busy_client = { .name = "vo-busy" };
static const struct vma_pin_client vo_many_client = { .name = "vo-many" };

/* Others pin and unpin meanwhile, behind and before what is read */
static void vo_busy_work(struct work_struct *work)
{
	struct vo_busy *b = container_of(work, struct vo_busy, work);
	struct vma_pin pin[8];
	unsigned int i;

	kthread_use_mm(b->vo->mm);
	while (!READ_ONCE(*b->stop)) {
		for (i = 0; i < ARRAY_SIZE(pin); i++)
			b->odd = vma_pin_user(&pin[i], b->addr, 1, 0,
					      &vo_busy_client) ?: b->odd;
		for (i = 0; i < ARRAY_SIZE(pin); i++)
			vma_unpin(&pin[i]);
		WRITE_ONCE(b->pins, b->pins + ARRAY_SIZE(pin));
		cond_resched();
	}
	kthread_unuse_mm(b->vo->mm);
}

/* Notes in @seen the pins of vo-many in the lines of @buf; returns what is odd */
static unsigned int vo_pins_note(char *buf, unsigned long addr, size_t n,
				 unsigned long *seen)
{
	unsigned int odd = 0;
	unsigned long start, i;
	char *line, *at;
	size_t len;

	while ((line = strsep(&buf, "\n"))) {
		at = strstr(line, "vo-many ");
		if (!at)
			continue;
		if (sscanf(at, "vo-many %lx %zu ", &start, &len) != 2) {
			odd++;
			continue;
		}
		i = (start - addr) + (len - 1) * PAGE_SIZE;
		odd += i >= n || test_and_set_bit(i, seen);
	}
	return odd;
}

/* Each pin that is there all the time is listed, once */
static void c13_debugfs_is_complete(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	size_t n = si_mem_available() > (SZ_128M >> PAGE_SHIFT) ? 100000 : 10000;
	struct vma_pin *pins = kvmalloc_array(n, sizeof(*pins), GFP_KERNEL);
	unsigned long *seen = bitmap_zalloc(n, GFP_KERNEL);
	char *buf = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct vo_busy busy[2] = { };
	unsigned long addr = vo_map(obj);
	size_t i, pinned = 0, odd = 0;
	struct vo_pins_file f, other;
	bool stop = false;
	ssize_t len;

	KUNIT_EXPECT_NOT_NULL(test, pins);
	KUNIT_EXPECT_NOT_NULL(test, seen);
	KUNIT_EXPECT_NOT_NULL(test, buf);
	if (!pins || !seen || !buf)
		goto out;
	for (i = 0; i < n; i++)
		if (!vma_pin_user(&pins[i], addr + i % PAGE_SIZE,
				  1 + i / PAGE_SIZE, 0, &vo_many_client))
			pinned++;
	KUNIT_EXPECT_EQ(test, pinned, n);
	for (i = 0; i < ARRAY_SIZE(busy); i++) {
		busy[i].vo = test->priv;
		busy[i].addr = addr;
		busy[i].stop = &stop;
		INIT_WORK_ONSTACK(&busy[i].work, vo_busy_work);
		queue_work(obj->vo->wq, &busy[i].work);
	}
	/* Whose place is kept while the first one reads */
	vo_pins_open(test->priv, &other);
	KUNIT_EXPECT_GT(test, vo_pins_read(&other, buf), 0);
	vo_pins_open(test->priv, &f);
	while ((len = vo_pins_read(&f, buf)) > 0) {
		odd += vo_pins_note(buf, addr, n, seen);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, len, 0);
	vo_pins_close(&f);
	/* And goes on there, but nowhere else */
	KUNIT_EXPECT_EQ(test, vfs_llseek(other.file, 0, SEEK_SET), -ESPIPE);
	KUNIT_EXPECT_GT(test, vo_pins_read(&other, buf), 0);
	vo_pins_close(&other);
	WRITE_ONCE(stop, true);
	for (i = 0; i < ARRAY_SIZE(busy); i++) {
		flush_work(&busy[i].work);
		destroy_work_on_stack(&busy[i].work);
		KUNIT_EXPECT_GT(test, busy[i].pins, 0);
		KUNIT_EXPECT_EQ(test, busy[i].odd, 0);
	}
	KUNIT_EXPECT_EQ(test, odd, 0);
	KUNIT_EXPECT_EQ(test, bitmap_weight(seen, n), n);
	for (i = 0; i < n; i++)
		if (pins[i].client)
			vma_unpin(&pins[i]);
out:
	bitmap_free(seen);
	kvfree(pins);
}

/* What was asked for, not the pages that it lies in */
static void c13_debugfs_tells_odd_lengths(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	struct vo_imp *ram = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj) + 3, anon = vo_anon(test->priv, 2);
	char line[80];

	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, 2 * PAGE_SIZE - 1), 0);
	KUNIT_ASSERT_EQ(test, vo_pin(ram, anon + 7, PAGE_SIZE + 9), 0);
	snprintf(line, sizeof(line), "vo-owner vo-importer %#lx %lu ", addr,
		 2 * PAGE_SIZE - 1);
	KUNIT_EXPECT_NOT_NULL(test, strstr(vo_read_pins(test->priv), line));
	snprintf(line, sizeof(line), "(ordinary) vo-importer %#lx %lu ",
		 anon + 7, PAGE_SIZE + 9);
	KUNIT_EXPECT_NOT_NULL(test, strstr(vo_read_pins(test->priv), line));
	vma_unpin(&imp->pin);
	vma_unpin(&ram->pin);
}

static void c13_debugfs_lists_pins(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *ram = vo_imp(test->priv, VO_STATIC);
	char line[80];

	snprintf(line, sizeof(line), "vo-owner vo-importer %#lx %zu ",
		 imp->pin.start, imp->pin.len);
	KUNIT_ASSERT_EQ(test, vo_pin(ram, vo_anon(test->priv, 1), 1), 0);
	KUNIT_EXPECT_NOT_NULL(test, strstr(vo_read_pins(test->priv), line));
	KUNIT_EXPECT_NOT_NULL(test, strstr(vo_read_pins(test->priv),
					   "(ordinary) vo-importer "));
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_NOT_NULL(test, strstr(vo_read_pins(test->priv),
					   "(gone) vo-importer "));
	vma_unpin(&imp->pin);
	vma_unpin(&ram->pin);
	KUNIT_EXPECT_NULL(test, strstr(vo_read_pins(test->priv),
				       "vo-importer"));
}

#endif

/* ------------------------------------------------------------------------- */
/* 14. A pin is the CPU's until it is prepared                               */

#ifndef MODULE

/*
 * Once more what maps pins, and what exporters sync their importers by, but on top
 * of vo_dma: as vo_map_dma(), vo_sync_for_cpu() and so on. No DMA API of the machine
 * that the tests run on need be able to do this.
 */
static int __maybe_unused vo_pin_lock(struct vma_pin *pin);
static void __maybe_unused vo_pin_unlock(struct vma_pin *pin);
static int __maybe_unused vo_attach(struct vma_pin *pin, struct device *dev);
static struct sg_table __maybe_unused *
vo_map_dma_locked(struct vma_pin *pin, enum dma_data_direction dir);
static struct sg_table __maybe_unused *vo_dma_table(struct vma_pin *pin);
static struct dma_resv __maybe_unused *vo_resv(struct vma_pin *pin);
static void __maybe_unused vo_unmap_dma_locked(struct vma_pin *pin);
static void __maybe_unused *
vo_vmap_locked(struct vma_pin *pin, enum dma_data_direction dir);
static void __maybe_unused *vo_vaddr(struct vma_pin *pin);
static void __maybe_unused vo_vunmap_locked(struct vma_pin *pin);
static const struct vma_owner_extents __maybe_unused *
vo_get_extents_locked(struct vma_pin *pin);
static void __maybe_unused vo_put_extents_locked(struct vma_pin *pin);
static struct sg_table __maybe_unused *
vo_map_dma(struct vma_pin *pin, struct device *dev,
	   enum dma_data_direction dir);
static void __maybe_unused vo_unmap_dma(struct vma_pin *pin);
static void __maybe_unused *
vo_vmap_pin(struct vma_pin *pin, enum dma_data_direction dir);
static void __maybe_unused vo_vunmap_pin(struct vma_pin *pin);
static void __maybe_unused vo_for_device_locked(struct vma_pin *pin);
static void __maybe_unused vo_for_cpu_locked(struct vma_pin *pin);
static int __maybe_unused vo_for_device(struct vma_pin *pin);
static int __maybe_unused vo_for_cpu(struct vma_pin *pin);

static void vo_sync_init(struct dma_buf_sync_list *list);
static int vo_sync_add(struct dma_buf_sync_list *list, struct device *dev,
		       struct sg_table *sgt, enum dma_data_direction dir);
static void vo_sync_del(struct dma_buf_sync_list *list, struct sg_table *sgt);
static void vo_sync_for_cpu(struct dma_buf_sync_list *list,
			    enum dma_data_direction dir);
static void vo_sync_for_device(struct dma_buf_sync_list *list,
			       enum dma_data_direction dir);

#define dma_buf_sync_init		vo_sync_init
#define dma_buf_sync_add		vo_sync_add
#define dma_buf_sync_del		vo_sync_del
#define dma_buf_sync_for_cpu		vo_sync_for_cpu
#define dma_buf_sync_for_device		vo_sync_for_device
#define vma_pin_lock			vo_pin_lock
#define vma_pin_unlock			vo_pin_unlock
#define vma_pin_attach			vo_attach
#define vma_pin_map_dma			vo_map_dma_locked
#define vma_pin_dma_table		vo_dma_table
#define vma_pin_resv			vo_resv
#define vma_pin_unmap_dma		vo_unmap_dma_locked
#define vma_pin_vmap			vo_vmap_locked
#define vma_pin_vaddr			vo_vaddr
#define vma_pin_vunmap			vo_vunmap_locked
#define vma_pin_get_extents		vo_get_extents_locked
#define vma_pin_put_extents		vo_put_extents_locked
#define vma_pin_map_dma_unlocked	vo_map_dma
#define vma_pin_unmap_dma_unlocked	vo_unmap_dma
#define vma_pin_vmap_unlocked		vo_vmap_pin
#define vma_pin_vunmap_unlocked		vo_vunmap_pin
#define vma_pin_sync_for_device_locked	vo_for_device_locked
#define vma_pin_sync_for_cpu_locked	vo_for_cpu_locked
#define vma_pin_sync_for_device		vo_for_device
#define vma_pin_sync_for_cpu		vo_for_cpu
#define dma_map_sgtable			vo_dma_map_sgt
#define dma_unmap_sgtable		vo_dma_unmap_sgt
#define dma_sync_sgtable_for_cpu	vo_dma_sgt_for_cpu
#define dma_sync_sgtable_for_device	vo_dma_sgt_for_device
#define dma_map_phys			vo_dma_map
#define dma_unmap_phys			vo_dma_unmap
#define dma_sync_single_for_cpu		vo_dma_for_cpu
#define dma_sync_single_for_device	vo_dma_for_device
#define dma_need_sync			vo_dma_need_sync
#define dev_is_dma_coherent		vo_dma_is_coherent
#define dma_get_max_seg_size		vo_dma_max_seg_size
#define dma_get_seg_boundary		vo_dma_seg_boundary
#define dma_get_merge_boundary		vo_dma_merge_boundary
#define dma_dev_need_sync		vo_dma_dev_need_sync
#define dma_use_iova			vo_use_iova
#define dma_iova_try_alloc		vo_iova_alloc
#define dma_iova_link			vo_iova_link
#define dma_iova_sync			vo_iova_sync
#define dma_iova_destroy		vo_iova_destroy
#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(sym)
#undef EXPORT_SYMBOL_FOR_MODULES
#define EXPORT_SYMBOL_FOR_MODULES(sym, modules)
#undef subsys_initcall
#define subsys_initcall(fn) \
	static initcall_t fn##_again __initdata __maybe_unused = fn

#include "../../drivers/dma-buf/dma-buf-sync.c"
#include "../../drivers/dma-buf/vma-pin.c"

#undef dma_buf_sync_init
#undef dma_buf_sync_add
#undef dma_buf_sync_del
#undef dma_buf_sync_for_cpu
#undef dma_buf_sync_for_device
#undef vma_pin_lock
#undef vma_pin_unlock
#undef vma_pin_attach
#undef vma_pin_map_dma
#undef vma_pin_dma_table
#undef vma_pin_resv
#undef vma_pin_unmap_dma
#undef vma_pin_vmap
#undef vma_pin_vaddr
#undef vma_pin_vunmap
#undef vma_pin_get_extents
#undef vma_pin_put_extents
#undef vma_pin_map_dma_unlocked
#undef vma_pin_unmap_dma_unlocked
#undef vma_pin_vmap_unlocked
#undef vma_pin_vunmap_unlocked
#undef vma_pin_sync_for_device_locked
#undef vma_pin_sync_for_cpu_locked
#undef vma_pin_sync_for_device
#undef vma_pin_sync_for_cpu
#undef dma_map_sgtable
#undef dma_unmap_sgtable
#undef dma_sync_sgtable_for_cpu
#undef dma_sync_sgtable_for_device
#undef dma_map_phys
#undef dma_unmap_phys
#undef dma_sync_single_for_cpu
#undef dma_sync_single_for_device
#undef dma_need_sync
#undef dev_is_dma_coherent
#undef dma_get_max_seg_size
#undef dma_get_seg_boundary
#undef dma_get_merge_boundary
#undef dma_dev_need_sync
#undef dma_use_iova
#undef dma_iova_try_alloc
#undef dma_iova_link
#undef dma_iova_sync
#undef dma_iova_destroy

static void vo_dma_start(void)
{
	memset(&vo_dma, 0, sizeof(vo_dma));
	spin_lock_init(&vo_dma.lock);
	vo_dma.max_seg_size = SZ_64K;
	dma_resv_init(&vma_pin_any_resv);
}

/* Watch a page from now on, for as long as the case runs */
static void vo_dma_watch(struct kunit *test, struct page *page)
{
	struct vo_dma_page *p = vo_dma_page(0);

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->ram = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	p->seen = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p->ram);
	KUNIT_ASSERT_NOT_NULL(test, p->seen);
	memcpy(p->ram, page_address(page), PAGE_SIZE);
	memcpy(p->seen, page_address(page), PAGE_SIZE);
	p->pfn = page_to_pfn(page);
}

static void vo_dma_watch_all(struct kunit *test, struct page **pages)
{
	int i;

	for (i = 0; i < VO_PAGES; i++)
		vo_dma_watch(test, pages[i]);
}

/* The device writes, the device reads, and so does the CPU: @len bytes of @pages */
static void vo_dev_write(struct page **pages, size_t off, size_t len, u8 v)
{
	for (; len; len--, off++)
		vo_dma_page(page_to_phys(pages[off >> PAGE_SHIFT]))
			->ram[offset_in_page(off)] = v;
}

static bool vo_dev_reads(struct page **pages, size_t off, size_t len, u8 v)
{
	for (; len; len--, off++)
		if (vo_dma_page(page_to_phys(pages[off >> PAGE_SHIFT]))
			    ->ram[offset_in_page(off)] != v)
			return false;
	return true;
}

static void vo_cpu_write(struct page **pages, size_t off, size_t len, u8 v)
{
	for (; len; len--, off++)
		((u8 *)page_address(pages[off >> PAGE_SHIFT]))
			[offset_in_page(off)] = v;
}

static bool vo_cpu_reads(struct page **pages, size_t off, size_t len, u8 v)
{
	for (; len; len--, off++)
		if (((u8 *)page_address(pages[off >> PAGE_SHIFT]))
			    [offset_in_page(off)] != v)
			return false;
	return true;
}

enum vo_memory {
	VO_ORDINARY, VO_RAM, VO_RAM_FIXED, VO_DMABUF, VO_PART, VO_UNCACHED,
};

static const struct vo_param vo_memories[] = {
	{ "ordinary", VO_ORDINARY }, { "RAM", VO_RAM },
	{ "RAM_FIXED", VO_RAM_FIXED }, { "dma-buf", VO_DMABUF },
	{ "part of a dma-buf", VO_PART }, { "uncached dma-buf", VO_UNCACHED },
};

KUNIT_ARRAY_PARAM_DESC(vo_memory, vo_memories, name);

/* Pinned memory of some kind: @len bytes from @off of @pages */
struct vo_mem {
	struct vo_obj	*obj;
	struct vo_imp	*imp;
	struct page	**pages;
	size_t		off;
	size_t		len;
	bool		synced;
};

static void vo_mem(struct kunit *test, struct vo_mem *m)
{
	const struct vo_param *t = test->param_value;
	struct vo *vo = test->priv;
	unsigned long addr;

	m->synced = t->value != VO_RAM_FIXED && t->value != VO_UNCACHED;
	m->obj = t->value >= VO_DMABUF ? vo_obj_dmabuf(vo) : vo_obj(vo);
	m->obj->shadow = true;
	m->imp = vo_imp_dev(vo, VO_STATIC);
	vo_dma_start();
	if (t->value == VO_RAM_FIXED)
		m->obj->type = VMA_OWNER_RAM_FIXED;
	if (t->value == VO_UNCACHED)
		m->obj->sync = VMA_OWNER_SYNC_NEVER;
	m->off = t->value == VO_ORDINARY ? 0 : PAGE_SIZE;
	m->len = t->value == VO_PART ? 2 * VO_LINE : PAGE_SIZE;
	addr = t->value == VO_ORDINARY ? vo_anon(vo, 1) : vo_map(m->obj);
	KUNIT_ASSERT_EQ(test, 0, vo_pin(m->imp, addr + m->off, m->len));
	m->pages = t->value == VO_ORDINARY ? m->imp->pin.pages : m->obj->pages;
	if (t->value == VO_ORDINARY)
		vo_dma_watch(test, m->pages[0]);
	else
		vo_dma_watch_all(test, m->pages);
}

static void vo_mem_map(struct vo_mem *m, enum dma_data_direction dir)
{
	KUNIT_ASSERT_FALSE(m->imp->vo->test,
			   IS_ERR(vo_map_dma(&m->imp->pin, m->imp->dev, dir)));
}

/* Only pages and a table of the exporter's are handed over as they are mapped */
static void vo_mem_end(struct vo_mem *m)
{
	struct kunit *test = m->imp->vo->test;

	vma_unpin(&m->imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.lost, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.read_only, 0);
	/* The exporter is not asked, whoever else is attached */
	KUNIT_EXPECT_EQ(test, vo_n(m->obj, begin_cpu), 0);
	KUNIT_EXPECT_EQ(test, vo_n(m->obj, end_cpu), 0);
}

static void c14_each_hand_over_happens_once(struct kunit *test)
{
	struct vo_mem m;
	struct vma_pin *pin;
	unsigned int to_device, to_cpu, i;
	phys_addr_t at;

	vo_mem(test, &m);
	pin = &m.imp->pin;
	vo_mem_map(&m, DMA_FROM_DEVICE);
	/* By the exporter, as it maps; the core hands nothing over */
	KUNIT_EXPECT_EQ(test, vo_dma.to_device,
			vo_n(m.obj, map) && m.synced ? VO_PAGES : 0);
	to_cpu = vo_dma.to_cpu;
	KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_dma.to_cpu, to_cpu);
	for (i = 0; i < 3; i++) {
		to_device = vo_dma.to_device;
		to_cpu = vo_dma.to_cpu;
		KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
		KUNIT_EXPECT_EQ(test, vo_is_device(m.pages[m.off >> PAGE_SHIFT]),
				m.synced);
		KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
		KUNIT_EXPECT_EQ(test, vo_dma.to_device - to_device, m.synced);
		KUNIT_EXPECT_EQ(test, vo_dma.to_cpu, to_cpu);

		to_device = vo_dma.to_device;
		KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
		at = page_to_phys(m.pages[m.off >> PAGE_SHIFT]);
		spin_lock(&vo_dma.lock);
		KUNIT_EXPECT_FALSE(test, vo_dma_owns(at, m.len));
		spin_unlock(&vo_dma.lock);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
		KUNIT_EXPECT_EQ(test, vo_dma.to_cpu - to_cpu, m.synced);
		KUNIT_EXPECT_EQ(test, vo_dma.to_device, to_device);
	}
	vo_mem_end(&m);
}

/* Mapping hands nothing over: what is written before the hand-over is seen */
static void c14_written_between_map_and_hand_over(struct kunit *test)
{
	struct vo_mem m;

	vo_mem(test, &m);
	vo_mem_map(&m, DMA_TO_DEVICE);
	vo_cpu_write(m.pages, m.off, m.len, 0x11);
	KUNIT_EXPECT_EQ(test, vo_for_device(&m.imp->pin), 0);
	KUNIT_EXPECT_EQ(test, vo_dev_reads(m.pages, m.off, m.len, 0x11),
			m.synced);
	vo_mem_end(&m);
}

/* What is the CPU's is not synced once more: it wrote there, and beside it */
static void c14_unmap_keeps_what_the_cpu_wrote(struct kunit *test)
{
	struct vo_mem m;
	struct vma_pin *pin;
	size_t i, size;

	vo_mem(test, &m);
	pin = &m.imp->pin;
	size = m.off ? VO_SIZE : PAGE_SIZE;
	for (i = 1; i < 3; i++) {
		vo_mem_map(&m, DMA_FROM_DEVICE);
		KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
		vo_dev_write(m.pages, m.off, m.len, 0x22);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
		KUNIT_EXPECT_EQ(test, vo_cpu_reads(m.pages, m.off, m.len, 0x22),
				m.synced);
		vo_cpu_write(m.pages, 0, size, i);
		vo_unmap_dma(pin);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(m.pages, 0, size, i));
	}
	vo_mem_end(&m);
}

static void c14_unmap_takes_back_what_the_device_has(struct kunit *test)
{
	struct vo_mem m;
	struct vma_pin *pin;
	struct page *page;
	unsigned int to_cpu;

	vo_mem(test, &m);
	pin = &m.imp->pin;
	vo_cpu_write(m.pages, 0, m.off, 0x33);
	vo_mem_map(&m, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	vo_dev_write(m.pages, m.off, m.len, 0x44);
	vo_cpu_write(m.pages, 0, m.off, 0x55);
	to_cpu = vo_dma.to_cpu;
	vo_unmap_dma(pin);
	KUNIT_EXPECT_EQ(test, vo_dma.to_cpu > to_cpu, m.synced);
	KUNIT_EXPECT_EQ(test, vo_cpu_reads(m.pages, m.off, m.len, 0x44),
			m.synced);
	KUNIT_EXPECT_TRUE(test, vo_cpu_reads(m.pages, 0, m.off, 0x55));
	/* A new mapping is the CPU's, whosever the last one was */
	vo_mem_map(&m, DMA_FROM_DEVICE);
	vo_cpu_write(m.pages, m.off, m.len, 0x66);
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_dev_reads(m.pages, m.off, m.len, 0x66),
			m.synced);
	page = m.pages[m.off >> PAGE_SHIFT];
	vo_mem_end(&m);
	KUNIT_EXPECT_FALSE(test, vo_is_device(page));
}

/* A device that only reads wrote nothing, and what the CPU wrote since is kept */
static void c14_what_is_only_read_is_not_taken_back(struct kunit *test)
{
	struct vo_mem m;
	struct vma_pin *pin;
	unsigned int to_cpu, i;

	vo_mem(test, &m);
	pin = &m.imp->pin;
	vo_mem_map(&m, DMA_TO_DEVICE);
	for (i = 1; i < 3; i++) {
		vo_cpu_write(m.pages, m.off, m.len, i);
		KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
		KUNIT_EXPECT_EQ(test, vo_dev_reads(m.pages, m.off, m.len, i),
				m.synced);
		to_cpu = vo_dma.to_cpu;
		KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
		KUNIT_EXPECT_EQ(test, vo_dma.to_cpu, to_cpu);
	}
	vo_unmap_dma(pin);
	KUNIT_EXPECT_TRUE(test, vo_cpu_reads(m.pages, m.off, m.len, 2));
	vo_mem_end(&m);
}

/*
 * Calls that maintain caches, for ordinary memory in videobuf2. Its stock memops
 * map with DMA_ATTR_SKIP_CPU_SYNC, sync once for the device in prepare, once for
 * the CPU in finish save for output queues (init_buffer_cache_hints()), and unmap
 * with DMA_ATTR_SKIP_CPU_SYNC; so do dma-contig and dma-sg alike.
 */
struct vo_cost {
	const char		*name;
	bool			contiguous;
	enum dma_data_direction	dir;
	unsigned int		qbuf, dqbuf, release;	/* stock's */
};

static const struct vo_cost vo_costs[] = {
	{ "dma-contig captures", true, DMA_FROM_DEVICE, 1, 1, 0 },
	{ "dma-contig plays", true, DMA_TO_DEVICE, 1, 0, 0 },
	{ "dma-contig, both ways", true, DMA_BIDIRECTIONAL, 1, 1, 0 },
	{ "dma-sg captures", false, DMA_FROM_DEVICE, 1, 1, 0 },
	{ "dma-sg plays", false, DMA_TO_DEVICE, 1, 0, 0 },
	{ "dma-sg, both ways", false, DMA_BIDIRECTIONAL, 1, 1, 0 },
};

KUNIT_ARRAY_PARAM_DESC(vo_cost, vo_costs, name);

/* What has been called since the last look */
static unsigned int vo_dma_calls(void)
{
	unsigned int n = vo_dma.calls;

	vo_dma.calls = 0;
	return n;
}

static void vo_expect_cost(struct kunit *test, const char *what,
			   unsigned int stock)
{
	const struct vo_cost *t = test->param_value;
	unsigned int ours = vo_dma_calls();

	KUNIT_EXPECT_LE_MSG(test, ours, stock, "%s", what);
	/* Not into the log of the case, which is short in old kernels */
	pr_info("cache maintenance: %s, %s: stock %u, ours %u\n", t->name, what,
		stock, ours);
}

static void c14_no_dearer_than_stock(struct kunit *test)
{
	const struct vo_cost *t = test->param_value;
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, VO_PAGES);
	struct vma_pin *pin = &imp->pin;

	vo_dma_start();
	imp->client.contiguous = t->contiguous;
	KUNIT_ASSERT_EQ(test, 0,
			vo_pin_flags(imp, addr, VO_SIZE, t->dir == DMA_TO_DEVICE ?
							 0 : VMA_PIN_WRITE));
	vo_dma_watch(test, pin->pages[0]);
	/* get_userptr and prepare */
	KUNIT_ASSERT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev, t->dir)));
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	KUNIT_EXPECT_TRUE(test, vo_is_device(pin->pages[0]));
	vo_expect_cost(test, "QBUF of a new address", t->qbuf);
	/* finish */
	KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_is_device(pin->pages[0]),
			t->dir == DMA_TO_DEVICE);
	vo_expect_cost(test, "DQBUF", t->dqbuf);
	/* prepare alone: also what is only read has to be handed over again */
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_dma.calls, 1);
	vo_expect_cost(test, "QBUF of the same address", t->qbuf);
	KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
	vo_expect_cost(test, "DQBUF again", t->dqbuf);
	/* put_userptr */
	vma_unpin(pin);
	vo_expect_cost(test, "release", t->release);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.lost, 0);
}

static void c14_extents_left_mapped_by_a_failure(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	vo_dma_start();
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	vo_dma.fail_at = 2;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(pin, imp->dev,
						 DMA_TO_DEVICE)), -EIO);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(pin);
}

struct vo_boundary {
	const char	*name;
	bool		iommu;		/* all in one range */
	bool		contiguous;	/* the importer wants no limit */
	unsigned int	max_seg;
	unsigned int	boundary;
	unsigned int	at;		/* the device sees the first byte there */
	unsigned int	nents;
};

/* The extents are a page each, and are no longer than the pin */
static const struct vo_boundary vo_boundaries[] = {
	{ "none in the way", false, false, VO_SIZE, VO_SIZE, 0, VO_PAGES },
	{ "in each", false, false, VO_SIZE, PAGE_SIZE / 2, 0, 2 * VO_PAGES },
	{ "elsewhere", false, false, VO_SIZE, PAGE_SIZE / 2, PAGE_SIZE / 8,
	  3 * VO_PAGES },
	{ "and a limit", false, false, PAGE_SIZE / 8 * 3, PAGE_SIZE / 2, 0,
	  4 * VO_PAGES },
	{ "and no limit", false, true, PAGE_SIZE / 8 * 3, PAGE_SIZE / 2, 0,
	  2 * VO_PAGES },
	{ "range: none in the way", true, false, VO_SIZE, VO_SIZE, 0, VO_PAGES },
	{ "range: in each", true, false, VO_SIZE, PAGE_SIZE / 2, 0,
	  2 * VO_PAGES },
	{ "range: and a limit", true, false, PAGE_SIZE / 8 * 3, PAGE_SIZE / 2, 0,
	  4 * VO_PAGES },
	{ "range: and no limit", true, true, PAGE_SIZE / 8 * 3, PAGE_SIZE / 2, 0,
	  2 * VO_PAGES },
};

KUNIT_ARRAY_PARAM_DESC(vo_boundary, vo_boundaries, name);

static struct vo_imp *vo_imp_boundary(struct kunit *test, struct vo_obj *obj)
{
	const struct vo_boundary *t = test->param_value;
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);

	vo_dma_start();
	vo_dma.boundary = t->boundary - 1;
	vo_dma.max_seg_size = t->max_seg;
	vo_dma.shift = t->at;
	vo_dma.iova = t->iommu ? 4 * VO_SIZE : 0;
	vo_dma.coherent = t->iommu;
	imp->client.contiguous = t->contiguous;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	return imp;
}

/* No segment crosses a boundary of the device, and no byte is lost by that */
static void c6_extents_cut_at_boundaries(struct kunit *test)
{
	const struct vo_boundary *t = test->param_value;
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_boundary(test, obj);
	struct scatterlist *sg;
	struct sg_table *sgt;
	dma_addr_t addr;
	size_t at = 0;
	int i;

	sgt = vo_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, sgt->nents, t->nents);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		addr = t->iommu ? vo_dma.iova + at : vo_dma.shift +
		       page_to_phys(obj->pages[at >> PAGE_SHIFT]) +
		       offset_in_page(at);
		KUNIT_EXPECT_EQ(test, sg_dma_address(sg), addr);
		KUNIT_EXPECT_LE(test, (addr & (t->boundary - 1)) +
				      sg_dma_len(sg), t->boundary);
		if (!t->contiguous)
			KUNIT_EXPECT_LE(test, sg_dma_len(sg), t->max_seg);
		KUNIT_EXPECT_EQ(test, !!sg_is_last(sg), i == sgt->nents - 1);
		at += sg_dma_len(sg);
	}
	KUNIT_EXPECT_EQ(test, at, VO_SIZE);
	KUNIT_EXPECT_EQ(test, vo_dma.ranges, t->iommu);
	KUNIT_EXPECT_EQ(test, vo_dma.linked, t->iommu ? VO_SIZE : 0);
	KUNIT_EXPECT_EQ(test, vo_dma.live, t->iommu ? 0 : t->nents);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.ranges, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.linked, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

/* Whatever fails in between, nothing stays mapped */
static void c6_cut_extents_mapped_by_halves(struct kunit *test)
{
	const struct vo_boundary *t = test->param_value;
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_boundary(test, obj);
	unsigned int nth = 0;
	struct sg_table *sgt;

	do {
		vo_dma.fail_at = ++nth;
		sgt = vo_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE);
		if (!IS_ERR(sgt))
			break;
		KUNIT_EXPECT_EQ(test, PTR_ERR(sgt), t->iommu ? -ENOMEM : -EIO);
		KUNIT_EXPECT_EQ(test, vo_dma.ranges, 0);
		KUNIT_EXPECT_EQ(test, vo_dma.linked, 0);
		KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	} while (nth < 100);
	KUNIT_EXPECT_GT(test, nth, VO_PAGES);
	KUNIT_EXPECT_LT(test, nth, 100);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.ranges, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

/* One address for all of it, if that is all the device takes */
static void c14_contiguous_is_not_cut(struct kunit *test)
{
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned int order = get_order(VO_SIZE), i;
	struct vma_pin *pin = &imp->pin;
	struct page *page, *pages[VO_PAGES];

	vo_dma_start();
	/* Ordinary memory, but for sure in one piece */
	page = alloc_pages(GFP_KERNEL, order);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, 0, vo_pin(imp, vo_anon(test->priv, VO_PAGES),
					VO_SIZE));
	for (i = 0; i < VO_PAGES; i++) {
		pages[i] = pin->pages[i];
		pin->pages[i] = page + i;
	}
	vo_dma.max_seg_size = PAGE_SIZE;
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev,
						   DMA_TO_DEVICE)));
	KUNIT_EXPECT_EQ(test, vo_dma.longest, PAGE_SIZE);
	vo_unmap_dma(pin);
	imp->client.contiguous = true;
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev,
						   DMA_TO_DEVICE)));
	KUNIT_EXPECT_EQ(test, vo_dma.longest, VO_SIZE);
	vo_unmap_dma(pin);
	for (i = 0; i < VO_PAGES; i++)
		pin->pages[i] = pages[i];
	vma_unpin(pin);
	__free_pages(page, order);
}

/* Memory that an exporter has mapped for an importer, which does what @dir says */
struct vo_importer {
	struct vo_obj		*obj;
	struct device		*dev;
	enum dma_data_direction	dir;
	struct sg_table		sgt;
};

static void vo_importer_map(struct kunit *test, struct vo_importer *m,
			    struct dma_buf_sync_list *list)
{
	m->obj = vo_obj(test->priv);
	vo_dma_watch(test, m->obj->pages[0]);
	vo_dma_watch(test, m->obj->pages[VO_PAGES - 1]);
	KUNIT_ASSERT_EQ(test, 0,
			sg_alloc_table_from_pages(&m->sgt, m->obj->pages,
						  VO_PAGES, 0, VO_SIZE,
						  GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, vo_dma_map_sgt(m->dev, &m->sgt, m->dir, 0), 0);
	KUNIT_EXPECT_EQ(test, vo_sync_add(list, m->dev, &m->sgt, m->dir), 0);
}

static void vo_importer_unmap(struct vo_importer *m,
			      struct dma_buf_sync_list *list)
{
	vo_sync_del(list, &m->sgt);
	vo_dma_unmap_sgt(m->dev, &m->sgt, m->dir, 0);
	sg_free_table(&m->sgt);
}

static bool vo_importer_has(struct vo_importer *m)
{
	return vo_is_device(m->obj->pages[0]) &&
	       vo_is_device(m->obj->pages[VO_PAGES - 1]);
}

static void c14_exporter_syncs_its_importers(struct kunit *test)
{
	struct device *dev = vo_imp_dev(test->priv, VO_STATIC)->dev;
	struct vo_importer r = { .dev = dev, .dir = DMA_TO_DEVICE };
	struct vo_importer w = { .dev = dev, .dir = DMA_FROM_DEVICE };
	struct vo_importer both = { .dev = dev, .dir = DMA_BIDIRECTIONAL };
	struct dma_buf_sync_list list;

	vo_dma_start();
	vo_sync_init(&list);
	vo_importer_map(test, &r, &list);
	vo_importer_map(test, &w, &list);
	vo_importer_map(test, &both, &list);

	/* What only reads has written nothing, and may have an old copy */
	vo_sync_for_cpu(&list, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_TRUE(test, vo_importer_has(&r));
	KUNIT_EXPECT_FALSE(test, vo_importer_has(&w));
	KUNIT_EXPECT_FALSE(test, vo_importer_has(&both));
	KUNIT_EXPECT_EQ(test, vo_dma_calls(), 3 + 2);
	/* And is to have a new one */
	vo_sync_for_device(&list, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_TRUE(test, vo_importer_has(&w));
	KUNIT_EXPECT_TRUE(test, vo_importer_has(&both));
	KUNIT_EXPECT_EQ(test, vo_dma_calls(), 3);

	/* Who has gone is left alone */
	vo_importer_unmap(&w, &list);
	vo_dma_calls();
	vo_sync_for_cpu(&list, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_FALSE(test, vo_importer_has(&both));
	KUNIT_EXPECT_EQ(test, vo_dma_calls(), 1);
	vo_importer_unmap(&both, &list);
	vo_importer_unmap(&r, &list);
	KUNIT_EXPECT_TRUE(test, list_empty(&list.tables));
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

/* Nobody has said how it is synced, and the device needs that */
static void c15_unknown_owner_refused(struct kunit *test)
{
	struct vo_obj *a = vo_obj_dmabuf(test->priv);
	struct vo_obj *b = vo_obj_dmabuf(test->priv);
	struct vo_imp *x = vo_pinned_dev(a, VO_STATIC);
	struct vo_imp *y = vo_pinned(b, VO_STATIC);

	vo_dma_start();
	y->dev = x->dev;
	a->shadow = true;
	a->sync = VMA_OWNER_SYNC_UNKNOWN;
	b->shadow = true;
	b->ops.sync = NULL;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(&x->pin, x->dev,
						 DMA_TO_DEVICE)), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(&y->pin, y->dev,
						 DMA_TO_DEVICE)), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vo_n(a, map) + vo_n(b, map), 2);
	KUNIT_EXPECT_NULL(test, vma_pin_dma_table(&x->pin));
	/* A device that needs none may have it */
	vo_dma.coherent = true;
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(&x->pin, x->dev,
						   DMA_TO_DEVICE)));
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(&y->pin, y->dev,
						   DMA_TO_DEVICE)));
	KUNIT_EXPECT_EQ(test, vo_for_cpu(&x->pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(a, begin_cpu), 0);
	vma_unpin(&x->pin);
	vma_unpin(&y->pin);
	KUNIT_EXPECT_EQ(test, vo_n(a, map) + vo_n(b, map),
			vo_n(a, unmap) + vo_n(b, unmap));
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

static void vo_map_for_device(struct vo_imp *imp)
{
	KUNIT_EXPECT_FALSE(imp->vo->test,
			   IS_ERR(vo_map_dma(&imp->pin, imp->dev,
					     DMA_FROM_DEVICE)));
	KUNIT_EXPECT_EQ(imp->vo->test, vo_for_device(&imp->pin), 0);
}

struct vo_bounce {
	const char	*name;
	size_t		off;
	size_t		len;
	int		ret;
};

static const struct vo_bounce vo_bounces[] = {
	{ "all", 0, VO_SIZE, 0 },
	{ "all but the first bytes", 100, VO_SIZE - 100, 0 },
	{ "all but the last byte", 0, VO_SIZE - 1, 0 },
	{ "all but the first page", PAGE_SIZE, VO_SIZE - PAGE_SIZE, -EOPNOTSUPP },
	{ "all but the last page", 0, VO_SIZE - PAGE_SIZE, -EOPNOTSUPP },
	{ "some bytes", PAGE_SIZE + 8, 16, -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(vo_bounce, vo_bounces, name);

/* The exporter's unmap would bring back what is in the bounce buffer beside it */
static void c15_part_is_not_bounced(struct kunit *test)
{
	const struct vo_bounce *t = test->param_value;
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	struct vma_pin *pin = &imp->pin;
	struct sg_table *sgt;

	vo_dma_start();
	vo_dma_watch_all(test, obj->pages);
	obj->shadow = true;
	vo_dma.coherent = true;
	vo_dma.bounces = true;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + t->off, t->len), 0);
	sgt = vo_map_dma(pin, imp->dev, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(sgt), t->ret);
	if (!t->ret) {
		vo_cpu_write(obj->pages, t->off, t->len, 1);
		KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_dev_reads(obj->pages, t->off, t->len,
						     1));
		vo_dev_write(obj->pages, t->off, t->len, 2);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(obj->pages, t->off, t->len,
						     2));
		vo_cpu_write(obj->pages, t->off, t->len, 3);
		vo_unmap_dma(pin);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(obj->pages, t->off, t->len,
						     3));
		vo_map_for_device(imp);
		vo_dev_write(obj->pages, t->off, t->len, 4);
		vo_unmap_dma(pin);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(obj->pages, t->off, t->len,
						     4));
	}
	/* Of a device that is not coherent a part will do */
	vo_dma.coherent = false;
	vo_dma.bounces = false;
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev,
						   DMA_FROM_DEVICE)));
	vma_unpin(pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, map), vo_n(obj, unmap));
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

/* A bounce buffer behind an IOMMU holds the edges of a mapping, and no more */
static void c15_part_behind_an_iommu(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);

	vo_dma_start();
	vo_dma.iova = 4 * VO_SIZE;
	vo_dma.coherent = true;
	vo_dma.bounces = true;
	obj->shadow = true;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + 8, PAGE_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(&imp->pin, imp->dev,
						   DMA_FROM_DEVICE)));
	vma_unpin(&imp->pin);
}

static const struct vo_param vo_same[] = {
	{ "a dma-buf for each", false }, { "one dma-buf", true },
};

KUNIT_ARRAY_PARAM_DESC(vo_same, vo_same, name);

/* Two planes in one dma-buf, which meet within a page */
static void vo_pin_planes(struct kunit *test, struct vo_obj **obj,
			  struct vo_imp *imp[2], size_t len)
{
	const struct vo_param *t = test->param_value;
	unsigned long addr;

	vo_dma_start();
	imp[0] = vo_imp_dev(test->priv, VO_STATIC);
	imp[1] = vo_imp(test->priv, VO_STATIC);
	imp[1]->dev = imp[0]->dev;
	if (t->value) {
		*obj = vo_obj_generic(test->priv);
		(*obj)->vm_ops = &vo_vm_ops_cached;
		addr = vo_area(test->priv, VO_PAGES);
		vo_mmap_at(test->priv, (*obj)->dmabuf->file, addr, 0, VO_PAGES,
			   PROT_READ | PROT_WRITE, MAP_SHARED);
		dma_buf_put((*obj)->dmabuf);
	} else {
		*obj = vo_obj_dmabuf(test->priv);
		addr = vo_map(*obj);
	}
	(*obj)->shadow = true;
	vo_dma_watch_all(test, (*obj)->pages);
	KUNIT_ASSERT_EQ(test, vo_pin(imp[0], addr, len), 0);
	KUNIT_ASSERT_EQ(test, vo_pin(imp[1], addr + len, VO_SIZE - len), 0);
}

/* Neither plane loses anything by what happens to the other */
static void c14_two_parts_of_one_dmabuf(struct kunit *test)
{
	size_t at = PAGE_SIZE + PAGE_SIZE / 2, len = VO_SIZE - at;
	struct vo_imp *imp[2];
	struct page **pages;
	struct vo_obj *obj;
	u8 v;

	vo_pin_planes(test, &obj, imp, at);
	pages = obj->pages;
	for (v = 0x10; v < 0x40; v += 0x10) {
		vo_map_for_device(imp[0]);
		vo_map_for_device(imp[1]);
		vo_dev_write(pages, 0, at, v);
		vo_dev_write(pages, at, len, v + 1);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(&imp[0]->pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(pages, 0, at, v));
		/* User space writes the one, and the other one is unmapped */
		vo_cpu_write(pages, 0, at, v + 2);
		vo_unmap_dma(&imp[1]->pin);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(pages, at, len, v + 1));
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(pages, 0, at, v + 2));
		/* Both are queued again */
		vo_map_for_device(imp[1]);
		vo_dev_write(pages, at, len, v + 3);
		KUNIT_EXPECT_EQ(test, vo_for_device(&imp[0]->pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_dev_reads(pages, 0, at, v + 2));
		vo_dev_write(pages, 0, at, v + 4);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(&imp[1]->pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(pages, at, len, v + 3));
		vo_cpu_write(pages, at, len, v + 5);
		vo_unmap_dma(&imp[0]->pin);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(pages, 0, at, v + 4));
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(pages, at, len, v + 5));
		vo_unmap_dma(&imp[1]->pin);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(pages, at, len, v + 5));
	}
	vma_unpin(&imp[0]->pin);
	vma_unpin(&imp[1]->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 0);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

static const struct vo_param vo_synced_memories[] = {
	{ "ordinary", VO_ORDINARY }, { "RAM", VO_RAM },
	{ "dma-buf", VO_DMABUF }, { "part of a dma-buf", VO_PART },
};

KUNIT_ARRAY_PARAM_DESC(vo_synced_memory, vo_synced_memories, name);

static void c14_same_address_in_two_pins(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	struct vo_mem m;
	u8 v;

	vo_mem(test, &m);
	imp->dev = m.imp->dev;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, m.imp->pin.start, m.imp->pin.len), 0);
	for (v = 1; v < 9; v += 3) {
		vo_map_for_device(m.imp);
		vo_dev_write(m.pages, m.off, m.len, v);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(&m.imp->pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(m.pages, m.off, m.len, v));
		vo_map_for_device(imp);
		vo_dev_write(m.pages, m.off, m.len, v + 1);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(&imp->pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(m.pages, m.off, m.len,
						     v + 1));
		vo_cpu_write(m.pages, m.off, m.len, v + 2);
		vo_unmap_dma(&m.imp->pin);
		vo_unmap_dma(&imp->pin);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(m.pages, m.off, m.len,
						     v + 2));
	}
	vma_unpin(&imp->pin);
	vo_mem_end(&m);
}

static const struct vo_param vo_dmabufs[] = {
	{ "dma-buf", VO_DMABUF }, { "part of a dma-buf", VO_PART },
	{ "uncached dma-buf", VO_UNCACHED },
};

KUNIT_ARRAY_PARAM_DESC(vo_dmabuf, vo_dmabufs, name);

/* Neither a coherent device nor memory that is not cached */
static void c15_nothing_synced_without_need(struct kunit *test)
{
	unsigned int to_device, to_cpu;
	struct vo_mem m;
	bool dma;

	vo_mem(test, &m);
	dma = m.obj->sync == VMA_OWNER_SYNC_DMA;
	vo_dma.coherent = dma;
	vo_mem_map(&m, DMA_FROM_DEVICE);
	to_device = vo_dma.to_device;
	to_cpu = vo_dma.to_cpu;
	KUNIT_EXPECT_EQ(test, vo_for_device(&m.imp->pin), 0);
	KUNIT_EXPECT_EQ(test, vo_for_cpu(&m.imp->pin), 0);
	KUNIT_EXPECT_EQ(test, vo_dma.to_cpu, to_cpu);
	vo_unmap_dma(&m.imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.to_device, to_device);
	vo_mem_end(&m);
	/* What the exporter's unmap does is its own business, and when */
	KUNIT_EXPECT_EQ(test, vo_dma.to_cpu - to_cpu, dma ? VO_PAGES : 0);
}

/* Before the exporter's unmap, and once; not where the device wrote nothing */
static void c14_unmap_hands_over_the_whole_table(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned int to_device;

	vo_dma_start();
	vo_dma_watch_all(test, obj->pages);
	obj->shadow = true;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + 8, 8), 0);
	vo_map_dma(&imp->pin, imp->dev, DMA_FROM_DEVICE);
	to_device = vo_dma.to_device;
	vo_cpu_write(obj->pages, 0, VO_SIZE, 7);
	vo_unmap_dma(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.to_device - to_device, VO_PAGES);
	KUNIT_EXPECT_TRUE(test, vo_cpu_reads(obj->pages, 0, VO_SIZE, 7));
	vo_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE);
	to_device = vo_dma.to_device;
	vo_unmap_dma(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.to_device, to_device);
	vma_unpin(&imp->pin);
}

/* The device has all of it, or nothing */
static void vo_dma_give_all(bool to_device)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(vo_dma.pages); i++)
		vo_dma.pages[i].device = to_device ? ~0ULL : 0;
}

/* The lines of [off, off + len) are the device's and no others, or all but these */
static void vo_expect_lines(struct kunit *test, struct page **pages, size_t off,
			    size_t len, bool inside)
{
	size_t at;

	for (at = 0; at < VO_SIZE; at += VO_LINE) {
		phys_addr_t phys = page_to_phys(pages[at >> PAGE_SHIFT]) +
				   offset_in_page(at);
		bool in = at + VO_LINE > off && at < off + len;

		KUNIT_EXPECT_EQ_MSG(test, vo_dma_owns(phys, 1), in == inside,
				    "line at %zu", at);
	}
}

static const struct vo_param vo_granules[] = {
	{ "no IOMMU", false }, { "behind an IOMMU", true },
};

KUNIT_ARRAY_PARAM_DESC(vo_granule, vo_granules, name);

/* Scattered memory: all of the range is synced, and nothing beside it */
static void c14_each_granule_of_the_range(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	size_t off = PAGE_SIZE - 3 * VO_LINE, len = 2 * PAGE_SIZE + VO_LINE;
	struct vma_pin *pin = &imp->pin;
	int i, j;

	/* No page follows the one before it */
	for (i = 0; i < VO_PAGES; i++)
		for (j = i + 1; j < VO_PAGES; j++)
			if (page_to_pfn(obj->pages[i]) <
			    page_to_pfn(obj->pages[j]))
				swap(obj->pages[i], obj->pages[j]);
	vo_dma_start();
	vo_dma_watch_all(test, obj->pages);
	vo_dma.iova = t->value ? 4 * VO_SIZE : 0;
	obj->shadow = true;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + off, len), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev,
						   DMA_FROM_DEVICE)));
	vo_dma_give_all(false);
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	vo_expect_lines(test, obj->pages, off, len, true);
	vo_dma_give_all(true);
	KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
	vo_expect_lines(test, obj->pages, off, len, false);
	vma_unpin(pin);
	vo_expect_lines(test, obj->pages, 0, 0, true);
}

#else

/* Stands for all of them, so that a report tells that they are not there */
static void c14_cases_of_the_shadow(struct kunit *test)
{
	kunit_skip(test, "19 cases include vma-pin.c, which needs the kernel itself");
}

#endif /* MODULE */

struct vo_dir {
	const char		*name;
	enum dma_data_direction	dir;	/* of the device */
	enum dma_data_direction	buf;	/* of the dma-buf */
};

static const struct vo_dir vo_dirs[] = {
	{ "to device", DMA_TO_DEVICE, DMA_TO_DEVICE },
	{ "both ways", DMA_BIDIRECTIONAL, DMA_BIDIRECTIONAL },
	/* The exporter must not undo what the CPU writes beside the range */
	{ "from device", DMA_FROM_DEVICE, DMA_BIDIRECTIONAL },
};

KUNIT_ARRAY_PARAM_DESC(vo_dir, vo_dirs, name);

static const struct vo_param vo_syncs[] = {
	{ "by the DMA API", VMA_OWNER_SYNC_DMA },
	{ "never", VMA_OWNER_SYNC_NEVER },
};

KUNIT_ARRAY_PARAM_DESC(vo_sync, vo_syncs, name);

static void vo_expect_dir(struct vo_obj *obj, enum dma_data_direction dir)
{
	KUNIT_EXPECT_EQ(obj->vo->test, obj->begin_dir, dir);
	KUNIT_EXPECT_EQ(obj->vo->test, obj->end_dir, dir);
	obj->begin_dir = DMA_NONE;
	obj->end_dir = DMA_NONE;
}

static void c14_direction_is_that_of_the_mapping(struct kunit *test)
{
	const struct vo_dir *t = test->param_value;
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);
	struct vma_pin *pin = &imp->pin;

	vma_pin_map_dma_unlocked(pin, imp->dev, t->dir);
	KUNIT_EXPECT_EQ(test, obj->sgt_dir, t->buf);
	vma_pin_unmap_dma_unlocked(pin);
	vma_pin_map_dma_unlocked(pin, imp->dev, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, obj->sgt_dir, DMA_TO_DEVICE);
	vma_unpin(pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 0);
}

static struct vo_obj *vo_obj_unknown(struct vo *vo)
{
	struct vo_obj *obj = vo_obj_dmabuf(vo);

	obj->sync = VMA_OWNER_SYNC_UNKNOWN;
	return obj;
}

/* In the direction of the mapping for the kernel, whatever the device's is */
static void c14_direction_is_that_of_the_kernel_mapping(struct kunit *test)
{
	const struct vo_dir *t = test->param_value;
	struct vo_obj *obj = vo_obj_unknown(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;
	int i;

	vma_pin_map_dma_unlocked(pin, imp->dev, DMA_BIDIRECTIONAL);
	for (i = 1; i < 3; i++) {
		KUNIT_EXPECT_FALSE(test,
				   IS_ERR(vma_pin_vmap_unlocked(pin, t->dir)));
		KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
		KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
		vo_expect_dir(obj, t->dir);
		KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), i);
		KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), i);
		vma_pin_vunmap_unlocked(pin);
	}
	vma_unpin(pin);
}

/* Only who says nothing of syncs is asked for them */
static void c14_kernel_mapping_of_a_known_owner(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	obj->sync = t->value;
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vo_kmap(pin));
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	vma_unpin(pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 0);
}

/* What the kernel alone accesses: begun when it says so, and no sooner */
static void c14_kernel_mapping_alone(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_unknown(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_FALSE(test, IS_ERR(vma_pin_vmap_unlocked(pin, DMA_TO_DEVICE)));
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	vo_expect_dir(obj, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	vma_unpin(pin);
	vo_expect_dir(obj, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 2);
}

static void c14_kernel_mapping_must_fit_the_pin(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_EQ(test, vo_pin_flags(imp, vo_map(obj), VO_SIZE, 0), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_vmap_unlocked(pin, DMA_TO_DEVICE)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_vmap_unlocked(pin, DMA_NONE)), -EINVAL);
	KUNIT_EXPECT_FALSE(test, IS_ERR(vma_pin_vmap_unlocked(pin, DMA_FROM_DEVICE)));
	vma_unpin(pin);
}

/* No end without a begin; and the next call tries again */
static void c14_begin_fails(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_unknown(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vo_kmap(pin));
	obj->begin_err = -EINTR;
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), -EINTR);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), -EINTR);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 0);
	obj->begin_err = 0;
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 1);
	obj->begin_err = -EINTR;
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), -EINTR);
	vma_unpin(pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 1);
}

/* The access has ended nonetheless, and ends once */
static void c14_end_fails(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_unknown(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vo_kmap(pin));
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	obj->end_err = -EIO;
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), -EIO);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 1);
	obj->end_err = 0;
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 2);
	vma_unpin(pin);
}

/* A move takes the device's mapping away; the CPU's access goes on, and ends */
static void c14_move_while_begun(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_unknown(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vo_kmap(pin));
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	vo_move(obj, 0);
	KUNIT_EXPECT_NULL(test, vma_pin_dma_table(pin));
	KUNIT_EXPECT_NOT_NULL(test, vma_pin_vaddr(pin));
	KUNIT_EXPECT_EQ(test, vo_n(obj, vunmap), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 1);
	vma_unpin(pin);
}

/* Syncs and unmapping wait for nobody, and so nobody can keep a process alive */
static void c14_fences_not_waited_for(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_unknown(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct vo_signal *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_NOT_NULL(test, s);
	vma_pin_map_dma_unlocked(pin, imp->dev, DMA_FROM_DEVICE);
	vo_kmap(pin);
	vo_signal_later(obj, s, DMA_RESV_USAGE_KERNEL, VO_LONG);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	vma_unpin(pin);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(s->fence));
	vo_signal_end(s);
}

/* ------------------------------------------------------------------------- */
/* 15. Who cannot sync is not mapped                                         */

static void c15_nothing_to_sync(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_unknown(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	obj->ops.get_dmabuf = vo_get_dmabuf_no_vmap;
	vo_expect_dma(imp, vma_pin_map_dma_unlocked(pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, 0, VO_SIZE);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	vma_unpin(pin);
}

/* ------------------------------------------------------------------------- */
/* 16. A cache asks again                                                    */

static void c16_still_there(struct kunit *test)
{
	struct vo_obj *a = vo_obj(test->priv), *b = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);
	struct vma_pin *pin = &imp->pin;

	vo_map_at(a, addr, 1, 2);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr + 100, PAGE_SIZE + 8), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(pin));
	vo_unmap(test->priv, addr, 2);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(pin));
	vo_map_at(a, addr, 0, 2);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(pin));
	vo_map_at(b, addr, 1, 2);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(pin));
	vo_map_at(a, addr, 1, 1);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(pin));
	vo_anon_at(test->priv, addr, 2, PROT_READ | PROT_WRITE);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(pin));
	/* In two pieces, and not to be written any more */
	vo_map_at(a, addr, 1, 1);
	vo_mmap_at(test->priv, a->file, addr + PAGE_SIZE, 2, 1, PROT_READ,
		   MAP_SHARED);
	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(pin));
	KUNIT_EXPECT_EQ(test, vo_held(a), 1);
	KUNIT_EXPECT_EQ(test, vo_held(b), 0);
	vma_unpin(pin);
}

static void c16_ordinary_memory_still_there(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 2);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(pin));
	vo_unmap(test->priv, addr, 2);
	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(pin));
	vo_anon_at(test->priv, addr, 2, PROT_READ | PROT_WRITE);
	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(pin));
	vo_map_at(obj, addr + PAGE_SIZE, 0, 1);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(pin));
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_unpin(pin);
}

static void c16_lost_for_good_is_not_there(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(&imp->pin));
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(&imp->pin));
	vma_unpin(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* 17. One lock for a pin                                                    */

/* In the middle of a mapping call */
static void vo_revoke_meanwhile(struct vo_obj *obj)
{
	struct kunit *test = obj->vo->test;
	struct vo_imp *imp = list_first_entry(&obj->vo->imps, struct vo_imp,
					      node);
	struct vo_revoker *rv;

	obj->in_extents = NULL;
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_FALSE(test, vo_within(&rv->done, VO_A_WHILE));
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 0);
	imp->hook = rv;
}

static void c17_no_callback_in_a_mapping_call(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_revoker *rv;

	obj->in_extents = vo_revoke_meanwhile;
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	rv = imp->hook;
	KUNIT_ASSERT_NOT_NULL(test, rv);
	flush_work(&rv->work);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	KUNIT_EXPECT_FALSE(test, vo_is_mapped(imp));
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	vma_unpin(&imp->pin);
}

struct vo_mapper {
	struct work_struct	work;
	struct vo_imp		*imp;
	struct completion	done;
	int			ret;
};

static void vo_mapper_work(struct work_struct *work)
{
	struct vo_mapper *m = container_of(work, struct vo_mapper, work);

	m->ret = vo_imp_map(m->imp);
	complete(&m->done);
}

static void vo_map_meanwhile(struct vo_imp *imp)
{
	struct vo_mapper *m = imp->hook;

	imp->in_invalidate = NULL;
	queue_work(imp->vo->wq, &m->work);
	KUNIT_EXPECT_FALSE(imp->vo->test, vo_within(&m->done, VO_A_WHILE));
}

static void c17_no_mapping_call_in_a_callback(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	bool moves = t->value == VO_IOMMUFD;
	struct vo_obj *obj = moves ? vo_obj_dmabuf(test->priv) :
				     vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, t->value);
	struct vo_mapper m = { .imp = imp };

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	init_completion(&m.done);
	INIT_WORK_ONSTACK(&m.work, vo_mapper_work);
	imp->hook = &m;
	imp->in_invalidate = vo_map_meanwhile;
	if (moves)
		vo_move(obj, 0);
	else
		vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	flush_work(&m.work);
	destroy_work_on_stack(&m.work);
	KUNIT_EXPECT_EQ(test, m.ret, moves ? 0 : -ENODEV);
	if (!moves)
		vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	vma_unpin(&imp->pin);
}

static const struct vo_param vo_revocables[] = {
	{ "extents", VO_TYPE1 }, { "dma-buf", VO_IOMMUFD },
};

KUNIT_ARRAY_PARAM_DESC(vo_revocable, vo_revocables, name);

static void c17_enter_fails_after_the_mark(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vma_pin *pin = &imp->pin;
	struct vo_revoker *rv;

	KUNIT_EXPECT_FALSE(test, vma_pin_enter(pin));
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(pin));
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(pin));
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->invalidated, VO_LONG));
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(pin));
	vma_pin_exit(pin);
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(pin));
	KUNIT_EXPECT_FALSE(test, vo_within(&rv->done, VO_A_WHILE));
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 0);
	vma_pin_exit(pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(pin));
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(pin));
	vma_pin_exit(pin);
	vma_unpin(pin);
}

/* Nobody is let in to what has not been mapped again */
static void c17_enter_of_what_was_not_mapped_again(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_TYPE1);

	imp->client.restore = NULL;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(&imp->pin));
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	vma_pin_exit(&imp->pin);
	vma_unpin(&imp->pin);
}

/* Static and ordinary memory, and that of a dma-buf: always, and at no cost */
static void c17_enter_of_what_is_not_revoked(struct kunit *test)
{
	struct vo_obj *a = vo_obj(test->priv), *b = vo_obj_dmabuf(test->priv);
	struct vo_imp *x = vo_pinned(a, VO_TYPE1);
	struct vo_imp *y = vo_pinned_dev(b, VO_IOMMUFD);

	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&x->pin));
	vma_pin_exit(&x->pin);
	KUNIT_ASSERT_EQ(test, vo_imp_map(y), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&y->pin));
	vo_move(b, 0);
	KUNIT_EXPECT_NULL(test, vma_pin_dma_table(&y->pin));
	vma_pin_exit(&y->pin);
	vma_unpin(&x->pin);
	vma_unpin(&y->pin);
}

static const struct vo_param vo_inside[] = {
	{ "by the revoke", false }, { "by the last exit", true },
};

KUNIT_ARRAY_PARAM_DESC(vo_inside, vo_inside, name);

/* All there is, and all of it stays until then */
static void c17_all_mappings_are_undone(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	if (t->value)
		KUNIT_EXPECT_TRUE(test, vma_pin_enter(pin));
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_take_extents(pin)));
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_kmap(pin)));
	if (t->value) {
		vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
		/* Still there for those inside, and for nobody else */
		KUNIT_EXPECT_NULL(test, vma_pin_dma_table(pin));
		KUNIT_EXPECT_NULL(test, vma_pin_vaddr(pin));
		KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 0);
		KUNIT_EXPECT_EQ(test, vo_n(obj, vunmap), 0);
		vma_pin_exit(pin);
	} else {
		vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	}
	KUNIT_EXPECT_NULL(test, vma_pin_dma_table(pin));
	KUNIT_EXPECT_NULL(test, vma_pin_vaddr(pin));
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, vunmap), 1);
	vma_owner_revoke_drain(obj->revoke);
	vma_owner_restore(obj->revoke);
	vma_unpin(pin);
}

/* Which memory it is for does not matter */
static void c17_mapping_without_the_lock_warns(struct kunit *test)
{
	struct vo_imp *x, *y;

	if (!IS_ENABLED(CONFIG_LOCKDEP))
		kunit_skip(test, "needs CONFIG_LOCKDEP");
	x = vo_pinned(vo_obj(test->priv), VO_STATIC);
	y = vo_pinned(vo_obj_revocable(test->priv), VO_TYPE1);
	kunit_warning_suppress(test) {
		vma_pin_get_extents(&x->pin);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	kunit_warning_suppress(test) {
		vma_pin_get_extents(&y->pin);
		KUNIT_EXPECT_TRUE(test, KUNIT_SUPPRESSED_WARNING_COUNT());
	}
	kunit_warning_suppress(test) {
		vma_pin_put_extents(&y->pin);
		KUNIT_EXPECT_TRUE(test, KUNIT_SUPPRESSED_WARNING_COUNT());
	}
	vma_unpin(&x->pin);
	vma_unpin(&y->pin);
}

/* ------------------------------------------------------------------------- */
/* 18. The revoke lock                                                       */

/* Somebody is in an importer's callback, and a fatal signal comes */
static void c18_waits_are_killable(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *late = vo_imp(test->priv, VO_TYPE1);
	int fault, pin, lock, map;
	struct vo_revoker *rv;

	imp->in_invalidate = vo_invalidate_waits;
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->invalidated, VO_LONG));
	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	fault = vma_owner_fault_enter(obj->revoke);
	pin = vo_pin(late, imp->pin.start, VO_SIZE);
	lock = vma_pin_lock(&imp->pin);
	map = PTR_ERR(vo_kmap(&imp->pin));
	disallow_signal(SIGKILL);
	flush_signals(current);
	complete(&imp->go);
	flush_work(&rv->work);
	KUNIT_EXPECT_FALSE(test, fault);
	vo_expect_refused(late, pin, -EINTR);
	KUNIT_EXPECT_EQ(test, lock, -EINTR);
	KUNIT_EXPECT_EQ(test, map, -EINTR);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 1);
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* 19. A drain is bounded                                                    */

struct vo_crowd {
	struct work_struct	work;
	struct vo_imp		*imp;
	bool			*stop;
	unsigned long		tries;
	unsigned long		entered;
};

static void vo_crowd_work(struct work_struct *work)
{
	struct vo_crowd *c = container_of(work, struct vo_crowd, work);
	struct vma_pin *pin = &c->imp->pin;

	while (!READ_ONCE(*c->stop)) {
		vo_imp_map(c->imp);
		if (vma_pin_enter(pin)) {
			WRITE_ONCE(c->entered, c->entered + 1);
			vma_pin_exit(pin);
		}
		vo_drop_extents(pin);
		WRITE_ONCE(c->tries, c->tries + 1);
		cond_resched();
	}
}

#define VO_CROWD	4

/* Whoever comes after the mark is turned away and not waited for */
static void c19_drain_cannot_be_starved(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	unsigned int n = clamp(num_online_cpus(), 2, VO_CROWD), i, round;
	struct vo_crowd *c = kunit_kzalloc(test, array_size(n, sizeof(*c)),
					   GFP_KERNEL);
	unsigned long before[VO_CROWD], late = 0;
	bool stop = false;

	KUNIT_ASSERT_NOT_NULL(test, c);
	for (i = 0; i < n; i++) {
		c[i].stop = &stop;
		c[i].imp = vo_pinned(obj, VO_TYPE1);
		c[i].imp->client.restore = NULL;
		INIT_WORK(&c[i].work, vo_crowd_work);
	}
	for (i = 0; i < n; i++)
		queue_work(obj->vo->wq, &c[i].work);
	for (round = 0; round < 100; round++) {
		vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
		for (i = 0; i < n; i++)
			before[i] = READ_ONCE(c[i].entered) + 1;
		vma_owner_revoke_drain(obj->revoke);
		for (i = 0; i < n; i++)
			late += READ_ONCE(c[i].entered) > before[i];
		KUNIT_EXPECT_EQ(test, vo_n(obj, extents),
				vo_n(obj, put_extents));
		vma_owner_restore(obj->revoke);
		schedule_timeout_uninterruptible(round % 8 == 0);
	}
	WRITE_ONCE(stop, true);
	for (i = 0; i < n; i++) {
		flush_work(&c[i].work);
		KUNIT_EXPECT_GT(test, c[i].tries, 0);
		vma_unpin(&c[i].imp->pin);
	}
	KUNIT_EXPECT_EQ(test, late, 0);
}

/* ------------------------------------------------------------------------- */
/* 20. Pins are cheap, and cost each other nothing                           */

/* As without lockdep, which has its share in the work item */
static void c20_size_of_a_pin(struct kunit *test)
{
	size_t size = sizeof(struct vma_pin) - sizeof(struct lockdep_map);

	kunit_info(test, "sizeof(struct vma_pin) is %zu without lockdep", size);
	if (!IS_ENABLED(CONFIG_64BIT))
		kunit_skip(test, "the goal is for 64 bit");
	KUNIT_EXPECT_LE(test, size, 192);
}

/* ------------------------------------------------------------------------- */
/* The errno table, as far as the cases above have not gone through it       */

static const struct vo_param vo_errnos[] = {
	{ "EDQUOT", -EDQUOT }, { "ENOMEM", -ENOMEM }, { "ENODEV", -ENODEV },
	{ "EPERM", -EPERM },
};

KUNIT_ARRAY_PARAM_DESC(vo_errno, vo_errnos, name);

static void errno_of_owner_passed_on(struct kunit *test)
{
	const struct vo_param *err = test->param_value;
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	obj->tryget_err = err->value;
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), err->value);
	vo_expect_refused(imp, vo_prefix(imp, addr, VO_SIZE), err->value);
}

/* The second VMA's owner refuses: the reference to the first is put */
static void errno_of_second_vma_passed_on(struct kunit *test)
{
	struct vo_obj *a = vo_obj(test->priv), *b = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_map_at(a, addr, 0, 1);
	vo_map_at(b, addr + PAGE_SIZE, 0, 1);
	b->tryget_err = -EDQUOT;
	vo_expect_refused(imp, vo_pin(imp, addr, 2 * PAGE_SIZE), -EDQUOT);
	KUNIT_EXPECT_EQ(test, vo_held(a), 0);
}

static void errno_owner_answers_nonsense(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	obj->tryget_err = 1;
	kunit_warning_suppress(test)
		vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EFAULT);
}

static void errno_range_overflows(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 1);

	vo_expect_refused(imp, vo_pin(imp, addr, SIZE_MAX), -EINVAL);
	vo_expect_refused(imp, vo_pin(imp, addr, 0), -EINVAL);
	vo_expect_refused(imp, vo_prefix(imp, addr, 0), -EINVAL);
}

/* The end of the last page is zero */
static void errno_last_page_overflows(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	vo_expect_refused(imp, vo_pin(imp, PAGE_MASK, 1), -EINVAL);
	vo_expect_refused(imp, vo_pin(imp, ULONG_MAX, 1), -EINVAL);
	vo_expect_refused(imp, vo_prefix(imp, PAGE_MASK, PAGE_SIZE), -EINVAL);
}

static void errno_bad_arguments(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 1);

	kunit_warning_suppress(test) {
		vo_expect_refused(imp, vo_pin_flags(imp, addr, 1, ~0U),
				  -EINVAL);
		imp->client.name = NULL;
		vo_expect_refused(imp, vo_pin(imp, addr, 1), -EINVAL);
	}
}

static void errno_nothing_mapped(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 1);

	vo_expect_refused(imp, vo_pin(imp, addr, 1), -EFAULT);
	vo_expect_refused(imp, vo_prefix(imp, addr, 1), -EFAULT);
	vo_expect_refused(imp, vo_pin(imp, 0, 1), -EFAULT);
}

static void errno_without_mm(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 1);
	struct mm_struct *mm = current->mm;

	kthread_unuse_mm(mm);
	vo_expect_refused(imp, vo_pin(imp, addr, 1), -EFAULT);
	mmput(mm);
}

/* What an exporter has after vma_owner_revoke_create() failed, it may put */
static void errno_put_of_no_revoke_handle(struct kunit *test)
{
	vma_owner_revoke_put(ERR_PTR(-ENOMEM));
	vma_owner_revoke_put(ERR_PTR(-EOPNOTSUPP));
	vma_owner_revoke_put(NULL);
}

struct vo_locker {
	struct work_struct	work;
	struct mm_struct	*mm;
	struct completion	locked;
	struct completion	go;
};

static void vo_locker_work(struct work_struct *work)
{
	struct vo_locker *l = container_of(work, struct vo_locker, work);

	mmap_write_lock(l->mm);
	complete(&l->locked);
	wait_for_completion(&l->go);
	mmap_write_unlock(l->mm);
}

/* Somebody holds mmap_lock for writing and a fatal signal is pending */
static void vo_locker_start(struct vo *vo, struct vo_locker *l)
{
	l->mm = current->mm;
	init_completion(&l->locked);
	init_completion(&l->go);
	INIT_WORK_ONSTACK(&l->work, vo_locker_work);
	queue_work(vo->wq, &l->work);
	wait_for_completion(&l->locked);
	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
}

static void vo_locker_end(struct vo_locker *l)
{
	disallow_signal(SIGKILL);
	flush_signals(current);
	complete(&l->go);
	flush_work(&l->work);
	destroy_work_on_stack(&l->work);
}

static void errno_killed_while_waiting(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 1);
	struct vo_locker l;
	int ret;

	vo_locker_start(test->priv, &l);
	ret = vo_pin(imp, addr, 1);
	vo_locker_end(&l);
	vo_expect_refused(imp, ret, -EINTR);
}

/* Where there is a VMA its own lock is enough */
static void c10_pin_beside_a_held_mmap_lock(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);
	struct vo_locker l;
	int ret;

	if (!IS_ENABLED(CONFIG_PER_VMA_LOCK))
		kunit_skip(test, "needs CONFIG_PER_VMA_LOCK");
	vo_locker_start(test->priv, &l);
	ret = vo_pin(imp, addr, VO_SIZE);
	vo_locker_end(&l);
	KUNIT_ASSERT_EQ(test, ret, 0);
	vma_unpin(&imp->pin);
}

/* ------------------------------------------------------------------------- */

static int vo_init(struct kunit *test)
{
	struct vo *vo = kzalloc_obj(*vo);
	int ret;

	if (!vo)
		return -ENOMEM;
	vo->test = test;
	INIT_LIST_HEAD(&vo->objs);
	INIT_LIST_HEAD(&vo->imps);
	test->priv = vo;
	vo->handles = atomic_read(&vma_owner_revoke_nr);
	vo->wq = alloc_workqueue("vma_owner_kunit", WQ_UNBOUND, 0);
	if (!vo->wq)
		return -ENOMEM;
	ret = kunit_attach_mm();
	vo->mm = current->mm;
	return ret;
}

/* A case that was aborted leaves work, pins and threads behind */
static void vo_exit_imps(struct vo *vo)
{
	struct vo_imp *imp;

	list_for_each_entry(imp, &vo->imps, node) {
		complete_all(&imp->go);
		flush_work(&imp->work);
	}
	vma_unpin_barrier();
	list_for_each_entry(imp, &vo->imps, node) {
		KUNIT_EXPECT_NULL_MSG(vo->test, imp->pin.client,
				      "a pin was left");
		if (imp->pin.client)
			vma_unpin(&imp->pin);
	}
}

static void vo_exit_objs(struct vo *vo)
{
	struct kunit *test = vo->test;
	struct vo_obj *obj;

	list_for_each_entry(obj, &vo->objs, node) {
		vo_obj_unregister(obj);
		if (obj->file)
			fput(obj->file);
	}
	KUNIT_EXPECT_TRUE_MSG(test, vo_alive_is(vo, 0),
			      "a reference to an object or a file was left");
	list_for_each_entry(obj, &vo->objs, node) {
		KUNIT_EXPECT_EQ(test, vo_n(obj, got), vo_n(obj, put));
		KUNIT_EXPECT_EQ(test, vo_n(obj, extents),
				vo_n(obj, put_extents));
		KUNIT_EXPECT_EQ(test, vo_n(obj, vmap), vo_n(obj, vunmap));
		KUNIT_EXPECT_EQ(test, vo_n(obj, attach), vo_n(obj, detach));
		KUNIT_EXPECT_EQ(test, vo_n(obj, pin), vo_n(obj, unpin));
		KUNIT_EXPECT_EQ(test, vo_n(obj, map), vo_n(obj, unmap));
		KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu),
				vo_n(obj, end_cpu));
	}
}

static void vo_exit(struct kunit *test)
{
	struct vo *vo = test->priv;
	struct vo_obj *obj, *next_obj;
	struct vo_imp *imp, *next_imp;

	if (!vo)
		return;
	vo_exit_imps(vo);
	vo_exit_objs(vo);
	if (vo->wq)
		destroy_workqueue(vo->wq);
	if (atomic_read(&vo->alive))
		return;	/* somebody may still use all this */
	list_for_each_entry_safe(obj, next_obj, &vo->objs, node)
		vo_obj_free(obj);
	list_for_each_entry_safe(imp, next_imp, &vo->imps, node)
		kfree(imp);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&vma_owner_revoke_nr),
			    vo->handles, "a revoke handle was left");
	kfree(vo);
}

static struct kunit_case vo_cases[] = {
	KUNIT_CASE(c1_pin_of_never_faulted_memory),
	KUNIT_CASE(c1_mappings_of_never_faulted_memory),
	KUNIT_CASE(c1_owner_is_told_of_the_vma),
	KUNIT_CASE(c1_owner_is_told_of_reading),
	KUNIT_CASE(c2_owner_of_memory_with_pages),
	KUNIT_CASE(c2_ordinary_memory),
	KUNIT_CASE(c2_ordinary_memory_unaligned),
	KUNIT_CASE(c2_ordinary_memory_dirtied_by_writers),
	KUNIT_CASE(c2_ordinary_memory_never_forced),
	KUNIT_CASE(c2_ordinary_memory_pinned_longterm),
	KUNIT_CASE(c2_ordinary_vmas_side_by_side),
	KUNIT_CASE(c2_not_mine_without_pages_refused),
	KUNIT_CASE(c2_not_mine_with_pages_is_ordinary),
	KUNIT_CASE(c2_pfnmap_without_owner_refused),
	KUNIT_CASE(c2_io_without_owner_refused),
	KUNIT_CASE(c2_vma_has_owner),
	KUNIT_CASE(c3_pin_survives_munmap),
	KUNIT_CASE(c3_last_unpin_frees),
	KUNIT_CASE(c3_pin_survives_split),
	KUNIT_CASE(c3_pin_survives_remapping),
	KUNIT_CASE(c3_pin_survives_mprotect),
	KUNIT_CASE(c3_pin_survives_close),
	KUNIT_CASE(c3_pin_survives_exit),
	KUNIT_CASE(c3_unreadable_refused),
	KUNIT_CASE(c3_write_only_refused),
	KUNIT_CASE(c3_write_to_read_only_refused),
	KUNIT_CASE(c3_read_of_read_only_granted),
	KUNIT_CASE(c3_copy_on_write_refused),
	KUNIT_CASE(c3_second_vma_needs_permission_too),
	KUNIT_CASE(c4_adjoining_vmas),
	KUNIT_CASE(c4_swapped_offsets_refused),
	KUNIT_CASE(c4_skipped_offset_refused),
	KUNIT_CASE(c4_two_objects_refused),
	KUNIT_CASE(c4_owned_then_ordinary_refused),
	KUNIT_CASE(c4_ordinary_then_owned_refused),
	KUNIT_CASE_PARAM(c4_hole_in_owned_refused, vo_hole_gen_params),
	KUNIT_CASE_PARAM(c4_hole_in_ordinary_refused, vo_hole_gen_params),
	KUNIT_CASE_PARAM(c4_edges, vo_edge_gen_params),
	KUNIT_CASE_PARAM(c4_edges_of_prefix, vo_edge_gen_params),
	KUNIT_CASE_PARAM(c4_offset_overflows, vo_shift_gen_params),
	KUNIT_CASE(c4_prefix_owned_then_ordinary),
	KUNIT_CASE(c4_prefix_ordinary_then_owned),
	KUNIT_CASE(c4_prefix_stops_at_hole),
	KUNIT_CASE(c4_prefix_ordinary_stops_at_hole),
	KUNIT_CASE(c4_prefix_stops_at_other_object),
	KUNIT_CASE(c4_prefix_stops_at_refusal),
	KUNIT_CASE(c4_prefix_pfnmap_without_owner_refused),
	KUNIT_CASE(c4_prefix_without_permission_refused),
	KUNIT_CASE(c4_prefix_of_everything),
	KUNIT_CASE(c4_prefix_of_another_mm),
	KUNIT_CASE(c5_vma_of_dead_object),
	KUNIT_CASE(c5_pin_outlives_driver),
	KUNIT_CASE(c5_file_not_held),
#ifdef CONFIG_MODULE_UNLOAD
	KUNIT_CASE(c5_module_held),
	KUNIT_CASE(c5_module_held_while_put),
	KUNIT_CASE(c5_module_held_until_gone),
	KUNIT_CASE(c5_module_going),
#endif
	KUNIT_CASE(c6_dma_of_ordinary_memory),
	KUNIT_CASE_PARAM(c6_dma_of_extents, vo_memtype_gen_params),
	KUNIT_CASE(c6_dma_of_mmio_without_provider),
	KUNIT_CASE(c6_dma_of_mmio_out_of_reach),
	KUNIT_CASE(c6_extents_of_mmio),
	KUNIT_CASE(c6_extents_beside_dma),
	KUNIT_CASE(c6_no_extents_of_ordinary_memory),
	KUNIT_CASE(c6_no_extents_beside_dmabuf),
	KUNIT_CASE(c6_nothing_offered),
	KUNIT_CASE(c6_extents_only),
	KUNIT_CASE(c6_extents_error_passed_on),
	KUNIT_CASE(c6_short_extents_refused),
	KUNIT_CASE(c6_long_extents_refused),
	KUNIT_CASE(c6_whole_dmabuf_is_exporters_table),
	KUNIT_CASE_PARAM(c6_part_of_dmabuf, vo_edge_gen_params),
	KUNIT_CASE(c6_dmabuf_made_once_for_each_pin),
	KUNIT_CASE(c6_dmabuf_for_another_device),
	KUNIT_CASE(c6_dmabuf_refuses_another_device),
	KUNIT_CASE(c6_attach_while_mapped),
	KUNIT_CASE(c6_dmabuf_errors_passed_on),
	KUNIT_CASE(c6_dmabuf_smaller_than_object),
	KUNIT_CASE(c6_second_mapping_busy),
	KUNIT_CASE(c6_undoing_twice_is_harmless),
	KUNIT_CASE(c6_direction_must_fit_the_pin),
	KUNIT_CASE(c6_vmap_of_owner),
	KUNIT_CASE(c6_vmap_of_dmabuf),
	KUNIT_CASE(c6_no_vmap_without_kernel_mapping),
	KUNIT_CASE(c6_no_vmap_of_io_memory),
	KUNIT_CASE(c6_vmap_error_passed_on),
	KUNIT_CASE(c6_unpin_undoes_all_mappings),
	KUNIT_CASE(c6_generic_owner_of_dmabuf),
	KUNIT_CASE(c6_generic_owner_of_odd_size),
	KUNIT_CASE(c6_generic_owner_of_something_else),
	KUNIT_CASE(c7_static_importer_of_revocable),
	KUNIT_CASE(c7_revocable_importer_of_static),
	KUNIT_CASE(c7_dmabuf_hides_revocable),
	KUNIT_CASE(c7_static_importer_attaches_statically),
	KUNIT_CASE(c7_revocable_importer_attaches_dynamically),
	KUNIT_CASE(c7_peer_to_peer_is_passed_on),
	KUNIT_CASE(c7_move_undoes_and_maps_again),
	KUNIT_CASE(c7_move_of_a_part),
	KUNIT_CASE(c7_move_away_for_good),
	KUNIT_CASE(c7_move_before_mapping),
	KUNIT_CASE(c7_no_move_after_unpin),
	KUNIT_CASE_PARAM(c7_map_waits_for_kernel_fences, vo_kind_gen_params),
	KUNIT_CASE_PARAM(c7_map_does_not_wait_for_readers, vo_kind_gen_params),
	KUNIT_CASE(c8_pin_refused_while_revoked),
	KUNIT_CASE(c8_revoke_inside_pin),
	KUNIT_CASE(c8_pin_queued_behind_revoke),
	KUNIT_CASE(c8_mappings_refused_while_revoked),
	KUNIT_CASE(c8_mark_then_zap_then_invalidate),
	KUNIT_CASE(c8_each_pin_is_told_once),
	KUNIT_CASE(c8_dma_mapping_undone_by_revoke),
	KUNIT_CASE(c8_revoke_without_pins),
	KUNIT_CASE(c8_drain_waits_for_work_item),
	KUNIT_CASE(c8_drain_waits_for_exit_and_unpin),
	KUNIT_CASE(c8_drain_waits_only_for_those_inside),
	KUNIT_CASE(c8_drain_ignores_failed_mappings),
	KUNIT_CASE(c8_begin_does_not_wait),
	KUNIT_CASE(c8_cpu_mappings_zapped),
	KUNIT_CASE(c8_late_fault_is_zapped),
	KUNIT_CASE(c8_temporary_losses_nest),
	KUNIT_CASE(c8_permanent_after_temporary),
	KUNIT_CASE(c8_temporary_after_permanent),
	KUNIT_CASE(c8_temporary_before_the_permanent_drain),
	KUNIT_CASE(c8_permanent_leaves_an_empty_shell),
	KUNIT_CASE(c8_temporary_keeps_the_object),
	KUNIT_CASE(c8_unpin_while_revoked),
	KUNIT_CASE(c8_handle_outlives_the_exporter),
	KUNIT_CASE(c8_two_objects_one_handle),
	KUNIT_CASE(c8_restore_maps_again),
	KUNIT_CASE(c8_restore_calls_those_who_asked),
	KUNIT_CASE(c8_failed_restore_is_tried_again),
	KUNIT_CASE(c8_restore_once_too_often),
	KUNIT_CASE(c8_restore_too_early),
	KUNIT_CASE(c8_no_revoke_by_a_move),
	KUNIT_CASE_SLOW(c8_drain_says_whom_it_waits_for),
	KUNIT_CASE(c8_revoke_races_pin_map_and_unpin),
	KUNIT_CASE(c9_sync_races_invalidate),
	KUNIT_CASE(c9_unpin_waits_for_callback),
	KUNIT_CASE(c9_no_callback_after_unpin),
	KUNIT_CASE(c9_revoke_under_exporters_lock),
	KUNIT_CASE(c9_get_extents_under_importers_lock),
	KUNIT_CASE(c10_unpin_under_mmap_lock),
	KUNIT_CASE(c10_unpin_of_dmabuf_under_mmap_lock),
	KUNIT_CASE(c10_unpin_of_ordinary_memory_under_mmap_lock),
	KUNIT_CASE(c10_revoke_under_mmap_lock),
	KUNIT_CASE(c10_nothing_charged),
	KUNIT_CASE(c10_pin_beside_a_held_mmap_lock),
	KUNIT_CASE(c11_unpin_under_spinlock),
	KUNIT_CASE(c11_unpin_twice_is_harmless),
	KUNIT_CASE(c11_unpin_from_timer),
	KUNIT_CASE(c11_barrier_waits_for_all),
	KUNIT_CASE(c12_owner_is_only_asked_by_pins),
#ifdef CONFIG_TRACEPOINTS
	KUNIT_CASE(c13_tracepoints),
#endif
#ifdef CONFIG_DEBUG_FS
	KUNIT_CASE(c13_debugfs_tells_odd_lengths),
	KUNIT_CASE(c13_debugfs_lists_pins),
	KUNIT_CASE(c13_debugfs_hides_addresses),
	KUNIT_CASE_SLOW(c13_debugfs_is_complete),
#endif
#ifndef MODULE
	KUNIT_CASE_PARAM(c14_each_hand_over_happens_once, vo_memory_gen_params),
	KUNIT_CASE_PARAM(c14_written_between_map_and_hand_over,
			 vo_memory_gen_params),
	KUNIT_CASE_PARAM(c14_what_is_only_read_is_not_taken_back,
			 vo_memory_gen_params),
	KUNIT_CASE_PARAM(c14_unmap_keeps_what_the_cpu_wrote,
			 vo_memory_gen_params),
	KUNIT_CASE_PARAM(c14_unmap_takes_back_what_the_device_has,
			 vo_memory_gen_params),
	KUNIT_CASE_PARAM(c14_no_dearer_than_stock, vo_cost_gen_params),
	KUNIT_CASE(c14_extents_left_mapped_by_a_failure),
	KUNIT_CASE(c14_exporter_syncs_its_importers),
	KUNIT_CASE(c14_contiguous_is_not_cut),
	KUNIT_CASE_PARAM(c6_extents_cut_at_boundaries, vo_boundary_gen_params),
	KUNIT_CASE_PARAM(c6_cut_extents_mapped_by_halves,
			 vo_boundary_gen_params),
	KUNIT_CASE_PARAM(c14_two_parts_of_one_dmabuf, vo_same_gen_params),
	KUNIT_CASE_PARAM(c14_same_address_in_two_pins,
			 vo_synced_memory_gen_params),
	KUNIT_CASE(c14_unmap_hands_over_the_whole_table),
	KUNIT_CASE_PARAM(c14_each_granule_of_the_range, vo_granule_gen_params),
	KUNIT_CASE(c15_unknown_owner_refused),
	KUNIT_CASE_PARAM(c15_part_is_not_bounced, vo_bounce_gen_params),
	KUNIT_CASE(c15_part_behind_an_iommu),
	KUNIT_CASE_PARAM(c15_nothing_synced_without_need, vo_dmabuf_gen_params),
#else
	KUNIT_CASE(c14_cases_of_the_shadow),
#endif
	KUNIT_CASE_PARAM(c14_direction_is_that_of_the_mapping,
			 vo_dir_gen_params),
	KUNIT_CASE(c14_kernel_mapping_alone),
	KUNIT_CASE(c14_kernel_mapping_must_fit_the_pin),
	KUNIT_CASE_PARAM(c14_direction_is_that_of_the_kernel_mapping,
			 vo_dir_gen_params),
	KUNIT_CASE_PARAM(c14_kernel_mapping_of_a_known_owner,
			 vo_sync_gen_params),
	KUNIT_CASE(c14_begin_fails),
	KUNIT_CASE(c14_end_fails),
	KUNIT_CASE(c14_move_while_begun),
	KUNIT_CASE(c14_fences_not_waited_for),
	KUNIT_CASE(c15_nothing_to_sync),
	KUNIT_CASE(c16_still_there),
	KUNIT_CASE(c16_ordinary_memory_still_there),
	KUNIT_CASE(c16_lost_for_good_is_not_there),
	KUNIT_CASE(c17_no_callback_in_a_mapping_call),
	KUNIT_CASE_PARAM(c17_no_mapping_call_in_a_callback,
			 vo_revocable_gen_params),
	KUNIT_CASE(c17_enter_fails_after_the_mark),
	KUNIT_CASE(c17_enter_of_what_was_not_mapped_again),
	KUNIT_CASE(c17_enter_of_what_is_not_revoked),
	KUNIT_CASE_PARAM(c17_all_mappings_are_undone, vo_inside_gen_params),
	KUNIT_CASE(c17_mapping_without_the_lock_warns),
	KUNIT_CASE(c18_waits_are_killable),
	KUNIT_CASE(c19_drain_cannot_be_starved),
	KUNIT_CASE(c20_size_of_a_pin),
	KUNIT_CASE_PARAM(errno_of_owner_passed_on, vo_errno_gen_params),
	KUNIT_CASE(errno_of_second_vma_passed_on),
	KUNIT_CASE(errno_owner_answers_nonsense),
	KUNIT_CASE(errno_range_overflows),
	KUNIT_CASE(errno_last_page_overflows),
	KUNIT_CASE(errno_bad_arguments),
	KUNIT_CASE(errno_nothing_mapped),
	KUNIT_CASE(errno_without_mm),
	KUNIT_CASE(errno_put_of_no_revoke_handle),
	KUNIT_CASE(errno_killed_while_waiting),
	{}
};

static struct kunit_suite vo_suite = {
	.name		= "vma_owner",
	.init		= vo_init,
	.exit		= vo_exit,
	.test_cases	= vo_cases,
};

kunit_test_suite(vo_suite);

MODULE_DESCRIPTION("KUnit tests for VMA owners");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
