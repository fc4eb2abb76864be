// SPDX-License-Identifier: GPL-2.0
/*
 * The owner of memory that is mapped through a dma-buf.
 */
#include <linux/dma-buf.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/vma_owner.h>

#include "dma-buf-vma-owner.h"

/**
 * DOC: dma-buf as owner
 *
 * An exporter whose mmap leaves the dma-buf in &vm_area_struct.vm_file, and
 * shows page n of the buffer at &vm_area_struct.vm_pgoff n, names
 * dma_buf_vma_owner_ops. It is wrong where the exporter shifts
 * vm_pgoff, as GEM prime does, or puts another file into vm_file; such VMAs
 * need owner ops of their own.
 *
 * An exporter of memory that the CPU caches, which maps all of it by
 * dma_map_sgtable() without DMA_ATTR_SKIP_CPU_SYNC, names
 * dma_buf_cached_vma_owner_ops instead: devices that bounce or are not coherent can
 * then use it, see &enum vma_owner_sync.
 */

static void dma_buf_vma_owner_put(void *obj)
{
	dma_buf_put(obj);
}

static struct dma_buf *dma_buf_vma_owner_get_dmabuf(void *obj)
{
	struct dma_buf *dmabuf = obj;

	get_dma_buf(dmabuf);
	return dmabuf;
}

static enum vma_owner_sync dma_buf_vma_owner_cached(void *obj)
{
	return VMA_OWNER_SYNC_DMA;
}

static const struct vma_owner_obj_ops dma_buf_vma_owner_obj_ops = {
	.name		= "dma-buf",
	.put		= dma_buf_vma_owner_put,
	.get_dmabuf	= dma_buf_vma_owner_get_dmabuf,
};

static const struct vma_owner_obj_ops dma_buf_cached_vma_owner_obj_ops = {
	.name		= "dma-buf",
	.put		= dma_buf_vma_owner_put,
	.get_dmabuf	= dma_buf_vma_owner_get_dmabuf,
	.sync		= dma_buf_vma_owner_cached,
};

static int dma_buf_vma_owner_get(const struct vma_owner_query *q,
				 struct vma_owner_ref *ref,
				 const struct vma_owner_obj_ops *ops)
{
	struct dma_buf *dmabuf = dma_buf_of_file(q->file);

	if (!dmabuf)
		return -ENOENT;
	/* The VMA holds the file, and the file the exporter's module */
	get_dma_buf(dmabuf);
	*ref = (struct vma_owner_ref) {
		.ops	= ops,
		.obj	= dmabuf,
		.offset	= (u64)q->pgoff << PAGE_SHIFT,
		.size	= dmabuf->size,
	};
	return 0;
}

static int dma_buf_vma_owner_tryget(const struct vma_owner_query *q,
				    struct vma_owner_ref *ref)
{
	return dma_buf_vma_owner_get(q, ref, &dma_buf_vma_owner_obj_ops);
}

static int dma_buf_cached_vma_owner_tryget(const struct vma_owner_query *q,
					   struct vma_owner_ref *ref)
{
	return dma_buf_vma_owner_get(q, ref, &dma_buf_cached_vma_owner_obj_ops);
}

/* Owner of any mapping of a dma-buf that is linear in &vm_area_struct.vm_pgoff */
const struct vma_owner_ops dma_buf_vma_owner_ops = {
	.tryget = dma_buf_vma_owner_tryget,
};
EXPORT_SYMBOL_GPL(dma_buf_vma_owner_ops);

/* The same of cached memory, see DOC: dma-buf as owner */
const struct vma_owner_ops dma_buf_cached_vma_owner_ops = {
	.tryget = dma_buf_cached_vma_owner_tryget,
};
EXPORT_SYMBOL_GPL(dma_buf_cached_vma_owner_ops);

static const struct vm_operations_struct dma_buf_owned_vm_ops = {
	.owner_ops = &dma_buf_vma_owner_ops,
};

static const struct vm_operations_struct dma_buf_cached_vm_ops = {
	.owner_ops = &dma_buf_cached_vma_owner_ops,
};

/* An exporter with operations of its own would lose them here */
static void dma_buf_give_vma(struct vm_area_struct *vma,
			     const struct vm_operations_struct *ops)
{
	const struct vm_operations_struct *old = vma->vm_ops;

	if (!WARN_ON_ONCE(old && (old->open || old->close || old->fault)))
		vma->vm_ops = ops;
}

/**
 * dma_buf_own_vma() - name the dma-buf as owner of a VMA without operations
 * @vma: VMA that an exporter's mmap is about to fill, linear in its vm_pgoff
 *
 * For exporters that map all pages at once and so have no
 * &vm_operations_struct of their own; others set
 * &vm_operations_struct.owner_ops to dma_buf_vma_owner_ops.
 *
 * Context: &dma_buf_ops.mmap.
 */
void dma_buf_own_vma(struct vm_area_struct *vma)
{
	dma_buf_give_vma(vma, &dma_buf_owned_vm_ops);
}
EXPORT_SYMBOL_GPL(dma_buf_own_vma);

/**
 * dma_buf_own_cached_vma() - the same, of memory that the CPU caches
 * @vma: as for dma_buf_own_vma()
 *
 * As dma_buf_own_vma(), with dma_buf_cached_vma_owner_ops.
 *
 * Context: &dma_buf_ops.mmap.
 */
void dma_buf_own_cached_vma(struct vm_area_struct *vma)
{
	dma_buf_give_vma(vma, &dma_buf_cached_vm_ops);
}
EXPORT_SYMBOL_GPL(dma_buf_own_cached_vma);
