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
 * left, and buffers and files are gone once nobody holds them.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
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

/*
 * Of a device that is not coherent: a page is the CPU's or the device's, and goes
 * from one to the other by a sync, or a mapping that is not told to skip it. One
 * case uses this at a time; see "14." for how.
 */
static struct {
	spinlock_t	lock;		/* of all this */
	unsigned long	pfns[4 * VO_PAGES];	/* what the device owns */
	unsigned int	live;		/* mappings */
	unsigned int	to_device;	/* hand-overs */
	unsigned int	to_cpu;
	unsigned int	lost;		/* unmapped, and still the device's */
	unsigned int	fail_at;	/* the mapping that fails, 1 the next */
	unsigned int	longest;	/* segment mapped */
	unsigned int	max_seg_size;
} vo_dma;

/* Under the lock. Does the device own any of it? */
static bool vo_dma_owns(phys_addr_t phys, size_t len)
{
	unsigned long pfn = PHYS_PFN(phys), last = PHYS_PFN(phys + len - 1);
	bool found = false;
	int i;

	for (i = 0; i < ARRAY_SIZE(vo_dma.pfns); i++)
		found |= vo_dma.pfns[i] && vo_dma.pfns[i] >= pfn &&
			 vo_dma.pfns[i] <= last;
	return found;
}

/* Under the lock. Whose it is from now on */
static void vo_dma_pass(phys_addr_t phys, size_t len, bool to_device)
{
	unsigned long pfn = PHYS_PFN(phys), last = PHYS_PFN(phys + len - 1);
	int i;

	for (i = 0; i < ARRAY_SIZE(vo_dma.pfns); i++)
		if (vo_dma.pfns[i] >= pfn && vo_dma.pfns[i] <= last)
			vo_dma.pfns[i] = 0;
	for (i = 0; to_device && i < ARRAY_SIZE(vo_dma.pfns); i++)
		if (!vo_dma.pfns[i] && pfn <= last)
			vo_dma.pfns[i] = pfn++;
}

static bool __maybe_unused vo_is_device(struct page *page)
{
	bool owns;

	spin_lock(&vo_dma.lock);
	owns = vo_dma_owns(page_to_phys(page), PAGE_SIZE);
	spin_unlock(&vo_dma.lock);
	return owns;
}

static dma_addr_t vo_dma_map(struct device *dev, phys_addr_t phys, size_t len,
			     enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t addr = phys;

	spin_lock(&vo_dma.lock);
	if (vo_dma.fail_at && !--vo_dma.fail_at) {
		addr = DMA_MAPPING_ERROR;
	} else {
		vo_dma.live++;
		if (!(attrs & (DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_MMIO))) {
			vo_dma.to_device++;
			vo_dma_pass(phys, len, true);
		}
	}
	spin_unlock(&vo_dma.lock);
	return addr;
}

static void vo_dma_unmap(struct device *dev, dma_addr_t addr, size_t len,
			 enum dma_data_direction dir, unsigned long attrs)
{
	spin_lock(&vo_dma.lock);
	vo_dma.live--;
	if (!(attrs & (DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_MMIO)))
		vo_dma.to_cpu++;
	else if (vo_dma_owns(addr, len))
		vo_dma.lost++;
	vo_dma_pass(addr, len, false);
	spin_unlock(&vo_dma.lock);
}

static void vo_dma_for_cpu(struct device *dev, dma_addr_t addr, size_t len,
			   enum dma_data_direction dir)
{
	spin_lock(&vo_dma.lock);
	vo_dma.to_cpu++;
	vo_dma_pass(addr, len, false);
	spin_unlock(&vo_dma.lock);
}

static void vo_dma_for_device(struct device *dev, dma_addr_t addr, size_t len,
			      enum dma_data_direction dir)
{
	spin_lock(&vo_dma.lock);
	vo_dma.to_device++;
	vo_dma_pass(addr, len, true);
	spin_unlock(&vo_dma.lock);
}

static bool __maybe_unused vo_dma_need_sync(struct device *dev, dma_addr_t addr)
{
	return true;
}

static unsigned int __maybe_unused vo_dma_max_seg_size(struct device *dev)
{
	return vo_dma.max_seg_size;
}

static int vo_dma_map_sgt(struct device *dev, struct sg_table *sgt,
			  enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	sgt->nents = sgt->orig_nents;
	for_each_sgtable_sg(sgt, sg, i) {
		sg_dma_address(sg) = vo_dma_map(dev, sg_phys(sg), sg->length,
						dir, attrs);
		sg_dma_len(sg) = sg->length;
		vo_dma.longest = max(vo_dma.longest, sg->length);
	}
	return 0;
}

static void vo_dma_unmap_sgt(struct device *dev, struct sg_table *sgt,
			     enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_sg(sgt, sg, i)
		vo_dma_unmap(dev, sg_phys(sg), sg->length, dir, attrs);
}

static void vo_dma_sgt_for_cpu(struct device *dev, struct sg_table *sgt,
			       enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_sg(sgt, sg, i)
		vo_dma_for_cpu(dev, sg_phys(sg), sg->length, dir);
}

static void vo_dma_sgt_for_device(struct device *dev, struct sg_table *sgt,
				  enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_sg(sgt, sg, i)
		vo_dma_for_device(dev, sg_phys(sg), sg->length, dir);
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
	bool				incoherent;	/* its dma-buf, by vo_dma */
	size_t				extents_short;
	bool				vmap_iomem;

	/* Called in the middle of things, if set */
	void				(*in_revocable)(struct vo_obj *obj);
	void				(*in_extents)(struct vo_obj *obj);
	void				(*in_fault)(struct vo_obj *obj);
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
		.offset	= (u64)q->pgoff << PAGE_SHIFT,
		.size	= obj->size,
	};
	return 0;
}

static const struct vma_owner_ops vo_owner_ops = { .tryget = vo_tryget };

static void vo_put(void *data)
{
	struct vo_obj *obj = data;

	vo_count(obj, put);
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
	int idx;

	vo_count(obj, fault);
	if (vmf->pgoff >= VO_PAGES)
		return VM_FAULT_SIGBUS;
	if (!obj->revoke)
		return vo_insert(obj, vmf);
	if (!vma_owner_fault_enter(obj->revoke, &idx))
		return VM_FAULT_SIGBUS;
	ret = vo_insert(obj, vmf);
	vma_owner_fault_exit(idx);
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

static const struct vm_operations_struct vo_vm_ops_generic = {
	.open		= vo_open,
	.close		= vo_close,
	.fault		= vo_fault,
	.owner_ops	= &dma_buf_vma_owner_ops,
};

static int vo_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vo_obj *obj = file->private_data;

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
	KUNIT_ASSERT_NOT_NULL(vo->test, obj->revoke);
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

static struct sg_table *vo_buf_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction dir)
{
	struct vo_obj *obj = attach->dmabuf->priv;
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
	ret = obj->incoherent ? vo_dma_map_sgt(attach->dev, sgt, dir, 0) :
				dma_map_sgtable(attach->dev, sgt, dir, 0);
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

	vo_count(obj, unmap);
	obj->sgt_dev = NULL;
	if (obj->incoherent)
		vo_dma_unmap_sgt(attach->dev, sgt, dir, 0);
	else
		dma_unmap_sgtable(attach->dev, sgt, dir, 0);
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
	if (obj->sgt_dev && obj->incoherent)
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
	if (obj->sgt_dev && obj->incoherent)
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

static struct dma_buf *vo_export(struct vo_obj *obj,
				 const struct dma_buf_ops *ops)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;

	info.ops = ops;
	info.size = VO_SIZE;
	info.flags = O_RDWR;
	info.priv = obj;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf))
		return dmabuf;
	refcount_inc(&obj->users);
	obj->dmabuf = dmabuf;
	return dmabuf;
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

static struct vo_obj *vo_obj_dmabuf(struct vo *vo)
{
	struct vo_obj *obj = vo_obj(vo);

	obj->ops.get_dmabuf = vo_get_dmabuf;
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
 * Two that can be revoked, and one that cannot.
 *
 * VO_TYPE1 maps extents, has a leaf lock with a flag under it, and undoes its
 * mapping inside invalidate, or from a work item if @by_work. It maps again
 * inside restore.
 *
 * VO_IOMMUFD maps a dma-buf for a device. Its invalidate runs under the
 * dma_resv, so it takes nothing but the flag there, and a work item maps again.
 */
enum vo_kind { VO_STATIC, VO_TYPE1, VO_IOMMUFD };

struct vo_imp {
	struct vo		*vo;
	struct list_head	node;
	enum vo_kind		kind;
	struct vma_pin		pin;
	struct vma_pin_client	client;
	struct device		*dev;
	struct mutex		leaf;		/* innermost, see the client */
	bool			stopped;	/* under @leaf, as are the next */
	bool			busy;		/* a mapping call is under way */
	bool			again;		/* restored meanwhile */
	bool			want;		/* to be mapped by restore */
	bool			mapped;
	bool			use_dma;	/* VO_TYPE1: instead of extents */
	bool			by_work;
	bool			slow;		/* undoes nothing by itself */
	int			restore_err;	/* for the next call */
	int			remap_ret;
	struct work_struct	work;
	struct completion	go;		/* lets @work or invalidate go on */
	struct completion	invalidated;
	struct completion	released;
	atomic_t		nr_invalidate;
	atomic_t		nr_restore;
	enum vma_pin_loss	why;
	int			invalidated_at;
	int			undone_at;
	void			(*in_invalidate)(struct vo_imp *imp);
	void			(*in_restore)(struct vo_imp *imp);
	void			*hook;		/* what these two need */
};

#define pin_to_imp(p)	container_of(p, struct vo_imp, pin)

static void *vo_kmap(struct vma_pin *pin)
{
	return vma_pin_vmap(pin, pin->flags & VMA_PIN_WRITE ?
				 DMA_BIDIRECTIONAL : DMA_FROM_DEVICE);
}

static void *vo_imp_map_call(struct vo_imp *imp)
{
	if (imp->kind == VO_TYPE1 && !imp->use_dma)
		return (void *)vma_pin_get_extents(&imp->pin);
	return vma_pin_map_dma(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
}

static void vo_imp_undo_call(struct vo_imp *imp)
{
	imp->undone_at = vo_tick(imp->vo);
	vma_pin_put_extents(&imp->pin);
	vma_pin_unmap_dma(&imp->pin);
}

/* Under the leaf lock only if VO_TYPE1: a dma_resv is no inner lock to it */
static void vo_imp_undo(struct vo_imp *imp)
{
	if (imp->mapped)
		vo_imp_undo_call(imp);
	imp->mapped = false;
}

/* Map as a careful importer does: the flag is looked at once the call is back */
static int vo_imp_map(struct vo_imp *imp)
{
	bool stopped;
	void *m;

	mutex_lock(&imp->leaf);
	if (imp->mapped) {	/* a restore was faster */
		mutex_unlock(&imp->leaf);
		return 0;
	}
	imp->busy = true;
	imp->want = true;
	do {
		imp->again = false;
		mutex_unlock(&imp->leaf);
		m = vo_imp_map_call(imp);
		mutex_lock(&imp->leaf);
	} while (IS_ERR(m) && imp->again);
	imp->busy = false;
	stopped = imp->stopped;
	imp->mapped = !IS_ERR(m);
	if (stopped && imp->kind == VO_TYPE1)
		vo_imp_undo(imp);
	mutex_unlock(&imp->leaf);
	if (stopped && imp->kind != VO_TYPE1)
		vo_imp_undo(imp);
	if (IS_ERR(m))
		return PTR_ERR(m);
	return stopped ? -ENODEV : 0;
}

static void vo_imp_unmap(struct vo_imp *imp)
{
	if (imp->kind != VO_TYPE1)
		return vo_imp_undo(imp);
	mutex_lock(&imp->leaf);
	vo_imp_undo(imp);
	mutex_unlock(&imp->leaf);
}

/* Before an unpin: restore does not map again, and so no work item has to undo */
static void vo_imp_unmap_for_good(struct vo_imp *imp)
{
	mutex_lock(&imp->leaf);
	imp->want = false;
	vo_imp_undo(imp);
	mutex_unlock(&imp->leaf);
}

static void vo_imp_work(struct work_struct *work)
{
	struct vo_imp *imp = container_of(work, struct vo_imp, work);

	wait_for_completion(&imp->go);
	if (imp->kind == VO_IOMMUFD) {
		mutex_lock(&imp->leaf);
		imp->stopped = false;
		mutex_unlock(&imp->leaf);
		imp->remap_ret = vo_imp_map(imp);
		return;
	}
	/* Restore may have mapped since this was queued */
	mutex_lock(&imp->leaf);
	if (imp->stopped)
		vo_imp_undo(imp);
	mutex_unlock(&imp->leaf);
}

static void vo_imp_stop(struct vo_imp *imp)
{
	mutex_lock(&imp->leaf);
	imp->stopped = true;
	if (imp->kind == VO_TYPE1 && !imp->by_work && !imp->slow)
		vo_imp_undo(imp);
	/* Nothing to undo, nothing to queue: the importer may be past its flush */
	if (imp->by_work && imp->kind == VO_TYPE1 && imp->mapped)
		queue_work(imp->vo->wq, &imp->work);
	mutex_unlock(&imp->leaf);
	if (imp->kind != VO_IOMMUFD)
		return;
	vo_imp_undo(imp);
	if (imp->by_work)
		queue_work(imp->vo->wq, &imp->work);
}

static void vo_imp_invalidate(struct vma_pin *pin, enum vma_pin_loss why)
{
	struct vo_imp *imp = pin_to_imp(pin);

	atomic_inc(&imp->nr_invalidate);
	imp->invalidated_at = vo_tick(imp->vo);
	imp->why = why;
	if (imp->in_invalidate)
		imp->in_invalidate(imp);
	vo_imp_stop(imp);
	complete(&imp->invalidated);
}

static int vo_imp_restore(struct vma_pin *pin)
{
	struct vo_imp *imp = pin_to_imp(pin);
	int ret = 0;

	atomic_inc(&imp->nr_restore);
	if (imp->in_restore)
		imp->in_restore(imp);
	mutex_lock(&imp->leaf);
	if (imp->restore_err) {
		ret = imp->restore_err;
		imp->restore_err = 0;
		goto out;
	}
	imp->stopped = false;
	imp->again = imp->busy;
	if (imp->want && !imp->busy && !imp->mapped) {
		void *m = vo_imp_map_call(imp);

		imp->mapped = !IS_ERR(m);
		ret = PTR_ERR_OR_ZERO(m);
	}
out:
	mutex_unlock(&imp->leaf);
	return ret;
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
	vma_pin_vunmap(&imp->pin);
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
	const struct vma_owner_extents *x = vma_pin_get_extents(&imp->pin);
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
	vma_pin_put_extents(&imp->pin);
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
	int idx;

	if (!vma_owner_fault_enter(r, &idx))
		return true;
	vma_owner_fault_exit(idx);
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

	vo_expect_dma(imp, vma_pin_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE),
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
	vo_expect_dma(imp, vma_pin_map_dma(&imp->pin, imp->dev,
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
	sgt = vma_pin_map_dma(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
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
	struct sg_table *sgt;

	obj->type = t->value;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + 300, 2 * PAGE_SIZE), 0);
	sgt = vma_pin_map_dma(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_expect_dma(imp, sgt, obj->pages, 300, 2 * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, sg_page(sgt->sgl));
	KUNIT_EXPECT_EQ(test, vo_n(obj, extents), 1);
	vma_pin_unmap_dma(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(&imp->pin);
}

static void c6_dma_of_mmio_without_provider(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp;

	obj->type = VMA_OWNER_MMIO;
	imp = vo_pinned_dev(obj, VO_STATIC);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(&imp->pin, imp->dev,
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
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(&imp->pin, imp->dev,
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
	x = vma_pin_get_extents(&imp->pin);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, x);
	KUNIT_EXPECT_EQ(test, x->type, VMA_OWNER_MMIO);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_get_extents(&imp->pin)), -EBUSY);
	vma_pin_put_extents(&imp->pin);
	vma_pin_put_extents(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vo_expect_extents(imp, obj, 0, VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c6_extents_beside_dma(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct sg_table *sgt;

	sgt = vma_pin_map_dma(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_expect_extents(imp, obj, 0, VO_SIZE);
	vo_expect_dma(imp, sgt, obj->pages, 0, VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c6_no_extents_of_ordinary_memory(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_anon(test->priv, 1), 1), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_get_extents(&imp->pin)),
			-EOPNOTSUPP);
	vma_unpin(&imp->pin);
}

static void c6_no_extents_beside_dmabuf(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_get_extents(&imp->pin)),
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
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_get_extents(&imp->pin)),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(&imp->pin, imp->dev,
						      DMA_TO_DEVICE)),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EOPNOTSUPP);
	vma_unpin(&imp->pin);
}

static void c6_extents_error_passed_on(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	obj->extents_err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_get_extents(&imp->pin)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(&imp->pin, imp->dev,
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
		KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_get_extents(&imp->pin)),
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
		KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_get_extents(&imp->pin)),
				-EFAULT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(&imp->pin);
}

static void c6_whole_dmabuf_is_exporters_table(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct sg_table *sgt;

	sgt = vma_pin_map_dma(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
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
	sgt = vma_pin_map_dma(&imp->pin, imp->dev, DMA_FROM_DEVICE);
	vo_expect_dma(imp, sgt, obj->pages, e->offset, e->len);
	KUNIT_EXPECT_PTR_NE(test, sgt, obj->sgt);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		KUNIT_EXPECT_NULL(test, sg_page(sg));
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
	vma_pin_map_dma(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_kmap(&imp->pin);
	vma_pin_unmap_dma(&imp->pin);
	vma_pin_map_dma(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, vo_n(obj, get_dmabuf), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, attach), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, map), 2);
	vma_unpin(&imp->pin);
}

static void c6_dmabuf_for_another_device(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	vma_pin_map_dma(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vma_pin_unmap_dma(&imp->pin);
	imp->dev = vo_device(test->priv, "other");
	vo_expect_dma(imp, vma_pin_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE),
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

	vma_pin_map_dma(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vma_pin_unmap_dma(&imp->pin);
	imp->dev = vo_device(test->priv, "other");
	obj->attach_err = -ENXIO;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(&imp->pin, imp->dev,
						      DMA_TO_DEVICE)), -ENXIO);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, attach), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, detach), 1);
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
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(&imp->pin, imp->dev,
						      DMA_TO_DEVICE)), -ENXIO);
	obj->attach_err = 0;
	obj->map_err = -ENOSPC;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(&imp->pin, imp->dev,
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
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(&imp->pin, imp->dev,
						      DMA_TO_DEVICE)), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), vo_n(obj, map));
	vma_unpin(&imp->pin);
}

static void c6_second_mapping_busy(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct sg_table *sgt;

	sgt = vma_pin_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(&imp->pin, imp->dev,
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

	vma_pin_unmap_dma(&imp->pin);
	vma_pin_vunmap(&imp->pin);
	for (i = 0; i < 2; i++) {
		vma_pin_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE);
		vo_kmap(&imp->pin);
		vma_pin_unmap_dma(&imp->pin);
		vma_pin_unmap_dma(&imp->pin);
		vma_pin_vunmap(&imp->pin);
		vma_pin_vunmap(&imp->pin);
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
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(pin, imp->dev,
						      DMA_FROM_DEVICE)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(pin, imp->dev,
						      DMA_BIDIRECTIONAL)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(pin, imp->dev, DMA_NONE)),
			-EINVAL);
	vo_expect_dma(imp, vma_pin_map_dma(pin, imp->dev, DMA_TO_DEVICE),
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

	vma_pin_map_dma(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vma_pin_get_extents(&imp->pin);
	vo_kmap(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, extents), 2);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, vunmap), 1);
}

/* A dma-buf whose mmap names the owner that all dma-bufs may share */
static struct vo_obj *vo_obj_generic(struct vo *vo)
{
	struct vo_obj *obj = vo_obj(vo);
	struct dma_buf *dmabuf = vo_export(obj, &vo_buf_ops);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(vo->test, dmabuf);
	obj->vm_ops = &vo_vm_ops_generic;
	return obj;
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
	vo_expect_dma(imp, vma_pin_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, PAGE_SIZE + 8, PAGE_SIZE);
	vo_obj_unregister(obj);
	KUNIT_EXPECT_FALSE(test, obj->dead);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_TRUE(test, vo_obj_dies(obj));
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
	vo_expect_dma(imp, vma_pin_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, 0, VO_SIZE);
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

static void c7_static_importer_attaches_statically(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	vma_pin_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE);
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
	KUNIT_EXPECT_EQ(test, imp->why, VMA_PIN_MOVED);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 1);
	swap(obj->pages[0], obj->pages[1]);
	complete(&imp->go);
	flush_work(&imp->work);
	KUNIT_EXPECT_EQ(test, imp->remap_ret, 0);
	vo_expect_dma(imp, imp->pin.sgt, obj->pages, 0, VO_SIZE);
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
	KUNIT_EXPECT_NULL(test, imp->pin.sgt);
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
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), -ENODEV);
	KUNIT_EXPECT_EQ(test, vo_n(obj, map), vo_n(obj, unmap));
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

/* Have the exporter copy something in the background for @delay jiffies */
static void vo_signal_later(struct vo_obj *obj, struct vo_signal *s,
			    unsigned long delay)
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
	dma_resv_add_fence(resv, s->fence, DMA_RESV_USAGE_KERNEL);
	dma_resv_unlock(resv);
	INIT_DELAYED_WORK(&s->work, vo_signal_work);
	queue_delayed_work(obj->vo->wq, &s->work, delay);
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
	vo_signal_later(obj, s, VO_A_WHILE);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(s->fence));
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
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_get_extents(pin)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(pin)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(pin, imp->dev,
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

	KUNIT_EXPECT_TRUE(test, vo_is_marked(obj->revoke));
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
		KUNIT_EXPECT_EQ(test, imp[i]->why, VMA_PIN_REVOKED);
		KUNIT_EXPECT_FALSE(test, imp[i]->mapped);
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
	vo_expect_dma(imp, imp->pin.sgt, obj->pages, 0, VO_SIZE);
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
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->invalidated, VO_LONG));
	KUNIT_EXPECT_FALSE(test, vo_within(&rv->done, VO_A_WHILE));
	complete(&imp->go);
	flush_work(&rv->work);
	flush_work(&imp->work);
	KUNIT_EXPECT_LT(test, imp->undone_at, rv->done_at);
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

static void c8_drain_waits_for_unpin(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_revoker *rv;

	imp->slow = true;
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	rv = vo_revoker_start(obj, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->invalidated, VO_LONG));
	KUNIT_EXPECT_FALSE(test, vo_within(&rv->done, VO_A_WHILE));
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
}

/* Only live mappings count: pins alone hold up nobody */
static void c8_drain_ignores_pins_without_mapping(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_revoker *rv;

	imp->slow = true;
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
	KUNIT_EXPECT_EQ(test, vo_held(obj), 1);
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

static void c8_drain_ignores_failed_mappings(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);
	struct vma_pin *pin = &imp->pin;
	struct vo_revoker *rv;

	obj->extents_err = -ENOMEM;
	obj->vmap_err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_get_extents(pin)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(pin)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(pin, imp->dev,
						      DMA_TO_DEVICE)),
			-ENOMEM);
	rv = vo_revoker_start(obj, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
	vma_unpin(pin);
	/* What was counted and not counted off would be waited for here */
	flush_work(&rv->work);
}

static void c8_begin_does_not_wait(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	imp->slow = true;
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 0);
	vo_imp_unmap(imp);
	vma_owner_revoke_drain(obj->revoke);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

/* The revoke comes when the mapping is counted, but not yet returned */
static void c8_revoke_inside_mapping(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	obj->in_extents = vo_revoke_begin;
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), -ENODEV);
	obj->in_extents = NULL;
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_owner_revoke_drain(obj->revoke);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, imp->mapped);
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
	while (!vo_is_marked(obj->revoke))
		schedule_timeout_uninterruptible(1);
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
	KUNIT_EXPECT_EQ(test, imp->why, VMA_PIN_GONE);
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
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_get_extents(pin)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(pin, imp->dev,
						      DMA_TO_DEVICE)), -ENODEV);
	vma_pin_unmap_dma(pin);
	vma_pin_put_extents(pin);
	vma_pin_vunmap(pin);
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
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_get_extents(&imp->pin)), -ENODEV);
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
	KUNIT_EXPECT_FALSE(test, imp->mapped);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, imp->mapped);
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
	KUNIT_EXPECT_FALSE(test, imp->mapped);
	KUNIT_EXPECT_TRUE(test, other->mapped);
	KUNIT_EXPECT_TRUE(test, vo_logged("vo-unlucky cannot map "));
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, imp->mapped);
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

/* More than ten seconds, which is what a drain takes to lose its patience */
static void c8_drain_says_whom_it_waits_for(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_revoker *rv;
	char line[80];

	imp->client.name = "vo-slow";
	imp->slow = true;
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_FALSE(test, vo_within(&rv->done, 11 * HZ));
	snprintf(line, sizeof(line), "pinned by vo-slow: %#lx+%zu, for 1",
		 imp->pin.start, imp->pin.len);
	KUNIT_EXPECT_TRUE(test, vo_logged(line));
	vo_imp_unmap(imp);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

#define VO_ROUNDS	150

struct vo_stress {
	struct work_struct	work;
	struct vo_obj		*obj;
	struct vo_imp		*imp;
	unsigned long		addr;
	int			pinned, mapped, refused;
	int			odd;	/* an errno that should not have come */
};

static void vo_stress_round(struct vo_stress *s)
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
	/* The work item must not meet what unpin undoes, let alone the next pin */
	if (s->imp->by_work)
		vo_imp_unmap_for_good(s->imp);
	vma_unpin(&s->imp->pin);
	flush_work(&s->imp->work);
	/* No callback can come now, so no lock is needed */
	s->imp->stopped = false;
	s->imp->mapped = false;
}

static void vo_stress_work(struct work_struct *work)
{
	struct vo_stress *s = container_of(work, struct vo_stress, work);
	unsigned int i;

	kthread_use_mm(s->obj->vo->mm);
	for (i = 0; i < VO_ROUNDS; i++)
		vo_stress_round(s);
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
		s[i].imp->by_work = i == 2;
		complete_all(&s[i].imp->go);
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

/* Neither leaf lock nor dma_resv stands between them: KASAN would tell */
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
		KUNIT_EXPECT_FALSE(test, imp->mapped);
		vma_owner_restore(obj->revoke);
		KUNIT_EXPECT_TRUE(test, imp->mapped);
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
	KUNIT_EXPECT_FALSE(test, imp->mapped);
	mutex_lock(&memory_lock);
	vma_owner_restore(obj->revoke);
	mutex_unlock(&memory_lock);
	KUNIT_EXPECT_TRUE(test, imp->mapped);
	vma_unpin(&imp->pin);
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
			    bool gone, unsigned int nested, int live)
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

/* What the pins file of debugfs says now, through a mount of our own */
static char *vo_read_pins(struct vo *vo)
{
	unsigned long addr = vo_anon(vo, 1);
	char *buf = kunit_kzalloc(vo->test, PAGE_SIZE, GFP_KERNEL);
	struct vfsmount *mnt = kern_mount(get_fs_type("debugfs"));
	struct path root;
	struct file *file;
	loff_t pos = 0;
	ssize_t n;

	KUNIT_ASSERT_NOT_NULL(vo->test, buf);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(vo->test, mnt);
	root = (struct path) { .mnt = mnt, .dentry = mnt->mnt_root };
	file = file_open_root(&root, "vma_owner/pins", O_RDONLY, 0);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(vo->test, file);
	if (!IS_ERR(file)) {
		n = file->f_op->read(file, (char __user *)addr, PAGE_SIZE - 1,
				     &pos);
		KUNIT_EXPECT_GT(vo->test, n, 0);
		KUNIT_EXPECT_EQ(vo->test, copy_from_user(buf, (void __user *)addr,
							 PAGE_SIZE - 1), 0);
		__fput_sync(file);
	}
	kern_unmount(mnt);
	return buf;
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
 * Once more what maps pins, but on top of vo_dma: as vo_map_dma() and so on. No
 * DMA API of the machine that the tests run on need be able to do this.
 */
static struct sg_table *vo_map_dma(struct vma_pin *pin, struct device *dev,
				   enum dma_data_direction dir);
static void vo_unmap_dma(struct vma_pin *pin);
static void __maybe_unused *vo_vmap_pin(struct vma_pin *pin,
					enum dma_data_direction dir);
static void vo_vunmap_pin(struct vma_pin *pin);
static const struct vma_owner_extents __maybe_unused *
vo_pin_get_extents(struct vma_pin *pin);
static void vo_pin_put_extents(struct vma_pin *pin);
static int vo_for_cpu(struct vma_pin *pin);
static int vo_for_device(struct vma_pin *pin);

#define vma_pin_map_dma			vo_map_dma
#define vma_pin_unmap_dma		vo_unmap_dma
#define vma_pin_vmap			vo_vmap_pin
#define vma_pin_vunmap			vo_vunmap_pin
#define vma_pin_get_extents		vo_pin_get_extents
#define vma_pin_put_extents		vo_pin_put_extents
#define vma_pin_sync_for_cpu		vo_for_cpu
#define vma_pin_sync_for_device		vo_for_device
#define dma_map_sgtable			vo_dma_map_sgt
#define dma_unmap_sgtable		vo_dma_unmap_sgt
#define dma_sync_sgtable_for_cpu	vo_dma_sgt_for_cpu
#define dma_sync_sgtable_for_device	vo_dma_sgt_for_device
#define dma_map_phys			vo_dma_map
#define dma_unmap_phys			vo_dma_unmap
#define dma_sync_single_for_cpu		vo_dma_for_cpu
#define dma_sync_single_for_device	vo_dma_for_device
#define dma_need_sync			vo_dma_need_sync
#define dma_get_max_seg_size		vo_dma_max_seg_size
#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(sym)
#undef EXPORT_SYMBOL_FOR_MODULES
#define EXPORT_SYMBOL_FOR_MODULES(sym, modules)
#undef subsys_initcall
#define subsys_initcall(fn) \
	static initcall_t fn##_again __initdata __maybe_unused = fn

#include "../../drivers/dma-buf/vma-pin.c"

#undef vma_pin_map_dma
#undef vma_pin_unmap_dma
#undef vma_pin_vmap
#undef vma_pin_vunmap
#undef vma_pin_get_extents
#undef vma_pin_put_extents
#undef vma_pin_sync_for_cpu
#undef vma_pin_sync_for_device
#undef dma_map_sgtable
#undef dma_unmap_sgtable
#undef dma_sync_sgtable_for_cpu
#undef dma_sync_sgtable_for_device
#undef dma_map_phys
#undef dma_unmap_phys
#undef dma_sync_single_for_cpu
#undef dma_sync_single_for_device
#undef dma_need_sync
#undef dma_get_max_seg_size

static void vo_dma_start(struct kunit *test)
{
	memset(&vo_dma, 0, sizeof(vo_dma));
	spin_lock_init(&vo_dma.lock);
	vo_dma.max_seg_size = SZ_64K;
	dma_resv_init(&vma_pin_any_resv);
}

#else

/* The cases compile, and are skipped */
#define vo_map_dma	vma_pin_map_dma
#define vo_unmap_dma	vma_pin_unmap_dma
#define vo_for_cpu	vma_pin_sync_for_cpu
#define vo_for_device	vma_pin_sync_for_device

static void vo_dma_start(struct kunit *test)
{
	kunit_skip(test, "vma-pin.c calls what modules cannot");
}

#endif /* MODULE */

enum vo_memory { VO_ORDINARY, VO_RAM, VO_RAM_FIXED, VO_DMABUF, VO_PART };

static const struct vo_param vo_memories[] = {
	{ "ordinary", VO_ORDINARY }, { "RAM", VO_RAM },
	{ "RAM_FIXED", VO_RAM_FIXED }, { "dma-buf", VO_DMABUF },
	{ "part of a dma-buf", VO_PART },
};

KUNIT_ARRAY_PARAM_DESC(vo_memory, vo_memories, name);

/* Pinned memory of some kind, and one page of it */
struct vo_mem {
	struct vo_obj	*obj;
	struct vo_imp	*imp;
	struct page	*page;
	bool		synced;		/* by whoever */
};

static void vo_mem(struct kunit *test, struct vo_mem *m)
{
	const struct vo_param *t = test->param_value;
	struct vo *vo = test->priv;
	unsigned long addr;

	vo_dma_start(test);
	m->synced = t->value != VO_RAM_FIXED;
	m->obj = t->value >= VO_DMABUF ? vo_obj_dmabuf(vo) : vo_obj(vo);
	m->obj->incoherent = true;
	m->imp = vo_imp_dev(vo, VO_STATIC);
	if (t->value == VO_RAM_FIXED)
		m->obj->type = VMA_OWNER_RAM_FIXED;
	addr = t->value == VO_ORDINARY ? vo_anon(vo, VO_PAGES) : vo_map(m->obj);
	KUNIT_ASSERT_EQ(test, 0, vo_pin(m->imp, addr + PAGE_SIZE,
					t->value == VO_PART ? 16 : PAGE_SIZE));
	m->page = t->value == VO_ORDINARY ? m->imp->pin.pages[0] :
					    m->obj->pages[1];
}

static void c14_each_hand_over_happens_once(struct kunit *test)
{
	struct vo_mem m;
	struct vma_pin *pin;
	unsigned int to_device, to_cpu, i;

	vo_mem(test, &m);
	pin = &m.imp->pin;
	KUNIT_ASSERT_FALSE(test, IS_ERR(vo_map_dma(pin, m.imp->dev,
						   DMA_FROM_DEVICE)));
	KUNIT_EXPECT_FALSE(test, vo_is_device(m.page));
	for (i = 0; i < 3; i++) {
		to_device = vo_dma.to_device;
		to_cpu = vo_dma.to_cpu;
		KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
		KUNIT_EXPECT_EQ(test, vo_is_device(m.page), m.synced);
		KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
		if (!vo_n(m.obj, map))
			KUNIT_EXPECT_EQ(test, vo_dma.to_device - to_device,
					m.synced);
		KUNIT_EXPECT_EQ(test, vo_dma.to_cpu, to_cpu);

		to_device = vo_dma.to_device;
		KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
		KUNIT_EXPECT_FALSE(test, vo_is_device(m.page));
		KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
		if (!vo_n(m.obj, map))
			KUNIT_EXPECT_EQ(test, vo_dma.to_cpu - to_cpu, m.synced);
		KUNIT_EXPECT_EQ(test, vo_dma.to_device, to_device);
	}
	KUNIT_EXPECT_EQ(test, vo_n(m.obj, end_cpu), vo_n(m.obj, map) ? 3 : 0);
	vma_unpin(pin);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.lost, 0);
}

/* Pages and extents that are the CPU's are not synced once more: it wrote there */
static void c14_unmap_keeps_what_the_cpu_wrote(struct kunit *test)
{
	struct vo_mem m;
	struct vma_pin *pin;
	unsigned int to_cpu, begin;

	vo_mem(test, &m);
	pin = &m.imp->pin;
	vo_map_dma(pin, m.imp->dev, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
	to_cpu = vo_dma.to_cpu;
	begin = vo_n(m.obj, begin_cpu);
	vo_unmap_dma(pin);
	if (!vo_n(m.obj, map))
		KUNIT_EXPECT_EQ(test, vo_dma.to_cpu, to_cpu);
	/* The exporter's own unmap is told first what the CPU has written */
	KUNIT_EXPECT_EQ(test, vo_n(m.obj, begin_cpu), begin);
	KUNIT_EXPECT_EQ(test, vo_n(m.obj, end_cpu), begin);
	KUNIT_EXPECT_EQ(test, vo_dma.lost, 0);

	/* Nor is it the device's, or the CPU's twice, when it is mapped again */
	vo_map_dma(pin, m.imp->dev, DMA_FROM_DEVICE);
	KUNIT_EXPECT_FALSE(test, vo_is_device(m.page));
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_is_device(m.page), m.synced);
	vma_unpin(pin);
	KUNIT_EXPECT_FALSE(test, vo_is_device(m.page));
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.lost, 0);
}

static void c14_unmap_takes_back_what_the_device_has(struct kunit *test)
{
	struct vo_mem m;
	struct vma_pin *pin;
	unsigned int to_cpu;

	vo_mem(test, &m);
	pin = &m.imp->pin;
	vo_map_dma(pin, m.imp->dev, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	to_cpu = vo_dma.to_cpu;
	vo_unmap_dma(pin);
	KUNIT_EXPECT_EQ(test, vo_dma.to_cpu > to_cpu, m.synced);
	KUNIT_EXPECT_EQ(test, vo_n(m.obj, begin_cpu),
			2 * vo_n(m.obj, map));
	vma_unpin(pin);
	KUNIT_EXPECT_FALSE(test, vo_is_device(m.page));
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.lost, 0);
}

static void c14_extents_left_mapped_by_a_failure(struct kunit *test)
{
	struct vo_obj *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	vo_dma_start(test);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	vo_dma.fail_at = 2;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(pin, imp->dev,
						 DMA_TO_DEVICE)), -EIO);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(pin);
}

/* One address for all of it, if that is all the device takes */
static void c14_contiguous_is_not_cut(struct kunit *test)
{
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned int order = get_order(VO_SIZE), i;
	struct vma_pin *pin = &imp->pin;
	struct page *page, *pages[VO_PAGES];

	vo_dma_start(test);
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

/* The exporter has no begin and end, and the device needs them */
static void c15_exporter_cannot_sync(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp;
	struct vma_pin *pin;

	vo_dma_start(test);
	imp = vo_pinned_dev(obj, VO_STATIC);
	pin = &imp->pin;
	obj->ops.get_dmabuf = vo_get_dmabuf_no_vmap;
	obj->incoherent = true;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(pin, imp->dev,
						 DMA_TO_DEVICE)),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vo_n(obj, map), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 1);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	vma_unpin(pin);
}

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
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	vma_pin_map_dma(pin, imp->dev, t->dir);
	KUNIT_EXPECT_EQ(test, obj->sgt_dir, t->buf);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 1);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	vo_expect_dir(obj, t->buf);
	vma_pin_unmap_dma(pin);
	vo_expect_dir(obj, t->buf);
	vma_pin_map_dma(pin, imp->dev, t->dir);
	vma_unpin(pin);
	vo_expect_dir(obj, t->buf);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 3);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 3);
}

/* What the kernel alone accesses: begun when it says so, and no sooner */
static void c14_kernel_mapping_alone(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_FALSE(test, IS_ERR(vma_pin_vmap(pin, DMA_TO_DEVICE)));
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
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_vmap(pin, DMA_TO_DEVICE)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_vmap(pin, DMA_NONE)), -EINVAL);
	KUNIT_EXPECT_FALSE(test, IS_ERR(vma_pin_vmap(pin, DMA_FROM_DEVICE)));
	vma_unpin(pin);
}

/* Not begun is not mapped */
static void c14_begin_fails_when_mapped(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	obj->begin_err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma(&imp->pin, imp->dev,
						      DMA_FROM_DEVICE)),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 0);
	KUNIT_EXPECT_NULL(test, imp->pin.sgt);
	obj->begin_err = 0;
	vo_expect_dma(imp, vma_pin_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, 0, VO_SIZE);
	vma_unpin(&imp->pin);
}

/* No end without a begin; and what comes next does both */
static void c14_begin_fails(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	vma_pin_map_dma(pin, imp->dev, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	obj->begin_err = -EINTR;
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), -EINTR);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), -EINTR);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), -EINTR);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 1);
	obj->begin_err = 0;
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 2);
	obj->begin_err = -EINTR;
	vma_unpin(pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 2);
}

static void c14_end_fails(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	vma_pin_map_dma(pin, imp->dev, DMA_FROM_DEVICE);
	obj->end_err = -EIO;
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), -EIO);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 1);
	/* The device has not got it, so it is handed over once more */
	obj->end_err = 0;
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 2);
	vma_unpin(pin);
}

/* A move leaves open what is begun; it ends before the next begin */
static void c14_move_while_begun(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);

	imp->by_work = true;
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vo_move(obj, 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 0);
	complete(&imp->go);
	flush_work(&imp->work);
	KUNIT_EXPECT_EQ(test, imp->remap_ret, 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 1);
	vma_unpin(&imp->pin);
}

/* Syncs and unmapping wait for nobody, and so nobody can keep a process alive */
static void c14_fences_not_waited_for(struct kunit *test)
{
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct vo_signal *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_NOT_NULL(test, s);
	vma_pin_map_dma(pin, imp->dev, DMA_FROM_DEVICE);
	vo_kmap(pin);
	vo_signal_later(obj, s, VO_LONG);
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
	struct vo_obj *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	obj->ops.get_dmabuf = vo_get_dmabuf_no_vmap;
	vo_expect_dma(imp, vma_pin_map_dma(pin, imp->dev, DMA_TO_DEVICE),
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
	KUNIT_CASE(c6_extents_error_passed_on),
	KUNIT_CASE(c6_short_extents_refused),
	KUNIT_CASE(c6_long_extents_refused),
	KUNIT_CASE(c6_whole_dmabuf_is_exporters_table),
	KUNIT_CASE_PARAM(c6_part_of_dmabuf, vo_edge_gen_params),
	KUNIT_CASE(c6_dmabuf_made_once_for_each_pin),
	KUNIT_CASE(c6_dmabuf_for_another_device),
	KUNIT_CASE(c6_dmabuf_refuses_another_device),
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
	KUNIT_CASE(c8_pin_refused_while_revoked),
	KUNIT_CASE(c8_revoke_inside_pin),
	KUNIT_CASE(c8_pin_queued_behind_revoke),
	KUNIT_CASE(c8_mappings_refused_while_revoked),
	KUNIT_CASE(c8_mark_then_zap_then_invalidate),
	KUNIT_CASE(c8_each_pin_is_told_once),
	KUNIT_CASE(c8_dma_mapping_undone_by_revoke),
	KUNIT_CASE(c8_revoke_without_pins),
	KUNIT_CASE(c8_drain_waits_for_work_item),
	KUNIT_CASE(c8_drain_waits_for_unpin),
	KUNIT_CASE(c8_drain_ignores_pins_without_mapping),
	KUNIT_CASE(c8_drain_ignores_failed_mappings),
	KUNIT_CASE(c8_begin_does_not_wait),
	KUNIT_CASE(c8_revoke_inside_mapping),
	KUNIT_CASE(c8_cpu_mappings_zapped),
	KUNIT_CASE(c8_late_fault_is_zapped),
	KUNIT_CASE(c8_temporary_losses_nest),
	KUNIT_CASE(c8_permanent_after_temporary),
	KUNIT_CASE(c8_temporary_after_permanent),
	KUNIT_CASE(c8_permanent_leaves_an_empty_shell),
	KUNIT_CASE(c8_temporary_keeps_the_object),
	KUNIT_CASE(c8_unpin_while_revoked),
	KUNIT_CASE(c8_handle_outlives_the_exporter),
	KUNIT_CASE(c8_two_objects_one_handle),
	KUNIT_CASE(c8_restore_maps_again),
	KUNIT_CASE(c8_restore_calls_those_who_asked),
	KUNIT_CASE(c8_failed_restore_is_tried_again),
	KUNIT_CASE(c8_restore_once_too_often),
	KUNIT_CASE_SLOW(c8_drain_says_whom_it_waits_for),
	KUNIT_CASE(c8_revoke_races_pin_map_and_unpin),
	KUNIT_CASE(c9_sync_races_invalidate),
	KUNIT_CASE(c9_unpin_waits_for_callback),
	KUNIT_CASE(c9_no_callback_after_unpin),
	KUNIT_CASE(c9_revoke_under_exporters_lock),
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
	KUNIT_CASE(c13_debugfs_lists_pins),
#endif
	KUNIT_CASE_PARAM(c14_each_hand_over_happens_once, vo_memory_gen_params),
	KUNIT_CASE_PARAM(c14_unmap_keeps_what_the_cpu_wrote,
			 vo_memory_gen_params),
	KUNIT_CASE_PARAM(c14_unmap_takes_back_what_the_device_has,
			 vo_memory_gen_params),
	KUNIT_CASE(c14_extents_left_mapped_by_a_failure),
	KUNIT_CASE(c14_contiguous_is_not_cut),
	KUNIT_CASE(c15_exporter_cannot_sync),
	KUNIT_CASE_PARAM(c14_direction_is_that_of_the_mapping,
			 vo_dir_gen_params),
	KUNIT_CASE(c14_kernel_mapping_alone),
	KUNIT_CASE(c14_kernel_mapping_must_fit_the_pin),
	KUNIT_CASE(c14_begin_fails_when_mapped),
	KUNIT_CASE(c14_begin_fails),
	KUNIT_CASE(c14_end_fails),
	KUNIT_CASE(c14_move_while_begun),
	KUNIT_CASE(c14_fences_not_waited_for),
	KUNIT_CASE(c15_nothing_to_sync),
	KUNIT_CASE(c16_still_there),
	KUNIT_CASE(c16_ordinary_memory_still_there),
	KUNIT_CASE(c16_lost_for_good_is_not_there),
	KUNIT_CASE_PARAM(errno_of_owner_passed_on, vo_errno_gen_params),
	KUNIT_CASE(errno_of_second_vma_passed_on),
	KUNIT_CASE(errno_owner_answers_nonsense),
	KUNIT_CASE(errno_range_overflows),
	KUNIT_CASE(errno_last_page_overflows),
	KUNIT_CASE(errno_bad_arguments),
	KUNIT_CASE(errno_nothing_mapped),
	KUNIT_CASE(errno_without_mm),
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
