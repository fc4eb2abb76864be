// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for VMA owners: the exporter, and its dma-buf.
 */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/vmalloc.h>
#include <linux/wait_bit.h>
#include "vma_owner_kunit.h"

/* References that the core has now */
int vo_held(struct vo_obj *obj)
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

bool vo_obj_dies(struct vo_obj *obj)
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

void vo_put(void *data)
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

struct vma_owner_revoke *vo_revocable(void *data)
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

const struct vm_operations_struct vo_vm_ops_without_owner = {
	.open		= vo_open,
	.close		= vo_close,
	.fault		= vo_fault,
};

const struct vm_operations_struct vo_vm_ops_cached = {
	.open		= vo_open,
	.close		= vo_close,
	.fault		= vo_fault,
	.owner_ops	= &dma_buf_cached_vma_owner_ops,
};

const struct vm_operations_struct vo_vm_ops_generic = {
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
void vo_obj_unregister(struct vo_obj *obj)
{
	if (!obj->registered)
		return;
	obj->registered = false;
	vo_obj_put(obj);
}

void vo_obj_close(struct vo_obj *obj)
{
	if (obj->file)
		fput(obj->file);
	obj->file = NULL;
}

void vo_obj_free(struct vo_obj *obj)
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

static const struct vo_dma_ops vo_dma_api = {
	.map		= dma_map_sgtable,
	.unmap		= dma_unmap_sgtable,
	.for_cpu	= dma_sync_sgtable_for_cpu,
	.for_device	= dma_sync_sgtable_for_device,
};

/* A static buffer in RAM, lazily faulted, with extents and a kernel mapping */
struct vo_obj *vo_obj(struct vo *vo)
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
	obj->registered = true;
	refcount_set(&obj->users, 1);
	atomic_add(2, &vo->alive);
	return obj;
}

struct vo_obj *vo_obj_revocable(struct vo *vo)
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
	ret = obj->dma->map(attach->dev, sgt, dir, attrs);
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
	obj->dma->unmap(attach->dev, sgt, dir, attrs);
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
	if (obj->sgt_dev)
		obj->dma->for_cpu(obj->sgt_dev, obj->sgt, dir);
	return 0;
}

static int vo_buf_end(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct vo_obj *obj = dmabuf->priv;

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

struct dma_buf *vo_get_dmabuf(void *data)
{
	vo_count((struct vo_obj *)data, get_dmabuf);
	return vo_export(data, &vo_buf_ops);
}

struct dma_buf *vo_get_dmabuf_no_vmap(void *data)
{
	return vo_export(data, &vo_buf_ops_no_vmap);
}

enum vma_owner_sync vo_sync(void *data)
{
	return ((struct vo_obj *)data)->sync;
}

struct vo_obj *vo_obj_dmabuf(struct vo *vo)
{
	struct vo_obj *obj = vo_obj(vo);

	obj->ops.get_dmabuf = vo_get_dmabuf;
	obj->ops.sync = vo_sync;
	obj->sync = VMA_OWNER_SYNC_DMA;
	return obj;
}

/* The exporter moves the memory, or loses it if @map_err */
void vo_move(struct vo_obj *obj, int map_err)
{
	dma_resv_lock(obj->dmabuf->resv, NULL);
	obj->map_err = map_err;
	dma_buf_invalidate_mappings(obj->dmabuf);
	dma_resv_unlock(obj->dmabuf->resv);
}

/* A dma-buf whose mmap names the owner that all dma-bufs may share */
struct vo_obj *vo_obj_generic_size(struct vo *vo, size_t size)
{
	struct vo_obj *obj = vo_obj(vo);
	struct dma_buf *dmabuf = vo_export_size(obj, &vo_buf_ops, size);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(vo->test, dmabuf);
	obj->vm_ops = &vo_vm_ops_generic;
	return obj;
}

struct vo_obj *vo_obj_generic(struct vo *vo)
{
	return vo_obj_generic_size(vo, VO_SIZE);
}
