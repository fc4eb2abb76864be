// SPDX-License-Identifier: GPL-2.0
/*
 * A mock owner for KUnit tests: memory that may be pinned, and its dma-buf.
 *
 * Tests of drivers use what kunit/vma_owner.h has; the core's look further in.
 */
#include <kunit/visibility.h>
#include <linux/anon_inodes.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <linux/wait_bit.h>
#include "vma_owner_kunit.h"

/* Extents that have been handed out */
struct vo_vec {
	struct list_head	node;
	struct phys_vec		vec[2 * VO_PAGES];
};

/* Orders events of different threads */
static atomic_t vo_clock;

int vo_tick(void)
{
	return atomic_inc_return(&vo_clock);
}
EXPORT_SYMBOL_IF_KUNIT(vo_tick);

static void vo_alive_put(struct vma_owner_mock *obj)
{
	atomic_dec(&obj->alive);
	/* wake_up_var() looks for waiters without a lock */
	smp_mb__after_atomic();
	wake_up_var(&obj->alive);
}

/*
 * Waits for what fput() and a dying mm do in their own time. A worker may have
 * begun with the files that are put, and flush_delayed_fput() not wait for it.
 */
bool vo_alive_is(struct vma_owner_mock *obj, int n)
{
	flush_delayed_fput();
	return wait_var_event_timeout(&obj->alive, atomic_read(&obj->alive) == n,
				      VO_LONG);
}
EXPORT_SYMBOL_IF_KUNIT(vo_alive_is);

/* References that the core has now */
int vo_held(struct vma_owner_mock *obj)
{
	return vo_n(obj, got) - vo_n(obj, put);
}
EXPORT_SYMBOL_IF_KUNIT(vo_held);

static void vo_obj_put(struct vma_owner_mock *obj)
{
	if (!refcount_dec_and_test(&obj->users))
		return;
	obj->dead = true;
	vo_alive_put(obj);
}

bool vo_obj_dies(struct vma_owner_mock *obj)
{
	flush_delayed_fput();
	return wait_var_event_timeout(&obj->alive, READ_ONCE(obj->dead),
				      VO_LONG);
}
EXPORT_SYMBOL_IF_KUNIT(vo_obj_dies);

static int vo_tryget(const struct vma_owner_query *q, struct vma_owner_ref *ref)
{
	struct vma_owner_mock *obj = q->private_data;

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

void vo_put(void *data)
{
	struct vma_owner_mock *obj = data;

	vo_count(obj, put);
	if (obj->in_put)
		obj->in_put(obj);
	vo_obj_put(obj);
}
EXPORT_SYMBOL_IF_KUNIT(vo_put);

/* A page each, or with @halves the first half of each page and then the second */
static void vo_fill_vec(struct vma_owner_mock *obj, u64 offset, u64 len,
			struct vma_owner_extents *x)
{
	size_t piece = obj->halves ? PAGE_SIZE / 2 : PAGE_SIZE;

	for (; len; x->nr++) {
		u64 i = obj->halves ? x->nr : offset >> PAGE_SHIFT;
		struct page *page = obj->pages[i % VO_PAGES];
		size_t skip = offset & (piece - 1);
		size_t n = min_t(u64, len, piece - skip);

		/* As a carve-out is: DMA_API_DEBUG sees to that */
		if (obj->type != VMA_OWNER_RAM)
			SetPageReserved(page);
		if (obj->halves && i >= VO_PAGES)
			skip += piece;
		x->vec[x->nr].paddr = skip + page_to_phys(page);
		x->vec[x->nr].len = n;
		offset += n;
		len -= n;
	}
}

static int vo_get_extents(void *data, u64 offset, u64 len,
			  struct vma_owner_extents *x)
{
	struct vma_owner_mock *obj = data;
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
	/* Stands for a protection that is not cached: not all machines have one */
	if (x->type == VMA_OWNER_RAM_FIXED && !obj->fixed_cached)
		x->prot = PAGE_NONE;
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
	struct vma_owner_mock *obj = data;
	struct vo_vec *v, *found = NULL;

	vo_count(obj, put_extents);
	obj->undone_at = vo_tick();
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
	struct vma_owner_mock *obj = data;
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
	struct vma_owner_mock *obj = data;

	vo_count(obj, vunmap);
	vunmap(map->vaddr);
}

struct vma_owner_revoke *vo_revocable(void *data)
{
	struct vma_owner_mock *obj = data;

	if (obj->in_revocable)
		obj->in_revocable(obj);
	return obj->revoke;
}
EXPORT_SYMBOL_IF_KUNIT(vo_revocable);

static void vo_zap(void *priv)
{
	struct vma_owner_mock *obj = priv;

	vo_count(obj, zap);
	obj->zapped_at = vo_tick();
	if (obj->in_zap)
		obj->in_zap(obj);
	unmap_mapping_range(obj->file->f_mapping, 0, 0, 1);
}

static const struct vma_owner_revoke_ops vo_revoke_ops = {
	.name	= "vo-revoke",
	.zap	= vo_zap,
};

static vm_fault_t vo_insert(struct vma_owner_mock *obj, struct vm_fault *vmf)
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

/* As vfio does it */
static vm_fault_t vo_fault_own_lock(struct vma_owner_mock *obj,
				    struct vm_fault *vmf)
{
	vm_fault_t ret = VM_FAULT_SIGBUS;

	down_read(&obj->memory_lock);
	if (!obj->off)
		ret = vo_insert(obj, vmf);
	up_read(&obj->memory_lock);
	return ret;
}

static vm_fault_t vo_fault(struct vm_fault *vmf)
{
	struct vma_owner_mock *obj = vmf->vma->vm_private_data;
	vm_fault_t ret;

	vo_count(obj, fault);
	if (vmf->pgoff >= VO_PAGES)
		return VM_FAULT_SIGBUS;
	if (obj->own_lock)
		return vo_fault_own_lock(obj, vmf);
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
	struct vma_owner_mock *obj = vma->vm_private_data;

	vo_count(obj, open);
	if (obj->vma_counts)
		refcount_inc(&obj->users);
}

static void vo_close(struct vm_area_struct *vma)
{
	struct vma_owner_mock *obj = vma->vm_private_data;

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

const struct vm_operations_struct vo_vm_ops_without_owner = {
	.open		= vo_open,
	.close		= vo_close,
	.fault		= vo_fault,
};
EXPORT_SYMBOL_IF_KUNIT(vo_vm_ops_without_owner);

const struct vm_operations_struct vo_vm_ops_cached = {
	.open		= vo_open,
	.close		= vo_close,
	.fault		= vo_fault,
	.owner_ops	= &dma_buf_cached_vma_owner_ops,
};
EXPORT_SYMBOL_IF_KUNIT(vo_vm_ops_cached);

const struct vm_operations_struct vo_vm_ops_generic = {
	.open		= vo_open,
	.close		= vo_close,
	.fault		= vo_fault,
	.owner_ops	= &dma_buf_vma_owner_ops,
};
EXPORT_SYMBOL_IF_KUNIT(vo_vm_ops_generic);

static int vo_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vma_owner_mock *obj = file->private_data;

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
	struct vma_owner_mock *obj = file->private_data;

	vo_alive_put(obj);
	return 0;
}

static const struct file_operations vo_fops = {
	.owner		= THIS_MODULE,
	.mmap		= vo_mmap,
	.release	= vo_release,
};

/* The driver lets go of its buffer: VMAs and the core may still hold it */
void vo_obj_unregister(struct vma_owner_mock *obj)
{
	if (!obj->registered)
		return;
	obj->registered = false;
	vo_obj_put(obj);
}
EXPORT_SYMBOL_IF_KUNIT(vo_obj_unregister);

void vo_obj_close(struct vma_owner_mock *obj)
{
	if (obj->file)
		fput(obj->file);
	obj->file = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(vo_obj_close);

void vo_obj_free(struct vma_owner_mock *obj)
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
EXPORT_SYMBOL_IF_KUNIT(vo_obj_free);

static const struct vma_owner_mock_dma vo_dma_api = {
	.map		= dma_map_sgtable,
	.unmap		= dma_unmap_sgtable,
	.for_cpu	= dma_sync_sgtable_for_cpu,
	.for_device	= dma_sync_sgtable_for_device,
};

/* A few in one piece, or with @scattered from the last one to the first */
static bool vo_alloc_pages(struct vma_owner_mock *obj, bool scattered)
{
	unsigned int order = get_order(VO_SIZE), i;
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);

	if (!page)
		return false;
	split_page(page, order);
	for (i = 0; i < VO_PAGES; i++)
		obj->pages[i] = page + (scattered ? VO_PAGES - 1 - i : i);
	return true;
}

static void vo_obj_init(struct vma_owner_mock *obj, unsigned int what)
{
	spin_lock_init(&obj->vecs_lock);
	INIT_LIST_HEAD(&obj->vecs);
	INIT_LIST_HEAD(&obj->node);
	init_completion(&obj->entered);
	init_completion(&obj->go);
	init_rwsem(&obj->memory_lock);
	obj->size = VO_SIZE;
	obj->pfnmap = !(what & VOM_ORDINARY);
	obj->halves = what & VOM_HALVES;
	obj->vm_ops = what & (VOM_ORDINARY | VOM_NOBODYS) ?
		      &vo_vm_ops_without_owner : &vo_vm_ops;
	obj->dma = &vo_dma_api;
	obj->ops = (struct vma_owner_obj_ops) {
		.name		= "vo-owner",
		.module		= THIS_MODULE,
		.put		= vo_put,
		.vmap		= vo_vmap,
		.vunmap		= vo_vunmap,
		.get_extents	= vo_get_extents,
		.put_extents	= vo_put_extents,
	};
	if (what & VOM_DMABUF) {
		obj->ops.get_dmabuf = vo_get_dmabuf;
		obj->ops.sync = vo_sync;
		obj->sync = VMA_OWNER_SYNC_DMA;
	}
	obj->registered = true;
	refcount_set(&obj->users, 1);
	atomic_set(&obj->alive, 2);
}

/* A buffer in RAM, lazily faulted, with extents and a kernel mapping */
struct vma_owner_mock *vo_obj_alloc(struct kunit *test, unsigned int what)
{
	struct vma_owner_mock *obj = kzalloc_obj(*obj);

	KUNIT_ASSERT_NOT_NULL(test, obj);
	obj->test = test;
	vo_obj_init(obj, what);
	if (!vo_alloc_pages(obj, what & VOM_SCATTERED))
		goto err_free;
	if (what & VOM_REVOCABLE) {
		obj->ops.revocable = vo_revocable;
		obj->revoke = vma_owner_revoke_create(&vo_revoke_ops, obj);
		if (IS_ERR(obj->revoke))
			goto err_free;
	}
	obj->file = anon_inode_create_getfile("[vma_owner_mock]", &vo_fops, obj,
					      O_RDWR, NULL);
	if (!IS_ERR(obj->file))
		return obj;

err_free:
	vo_obj_free(obj);
	KUNIT_FAIL(test, "no memory for a mock");
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(vo_obj_alloc);

/* ------------------------------------------------------------------------- */
/* The exporter's dma-buf                                                    */

static int vo_buf_attach(struct dma_buf *dmabuf,
			 struct dma_buf_attachment *attach)
{
	struct vma_owner_mock *obj = dmabuf->priv;

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
	vo_count((struct vma_owner_mock *)dmabuf->priv, detach);
}

static int vo_buf_pin(struct dma_buf_attachment *attach)
{
	vo_count((struct vma_owner_mock *)attach->dmabuf->priv, pin);
	return 0;
}

static void vo_buf_unpin(struct dma_buf_attachment *attach)
{
	vo_count((struct vma_owner_mock *)attach->dmabuf->priv, unpin);
}

/* What the CPU does not cache is not synced */
static unsigned long vo_buf_attrs(struct vma_owner_mock *obj)
{
	return obj->sync == VMA_OWNER_SYNC_NEVER ? DMA_ATTR_SKIP_CPU_SYNC : 0;
}

/* An entry for each page, or with @halves for each half of one */
static int vo_buf_table(struct vma_owner_mock *obj, struct sg_table *sgt)
{
	size_t piece = PAGE_SIZE / 2;
	struct scatterlist *sg;
	int ret, i;

	if (!obj->halves)
		return sg_alloc_table_from_pages(sgt, obj->pages, VO_PAGES, 0,
						 VO_SIZE, GFP_KERNEL);
	ret = sg_alloc_table(sgt, 2 * VO_PAGES, GFP_KERNEL);
	if (ret)
		return ret;
	for_each_sgtable_sg(sgt, sg, i)
		sg_set_page(sg, obj->pages[i / 2], piece, i % 2 * piece);
	return 0;
}

static struct sg_table *vo_buf_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction dir)
{
	struct vma_owner_mock *obj = attach->dmabuf->priv;
	unsigned long attrs = vo_buf_attrs(obj);
	struct sg_table *sgt;
	int ret;

	if (obj->map_err)
		return ERR_PTR(obj->map_err);
	sgt = kzalloc_obj(*sgt);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = vo_buf_table(obj, sgt);
	if (ret)
		goto err_free;
	ret = obj->dma->map(attach->dev, sgt, dir, attrs);
	if (ret)
		goto err_free_table;
	vo_count(obj, map);
	obj->sgt = sgt;
	if (obj->mapped)
		obj->mapped(obj);
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
	struct vma_owner_mock *obj = attach->dmabuf->priv;
	unsigned long attrs = vo_buf_attrs(obj);

	vo_count(obj, unmap);
	obj->sgt_dev = NULL;
	obj->dma->unmap(attach->dev, sgt, dir, attrs);
	sg_free_table(sgt);
	kfree(sgt);
}

static int vo_buf_begin(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct vma_owner_mock *obj = dmabuf->priv;

	if (obj->begin_err)
		return obj->begin_err;
	vo_count(obj, begin_cpu);
	obj->begin_dir = dir;
	if (obj->sgt_dev)
		obj->dma->for_cpu(obj->sgt_dev, obj->sgt, dir);
	return 0;
}

static int vo_buf_end(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct vma_owner_mock *obj = dmabuf->priv;

	vo_count(obj, end_cpu);
	obj->end_dir = dir;
	if (obj->end_err)
		return obj->end_err;
	if (obj->sgt_dev)
		obj->dma->for_device(obj->sgt_dev, obj->sgt, dir);
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

int vo_buf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct vma_owner_mock *obj = dmabuf->priv;

	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = obj->vm_ops;
	vma->vm_private_data = obj;
	vo_open(vma);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vo_buf_mmap);

const struct dma_buf_ops vo_buf_ops = {
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
EXPORT_SYMBOL_IF_KUNIT(vo_buf_ops);

static const struct dma_buf_ops vo_buf_ops_no_vmap = {
	.map_dma_buf		= vo_buf_map,
	.unmap_dma_buf		= vo_buf_unmap,
	.release		= vo_buf_release,
};

struct dma_buf *vo_export_size(struct vma_owner_mock *obj,
			       const struct dma_buf_ops *ops, size_t size)
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
EXPORT_SYMBOL_IF_KUNIT(vo_export_size);

static struct dma_buf *vo_export(struct vma_owner_mock *obj,
				 const struct dma_buf_ops *ops)
{
	return vo_export_size(obj, ops, VO_SIZE);
}

struct dma_buf *vo_get_dmabuf(void *data)
{
	vo_count((struct vma_owner_mock *)data, get_dmabuf);
	return vo_export(data, &vo_buf_ops);
}
EXPORT_SYMBOL_IF_KUNIT(vo_get_dmabuf);

struct dma_buf *vo_get_dmabuf_no_vmap(void *data)
{
	return vo_export(data, &vo_buf_ops_no_vmap);
}
EXPORT_SYMBOL_IF_KUNIT(vo_get_dmabuf_no_vmap);

enum vma_owner_sync vo_sync(void *data)
{
	return ((struct vma_owner_mock *)data)->sync;
}
EXPORT_SYMBOL_IF_KUNIT(vo_sync);

/* The exporter moves the memory, or loses it if @map_err */
void vo_move(struct vma_owner_mock *obj, int map_err)
{
	dma_resv_lock(obj->dmabuf->resv, NULL);
	obj->map_err = map_err;
	dma_buf_invalidate_mappings(obj->dmabuf);
	dma_resv_unlock(obj->dmabuf->resv);
}
EXPORT_SYMBOL_IF_KUNIT(vo_move);

/* ------------------------------------------------------------------------- */
/* For tests of drivers                                                      */

static int vo_fence_release(struct inode *inode, struct file *file)
{
	complete(file->private_data);
	return 0;
}

/*
 * Waits for the files that kernel threads have put. flush_delayed_fput() releases
 * those that are listed, the last one first, and does not wait for a worker that has
 * begun with what was listed before; so one more is left to that worker.
 */
static void vo_wait_for_fput(void)
{
	static const struct file_operations fops = {
		.owner		= THIS_MODULE,
		.release	= vo_fence_release,
	};
	DECLARE_COMPLETION_ONSTACK(done);
	struct file *file;

	flush_delayed_fput();
	if (!(current->flags & PF_KTHREAD))
		return;
	file = anon_inode_getfile("[fence]", &fops, &done, O_RDWR);
	if (IS_ERR(file))
		return;
	fput(file);
	wait_for_completion(&done);
}

static void vo_mock_end(void *data)
{
	struct vma_owner_mock *m = data;

	vo_obj_unregister(m);
	vo_obj_close(m);
	/* If not, somebody may still use all this */
	if (vo_alive_is(m, 0))
		vo_obj_free(m);
}

/**
 * vma_owner_mock() - Make an owner, and an address space to map it in
 * @test: the test, with whose end it goes
 * @what: VOM_ flags, or 0 for static memory with extents
 *
 * Return: the owner; the test ends at once if there is none.
 */
struct vma_owner_mock *vma_owner_mock(struct kunit *test, unsigned int what)
{
	struct vma_owner_mock *m = vo_obj_alloc(test, what);

	KUNIT_ASSERT_NOT_NULL(test, m);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, vo_mock_end, m));
	KUNIT_ASSERT_EQ(test, kunit_attach_mm(), 0);
	return m;
}
EXPORT_SYMBOL_IF_KUNIT(vma_owner_mock);

/* Room for so many pages with nothing mapped in it nor next to it */
unsigned long vma_owner_mock_area(struct kunit *test, unsigned int pages)
{
	unsigned long len = (pages + 2) << PAGE_SHIFT;
	unsigned long addr = vm_mmap(NULL, 0, len, PROT_NONE,
				     MAP_PRIVATE | MAP_ANONYMOUS, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, len), 0);
	return addr + PAGE_SIZE;
}
EXPORT_SYMBOL_IF_KUNIT(vma_owner_mock_area);

/* Map @m, with a hole before and behind it, and fault its pages in */
unsigned long vma_owner_mock_mmap(struct vma_owner_mock *m, unsigned long prot)
{
	unsigned long addr = vma_owner_mock_area(m->test, VOM_PAGES);

	KUNIT_ASSERT_EQ(m->test, vm_mmap(m->file, addr, VOM_SIZE, prot,
					 MAP_SHARED | MAP_FIXED, 0), addr);
	KUNIT_ASSERT_EQ(m->test, 0,
			fault_in_readable((char __user *)addr, VOM_SIZE));
	return addr;
}
EXPORT_SYMBOL_IF_KUNIT(vma_owner_mock_mmap);

/* Replace the last half of a mapping by ordinary memory, or by nothing */
void vma_owner_mock_cut(struct vma_owner_mock *m, unsigned long addr,
			bool ordinary)
{
	unsigned long half = addr + VOM_SIZE / 2;

	KUNIT_ASSERT_EQ(m->test, vm_munmap(half, VOM_SIZE / 2), 0);
	if (ordinary)
		KUNIT_ASSERT_EQ(m->test, half,
				vm_mmap(NULL, half, VOM_SIZE / 2,
					PROT_READ | PROT_WRITE, MAP_PRIVATE |
					MAP_ANONYMOUS | MAP_FIXED, 0));
}
EXPORT_SYMBOL_IF_KUNIT(vma_owner_mock_cut);

/* A page of private anonymous memory */
unsigned long vma_owner_mock_anon(struct kunit *test, unsigned long prot)
{
	unsigned long addr = vm_mmap(NULL, 0, PAGE_SIZE, prot,
				     MAP_PRIVATE | MAP_ANONYMOUS, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}
EXPORT_SYMBOL_IF_KUNIT(vma_owner_mock_anon);

/* Does nobody but the mock and its mappings hold anything? */
bool vma_owner_mock_is_idle(struct vma_owner_mock *m)
{
	unsigned int i;

	vo_wait_for_fput();
	if (vma_owner_mock_refs(m) ||
	    vo_n(m, extents) != vo_n(m, put_extents) ||
	    vo_n(m, map) != vo_n(m, unmap) ||
	    vo_n(m, begin_cpu) != vo_n(m, end_cpu))
		return false;
	for (i = 0; i < VOM_PAGES; i++)
		if (folio_maybe_dma_pinned(page_folio(m->pages[i])))
			return false;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(vma_owner_mock_is_idle);

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
static void *vo_failslab(struct kunit *test, const char *name)
{
	struct dentry *dir = debugfs_lookup("failslab", NULL);
	struct dentry *file = dir ? debugfs_lookup(name, dir) : NULL;
	void *data;

	KUNIT_ASSERT_NOT_NULL(test, file);
	data = d_inode(file)->i_private;
	dput(file);
	dput(dir);
	return data;
}

/*
 * Call @call again and again, with the first allocation failing, then the second,
 * until it has no more to fail. What @call got it lets go of; it tells 0 or an
 * errno. Returns how often it failed.
 */
unsigned int vma_owner_mock_fail_nth(struct kunit *test,
				     int (*call)(void *data), void *data)
{
	bool *ignore = vo_failslab(test, "ignore-gfp-wait");
	u32 *verbose = vo_failslab(test, "verbose");
	unsigned int nth = 0, failures = 0;
	bool failed;
	int ret;

	*ignore = false;
	*verbose = 0;
	do {
		current->fail_nth = ++nth;
		ret = call(data);
		failed = !current->fail_nth;
		current->fail_nth = 0;
		/* Debugging options allocate, too, and do without if need be */
		if (!failed || !ret)
			continue;
		failures++;
		KUNIT_EXPECT_EQ_MSG(test, ret, -ENOMEM, "allocation %u", nth);
	} while (failed && nth < 100);
	*ignore = true;
	*verbose = 2;
	KUNIT_EXPECT_EQ(test, ret, 0);
	return failures;
}
#else
unsigned int vma_owner_mock_fail_nth(struct kunit *test,
				     int (*call)(void *data), void *data)
{
	kunit_skip(test, "needs CONFIG_FAILSLAB");
}
#endif
EXPORT_SYMBOL_IF_KUNIT(vma_owner_mock_fail_nth);

MODULE_DESCRIPTION("Mock owner of VMAs' memory");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
